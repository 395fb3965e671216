//! Payments: what a Stripe webhook says, and what it does to a plan and to credits.
//!
//! [`signature`] verifies that a body comes from Stripe, [`Event::parse`] parses it, and [`Billing::apply`] computes
//! its effect. The table in `docs/payments.md` lists the rules.
//!
//! Invariants, which the tests hold:
//! - the outcome of a set of events is the same for every order and repetition of them;
//! - the movements add up to the change of the balance, and no balance is below zero;
//! - what is booked is booked once for its cause.

mod active_plan;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod cases_of_status;
pub mod event;
mod fields;
pub mod imported;
#[cfg(test)]
mod life;
pub mod lines;
mod payload;
#[cfg(test)]
mod properties;
pub mod rules;
pub mod signature;
pub mod subscription;

pub use event::{Claims, Event, EventError, EventKind, Payer};
pub use lines::{Line, LinePage};
pub use rules::{EventEffect, Prices, REFRESH_CREDITS};
pub use signature::{SignatureError, SigningSecret};
pub use subscription::Billing;
