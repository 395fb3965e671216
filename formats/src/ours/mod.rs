//! The product's own form of a question: the columns of a row of a catalogue file.

mod expand;
mod read;
mod write;

#[cfg(feature = "write")]
pub(crate) use expand::parts_with_options;
pub use read::{bank, question};
pub use write::{Row, row};
#[cfg(feature = "write")]
pub(crate) use write::{letter, media_type, shown};

#[cfg(test)]
mod tests;
