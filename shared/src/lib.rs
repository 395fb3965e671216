//! The one library of the nine functions: pure rules (`domain`), storage (`store`), calls of Stripe (`stripe`), HTTP
//! manners (`http`), the HTTP client of what is called (`outbound`) and configuration. `domain` knows none of the others;
//! `store` and `stripe` know `domain` and `outbound` alone.

pub mod app;
pub mod config;
pub mod domain;
pub mod http;
mod outbound;
pub mod request_metrics;
pub mod store;
pub mod stripe;
