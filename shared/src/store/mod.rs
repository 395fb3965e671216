//! The one table. Nothing outside this module names the AWS SDK or a key.
//!
//! The cost model is sequential round trips: a function that needs several items asks for them at once.

mod accounts;
mod adjustments;
mod analyses;
mod attempts;
mod bank;
mod cache;
mod catalog;
mod closing;
mod dynamodb;
mod entities;
mod export;
mod idempotency;
mod import;
mod imported_studies;
pub mod keys;
mod ledger;
mod limits;
mod maintenance;
mod midterms;
mod parts;
mod passwords;
mod payments;
mod progress;
mod questions;
mod sessions;
mod size;
mod studies;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use self::dynamodb::backoff::Patience;
use crate::config::Database;

pub use accounts::{Credential, NewAccount, OpenAccountError};
pub use adjustments::{AdjustError, Adjusted, OperatorChange};
pub use attempts::{AttemptError, Recorded};
pub use dynamodb::connector::{Transport, TransportError};
pub use dynamodb::error::{Answerer, StoreError, trouble_of_file};
pub use export::{ItemPage, StoredItem};
pub use import::{ImportedAccount, WriteCounts, WriteReport};
pub use imported_studies::{ImportedStudies, StudiesWritten};
pub use ledger::{Entitlement, EntryPage, Purchase, Receipt, SpendError};
pub use maintenance::{NextPage, ProfilePage};
pub use midterms::{MidtermPage, MidtermSummary};
pub use passwords::PasswordChange;
pub use payments::Settled;
pub use sessions::{Closed, SignedIn};
pub use studies::Asked;

/// The table, its client and what is kept in memory of the catalogue.
pub struct Store {
    client: Client,
    table: String,
    cache: Arc<cache::Cache>,
    patience: Patience,
}

impl Store {
    /// Builds the client; the first connection is made by the first call.
    #[must_use]
    pub fn connect(database: &Database) -> Self {
        Self::with_client(dynamodb::client::client(database), database.table_name.clone())
    }

    /// Builds a client that calls by `transport`; of `database` it uses the table's name, the region and the keys.
    #[must_use]
    pub fn through(database: &Database, transport: Arc<dyn Transport>) -> Self {
        Self::with_client(dynamodb::client::client_through(database, transport), database.table_name.clone())
    }

    /// Uses a client that the caller built.
    #[must_use]
    pub fn with_client(client: Client, table: String) -> Self {
        Self { client, table, cache: Arc::default(), patience: Patience::Request }
    }

    /// The same store, for what nobody waits for: it paces itself and goes on for minutes where a request gives up.
    fn patient(&self) -> Self {
        let Self { client, table, cache, .. } = self;
        Self { client: client.clone(), table: table.clone(), cache: Arc::clone(cache), patience: Patience::Import }
    }
}
