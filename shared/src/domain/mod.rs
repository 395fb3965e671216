//! Pure rules: no I/O, no async, no AWS, no axum. Time and randomness are arguments.

pub mod account;
pub mod analysis;
pub mod attempt;
pub mod catalog;
pub mod catalog_check;
pub mod catalog_draft;
pub mod credits;
pub mod derive;
pub mod featured;
pub mod forecast;
pub mod id;
pub mod idempotency;
pub mod ledger;
pub mod line_breaks;
pub mod marking;
pub mod password;
pub mod practice;
pub mod preview;
pub mod profile;
pub mod progress;
pub mod question_view;
pub mod random;
pub mod session;
pub mod time;
pub mod token;
pub mod topic_insight;
