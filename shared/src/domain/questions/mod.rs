//! Questions for students: which ones are selected, and how much of each is shown.

pub mod figure_address;
pub mod preview;
pub mod rendered;
pub mod report;
pub mod seen;
pub mod selection;
pub mod view;
