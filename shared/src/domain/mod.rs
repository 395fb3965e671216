//! Pure rules: no I/O, no async, no AWS, no axum. Time and randomness are arguments.

pub mod account;
pub mod analysis;
pub mod answer;
pub mod catalog;
pub mod credits;
pub mod forecast;
pub mod id;
pub mod idempotency;
pub mod items;
pub mod limits;
pub mod mail;
pub mod mastery;
pub mod midterm;
pub mod number;
pub mod payments;
pub mod questions;
pub mod random;
pub mod review;
pub mod schema;
pub mod settings;
pub mod study;
pub mod text;
pub mod time;
pub mod vouchers;
