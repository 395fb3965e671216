//! Storage in the single DynamoDB table. Code outside of this module uses neither the AWS SDK nor the table's keys.
//!
//! Latency is measured in sequential round trips: a function that needs several items reads them concurrently.

mod accounts;
mod adjustments;
mod analyses;
mod attempts;
mod bank;
mod cache;
mod catalog;
mod closing;
mod content;
mod copy;
mod corrections;
mod drawn;
mod dynamodb;
mod emails;
mod entities;
mod export;
mod factors;
mod figures;
mod held_grants;
mod idempotency;
mod import;
mod import_base;
mod import_error;
mod import_record;
mod import_undo;
mod imported_accounts;
mod imported_studies;
mod item_reports;
pub mod keys;
mod ledger;
mod limits;
mod link_tokens;
mod mail;
mod maintenance;
mod midterms;
mod notices;
mod page;
mod parts;
mod passwords;
mod payments;
mod progress;
mod questions;
mod reports;
mod sessions;
mod sittings;
mod size;
mod studies;
mod vouchers;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use self::dynamodb::backoff::Patience;
use crate::config::Database;
use crate::domain::settings::CreditTerms;

pub use accounts::{Credential, NewAccount, OpenAccountError};
pub use adjustments::{AdjustError, Adjusted, OperatorChange};
pub use attempts::{AttemptError, Recorded};
pub use content::ContentError;
pub use copy::{CopyMarker, CopyPlace, CopyRule, RawItem, RawPage, Tally};
pub(crate) use dynamodb::client::{sdk_credentials, sdk_http_client};
pub use dynamodb::connector::{Transport, TransportError};
pub use dynamodb::error::{Answerer, StoreError, trouble_of_file};
pub use emails::{AddressRequest, EmailChange};
pub use export::{ItemPage, StoredItem};
pub use factors::{Answered, Challenged};
pub use held_grants::Hold;
pub use import::{CatalogWrite, WriteCounts, WriteReport};
pub use import_base::CatalogBase;
pub use import_error::ImportError;
pub use import_record::{FORMER_ITEMS_MAX, ImportRecord};
pub use import_undo::{UndoError, Undone};
pub use imported_accounts::ImportedAccount;
pub use imported_studies::{ImportedStudies, StudiesWritten};
pub use ledger::{Entitlement, Receipt, Spend, SpendError};
pub use link_tokens::{LinkTokenState, Reset, StoredLinkToken};
pub use mail::{NewLinkToken, StoredMail};
pub use maintenance::{NextPage, ProfilePage};
pub use midterms::MidtermSummary;
pub use page::Page;
pub use passwords::PasswordChange;
pub use payments::Settled;
pub use questions::{FoundQuestion, HeldQuestion};
pub use reports::OpenReport;
pub use sessions::{Closed, SignedIn};
pub use sittings::SittingError;
pub use studies::Asked;
pub use vouchers::RedeemError;

/// The DynamoDB client and the in-memory cache of the catalogue.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: String,
    cache: Arc<cache::Cache>,
    patience: Patience,
    terms: CreditTerms,
}

impl Store {
    /// Pauses before a request is decided again because a concurrent one won.
    pub async fn pause(&self, attempt: u32) {
        dynamodb::backoff::pause(attempt).await;
    }

    /// Creates the client. The first call opens the connection.
    #[must_use]
    pub fn connect(database: &Database) -> Self {
        Self::with_client(dynamodb::client::client(database), database.table_name.clone())
    }

    /// Creates a client that sends its requests through `transport`. It uses the table name, the region and the
    /// credentials of `database`.
    #[must_use]
    pub fn through(database: &Database, transport: Arc<dyn Transport>) -> Self {
        Self::with_client(dynamodb::client::client_through(database, transport), database.table_name.clone())
    }

    /// Uses an existing client.
    #[must_use]
    pub fn with_client(client: Client, table: String) -> Self {
        Self { client, table, cache: Arc::default(), patience: Patience::Request, terms: CreditTerms::DEFAULT }
    }

    /// The same store under these terms: they decide what a month of a plan brings.
    #[must_use]
    pub fn under(self, terms: CreditTerms) -> Self {
        Self { terms, ..self }
    }

    /// A store for imports, where no client waits: it limits its write rate and retries for minutes where a request
    /// gives up.
    fn patient(&self) -> Self {
        Self { patience: Patience::Import, ..self.clone() }
    }
}
