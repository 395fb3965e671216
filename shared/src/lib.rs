//! The one library of the nine functions: pure rules (`domain`), storage (`store`), calls of Stripe (`stripe`), HTTP
//! manners (`http`) and configuration. `domain` knows none of the others; `store` and `stripe` know `domain` alone.

pub mod app;
pub mod config;
pub mod domain;
pub mod http;
pub mod kdf;
pub mod store;
pub mod stripe;
pub mod tally;
