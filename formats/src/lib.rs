//! Reads and writes the formats in which teachers keep questions. No I/O: a reader gets the bytes of a file, and a writer
//! returns bytes.
//!
//! Each format is a module with a function `read` that returns a [`Bank`]. A reader never panics and never ends early: what
//! it cannot take is listed in [`Bank::refused`], with its place and the reason, and stops nothing else.
//!
//! The readers are the feature `read`, the writers are the feature `write`. Both are on by default.

#[cfg(feature = "read")]
mod accepted_forms;
#[cfg(feature = "read")]
pub mod aiken;
#[cfg(feature = "read")]
pub mod anki;
#[cfg(feature = "read")]
pub mod catalogue;
#[cfg(feature = "read")]
mod cloze;
#[cfg(feature = "read")]
pub mod csv;
mod decimal;
#[cfg(feature = "read")]
mod decode;
#[cfg(feature = "read")]
mod detect;
#[cfg(feature = "read")]
pub mod exam_tex;
#[cfg(feature = "read")]
mod exam_title;
mod extension;
#[cfg(feature = "read")]
mod formulas;
#[cfg(feature = "read")]
pub mod gift;
#[cfg(feature = "read")]
pub mod h5p;
#[cfg_attr(not(feature = "read"), allow(dead_code, reason = "the writers need only its arithmetic"))]
mod labels;
#[cfg(feature = "read")]
mod markup;
#[cfg(feature = "read")]
mod mathml;
mod model;
#[cfg(feature = "read")]
pub mod moodle_xml;
#[cfg(feature = "read")]
pub mod olx;
#[cfg(feature = "read")]
mod omml;
pub mod ours;
#[cfg(feature = "read")]
pub mod package;
#[cfg(feature = "read")]
pub mod qti;
#[cfg(feature = "read")]
pub mod qti12;
#[cfg(feature = "read")]
mod reading;
#[cfg(feature = "read")]
mod rich;
#[cfg(feature = "read")]
mod scoring;
#[cfg(feature = "read")]
mod table;
#[cfg(feature = "read")]
mod tags;
#[cfg(feature = "read")]
pub mod text;
#[cfg(feature = "write")]
pub mod write;
#[cfg(feature = "read")]
pub mod xlsx;
#[cfg(feature = "read")]
mod xml;

pub use decimal::Decimal;
#[cfg(feature = "read")]
pub use decode::{Decoded, TEXT_BYTES_MAX, decode};
#[cfg(feature = "read")]
pub use detect::{Format, Read, detect, read, read_folder};
#[cfg(feature = "read")]
pub use exam_title::{exam_of_title, without_count};
pub use model::{
    Accepted, Answer, Bank, Bound, Choice, Exam, Figure, Form, FormatError, Part, Place, Question, Remark, Tolerance,
};
