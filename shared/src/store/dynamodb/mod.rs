//! How the table is spoken to: the SDK's client and its connections, items, batches and transactions. It knows keys and
//! no entity: those are in the files beside this folder.

pub(in crate::store) mod batch;
pub(in crate::store) mod client;
pub(in crate::store) mod connector;
pub(in crate::store) mod error;
pub(in crate::store) mod item;
pub(in crate::store) mod packed;
mod table;
pub(in crate::store) mod transact;
