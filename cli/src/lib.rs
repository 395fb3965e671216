//! The operators' and developers' tool, and what tests use of it: the embedded database, all routers on one port, the
//! importers, the check of the ledger.

pub mod analyze;
pub mod backtest;
pub mod bench;
pub mod calibrate;
pub mod database;
pub mod db;
mod delimited;
pub mod docs;
pub mod embedded;
pub mod evaluate;
pub mod import;
pub mod openapi;
pub mod router;
pub mod samples;
pub mod serve;
pub mod user;
pub mod verify;
