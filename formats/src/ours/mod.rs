//! The product's own form of a question: the columns of a row of a catalogue file.

mod read;
mod write;

pub use read::question;
pub use write::{Row, row};
#[cfg(feature = "write")]
pub(crate) use write::{letter, media_type, shown};

#[cfg(test)]
mod tests;
