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
mod doors;
pub mod embedded;
mod engine;
pub mod evaluate;
pub mod export;
mod folder;
pub mod import;
pub mod listen;
pub mod mail;
pub mod mailboxes;
pub mod openapi;
pub mod output;
mod progress;
pub mod render;
pub mod report;
pub mod router;
pub mod samples;
pub mod serve;
mod signals;
pub mod signature;
mod socket;
pub mod stored_course;
pub mod template;
pub mod trusted_proxy;
pub mod user;
pub mod verify;
pub mod web;
