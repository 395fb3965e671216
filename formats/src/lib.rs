//! Reads and writes the formats in which teachers keep questions. No I/O: a reader gets the bytes of a file, and a writer
//! returns bytes.
//!
//! Each format is a module with a function `read` that returns a [`Bank`]. A reader never panics and never ends early: what
//! it cannot take is listed in [`Bank::refused`], with its place and the reason, and stops nothing else.

pub mod aiken;
mod answers;
mod cloze;
mod decimal;
mod decode;
pub mod exam_tex;
mod formulas;
pub mod gift;
mod markup;
mod mathml;
mod model;
mod reading;
mod tags;
pub mod text;

pub use decimal::Decimal;
pub use decode::{Decoded, TEXT_BYTES_MAX, decode};
pub use model::{
    Accepted, Answer, Bank, Bound, Choice, Exam, Figure, Form, FormatError, Part, Place, Question, Remark, Tolerance,
};
