//! The library that all eleven functions share: pure rules (`domain`), storage (`store`), Stripe calls (`stripe`), mail
//! by SES (`ses`), HTTP (`http`), the outbound HTTP client (`outbound`) and configuration. `domain` depends on none of the others; `store`
//! and `stripe` depend only on `domain` and `outbound`.

pub mod app;
pub mod config;
pub mod domain;
pub mod http;
mod outbound;
pub mod request_metrics;
pub mod ses;
pub mod store;
pub mod stripe;
