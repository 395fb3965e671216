//! The table's definition, for databases outside of AWS. In AWS, `template.yaml` creates the table; a test checks that
//! both agree.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};

use super::backoff::{Patience, Refusal, Tries};
use super::error::StoreError;
use crate::store::Store;
use crate::store::keys::{EXPIRES_AT, PK, SK};

impl Store {
    /// Whether the table exists.
    pub async fn has_table(&self) -> Result<bool, StoreError> {
        match self.client.describe_table().table_name(&self.table).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::call("DescribeTable", &error)),
        }
    }

    /// Creates the table if it does not exist. Returns whether it was created. Enables TTL on every call until it is
    /// enabled.
    pub async fn create_table(&self) -> Result<bool, StoreError> {
        let mut request = self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [(PK, KeyType::Hash), (SK, KeyType::Range)] {
            let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            request = request.attribute_definitions(definition.build()?);
            request = request.key_schema(key.build()?);
        }
        let is_new = match request.send().await {
            Ok(_) => true,
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => false,
            Err(error) => return Err(StoreError::call("CreateTable", &error)),
        };
        if is_new {
            self.await_active().await?;
        }
        // Every read ignores expired items, so the table also works without TTL.
        if let Err(error) = self.let_items_expire().await {
            tracing::warn!(%error, "cannot enable TTL on the table; the next start tries again");
        }
        Ok(is_new)
    }

    /// Waits until the table is active.
    async fn await_active(&self) -> Result<(), StoreError> {
        let mut tries = Tries::new(Patience::Import);
        loop {
            let request = self.client.describe_table().table_name(&self.table);
            let table = request.send().await.map_err(|error| StoreError::call("DescribeTable", &error))?.table;
            if table.is_none_or(|table| table.table_status() != Some(&TableStatus::Creating)) {
                return Ok(());
            }
            if !tries.wait(Refusal::Throttled).await {
                return Err(StoreError::Contention { attempts: tries.refused() });
            }
        }
    }

    async fn let_items_expire(&self) -> Result<(), StoreError> {
        if self.do_items_expire().await? {
            return Ok(());
        }
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES_AT).build()?;
        let request = self.client.update_time_to_live().table_name(&self.table).time_to_live_specification(ttl);
        let Err(error) = request.send().await else { return Ok(()) };
        // A concurrent process may have enabled it; DynamoDB then refuses the second request.
        if self.do_items_expire().await? { Ok(()) } else { Err(StoreError::call("UpdateTimeToLive", &error)) }
    }

    /// Whether TTL is enabled on the table.
    pub async fn do_items_expire(&self) -> Result<bool, StoreError> {
        let request = self.client.describe_time_to_live().table_name(&self.table);
        let answer = request.send().await.map_err(|error| StoreError::call("DescribeTimeToLive", &error))?;
        Ok(answer.time_to_live_description.is_some_and(|ttl| {
            let is_on =
                matches!(ttl.time_to_live_status(), Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
            is_on && ttl.attribute_name() == Some(EXPIRES_AT)
        }))
    }
}
