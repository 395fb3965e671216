//! Writes a bank of questions in the formats that other programs read.
//!
//! A writer never fails. What its format cannot say is listed in [`Written::lost`].

mod csv;
mod exam_tex;
mod gift;
mod html;
mod listing;
mod lost;
mod moodle_xml;
mod qti3;
mod tex_signs;

pub use csv::csv;
pub use exam_tex::exam_tex;
pub use gift::gift;
pub use moodle_xml::moodle_xml;
pub use qti3::qti3;

use crate::Remark;

/// A file in another format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub bytes: Vec<u8>,
    /// What the format cannot say: one remark for each question and kind, in plain words.
    pub lost: Vec<Remark>,
}
