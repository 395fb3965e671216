//! Access to DynamoDB: the SDK's client and its connections, items, batches and transactions. This folder knows keys
//! but no entities; those are in the files beside it.

pub(in crate::store) mod backoff;
pub(in crate::store) mod batch;
pub(in crate::store) mod client;
pub(in crate::store) mod connector;
pub(in crate::store) mod error;
pub(in crate::store) mod item;
pub(in crate::store) mod json;
pub(in crate::store) mod packed;
pub(in crate::store) mod plain;
mod table;
pub(in crate::store) mod transact;
