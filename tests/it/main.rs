//! End-to-end tests, one module for each group of routes.

#![expect(clippy::unwrap_used, reason = "a test ends where it goes wrong")]

mod account;
mod analysis;
mod architecture;
mod assessment;
mod attempts;
mod auth;
mod authorization;
mod bad_input;
mod budget;
mod catalog_mistakes;
mod contract;
mod courses;
mod credits;
mod events;
mod faults;
mod figures;
mod idempotency;
mod identity;
mod import;
mod import_studies;
mod imported_plans;
mod large;
mod ledger_model;
mod limits;
mod logs;
mod manners;
mod midterm;
mod openapi;
mod operator;
mod parts;
mod permissions;
mod practice;
mod purchases;
mod questions;
mod races;
mod round_trips;
mod routes;
mod rust_source;
mod secrets;
mod security;
mod topics;
mod webhooks;
mod withheld;
