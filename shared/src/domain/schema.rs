//! OpenAPI schemas of types that accept only some JSON values: the bounds that parsing checks.

use utoipa::openapi::schema::{ObjectBuilder, Type};

/// Implements the OpenAPI schema of a type, under its own name or under another one.
#[macro_export]
macro_rules! has_schema {
    ($type:ident, $schema:expr) => {
        $crate::has_schema!($type as $type, $schema);
    };
    ($type:ident as $name:ident, $schema:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.into()
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}

pub use crate::has_schema;

/// A text with bounds on its length in characters.
#[must_use]
pub fn text(chars_min: usize, chars_max: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(chars_max));
    if chars_min > 0 { text.min_length(Some(chars_min)) } else { text }
}

/// A whole number within bounds.
#[must_use]
pub fn whole(min: u64, max: u64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max))
}
