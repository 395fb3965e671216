//! The table's definition, for databases that we make ourselves; in AWS `template.yaml` makes it, and a test holds the
//! two together.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TimeToLiveSpecification,
};

use super::error::StoreError;
use crate::store::Store;
use crate::store::keys::{EXPIRES_AT, PK, SK};

impl Store {
    /// Whether the table is there. Creates nothing.
    pub async fn has_table(&self) -> Result<bool, StoreError> {
        match self.client.describe_table().table_name(&self.table).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::call("DescribeTable", &error)),
        }
    }

    /// Makes the table unless it is there; whether it was made.
    pub async fn create_table(&self) -> Result<bool, StoreError> {
        let built = |error| StoreError::corrupt("Table", error);
        let mut request = self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [(PK, KeyType::Hash), (SK, KeyType::Range)] {
            let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind);
            request = request.attribute_definitions(definition.build().map_err(built)?);
            request = request.key_schema(key.build().map_err(built)?);
        }
        match request.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {
                return Ok(false);
            }
            Err(error) => return Err(StoreError::call("CreateTable", &error)),
        }
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES_AT).build().map_err(built)?;
        let request = self.client.update_time_to_live().table_name(&self.table).time_to_live_specification(ttl);
        request.send().await.map_err(|error| StoreError::call("UpdateTimeToLive", &error))?;
        Ok(true)
    }
}
