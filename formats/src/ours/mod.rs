//! The product's own form of a question: the columns of a row of a catalogue file.

mod read;
mod write;

pub use read::question;
pub use write::{Row, row};

#[cfg(test)]
mod tests;
