//! The library that all nine functions share: pure rules (`domain`), storage (`store`), Stripe calls (`stripe`), HTTP
//! (`http`), the outbound HTTP client (`outbound`) and configuration. `domain` depends on none of the others; `store`
//! and `stripe` depend only on `domain` and `outbound`.

pub mod app;
pub mod config;
pub mod domain;
pub mod http;
mod outbound;
pub mod request_metrics;
pub mod store;
pub mod stripe;
