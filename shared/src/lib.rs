//! The one library of the nine functions: pure rules (`domain`), storage (`store`), HTTP manners (`http`) and
//! configuration. `domain` knows neither of the others; `store` does not know `http`.

pub mod app;
pub mod config;
pub mod domain;
pub mod http;
pub mod store;
pub mod tally;
