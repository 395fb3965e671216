//! Questions as students get them: which are chosen, and what is shown of each.

pub mod preview;
pub mod selection;
pub mod view;
