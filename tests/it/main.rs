//! End-to-end tests, one module for each group of routes.

#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod auth;
