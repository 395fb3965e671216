//! The table's definition, for databases that we make ourselves; in AWS `template.yaml` makes it, and a test holds the
//! two together.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

use super::Store;
use super::error::StoreError;
use super::keys::{EXPIRES_AT, GSI1, GSI1_PK, GSI1_SK, PK, SK};

/// What the index holds of a question besides its keys: what browsing and selection need, not its text or solution.
pub const INDEX_ATTRIBUTES: [&str; 20] = [
    "entity",
    "id",
    "exam_id",
    "topic_id",
    "topic_name",
    "course_id",
    "pattern_id",
    "techniques",
    "difficulty",
    "difficulty_reason",
    "frequency_score",
    "estimated_time",
    "source_exam_year",
    "source_exam_type",
    "source_question_number",
    "source_points",
    "is_generated",
    "created_at",
    "preview",
    "option_letters",
];

impl Store {
    /// Makes the table unless it is there; whether it was made.
    pub async fn create_table(&self) -> Result<bool, StoreError> {
        let built = |error| StoreError::corrupt("Table", error);
        let mut request =
            self.client.create_table().table_name(&self.table).billing_mode(BillingMode::PayPerRequest).set_key_schema(
                Some(vec![key(PK, KeyType::Hash).map_err(built)?, key(SK, KeyType::Range).map_err(built)?]),
            );
        for name in [PK, SK, GSI1_PK, GSI1_SK] {
            let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            request = request.attribute_definitions(definition.build().map_err(built)?);
        }
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(INDEX_ATTRIBUTES.map(str::to_owned).to_vec()))
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(GSI1)
            .key_schema(key(GSI1_PK, KeyType::Hash).map_err(built)?)
            .key_schema(key(GSI1_SK, KeyType::Range).map_err(built)?)
            .projection(projection)
            .build()
            .map_err(built)?;
        match request.global_secondary_indexes(index).send().await {
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

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, aws_sdk_dynamodb::error::BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}
