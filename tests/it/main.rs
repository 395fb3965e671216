//! End-to-end tests, one module for each group of routes.

#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod architecture;
mod attempts;
mod auth;
mod authorization;
mod bad_input;
mod contract;
mod courses;
mod credits;
mod events;
mod idempotency;
mod import;
mod practice;
mod questions;
mod routes;
mod topics;
