//! Query strings, validated as strictly as bodies. A parameter with an empty value counts as absent, because HTML forms
//! send empty fields.

use std::collections::HashSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::body::{Body, invalid_field};
use super::json::shown_name;
use super::problem::{Code, Problem};

/// A parsed query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: Body> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or("")).map(Self)
    }
}

fn parse<T: Body>(query: &str) -> Result<T, Problem> {
    let mut given = form_urlencoded::Serializer::new(String::new());
    let mut names = HashSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.trim().is_empty()) {
        if !names.insert(name.clone()) {
            return Err(Problem::invalid_field(&shown_name(&name), "must be given once"));
        }
        given.append_pair(&name, &value);
    }
    if let Some(missing) = T::REQUIRED.iter().find(|field| !names.contains(**field)) {
        let problem = Problem::new(Code::MissingField, format!("`{missing}` is required."));
        return Err(problem.with_error(T::MISSING).with_member("field", *missing));
    }
    let given = given.finish();
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(given.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| invalid_field(&error))
}
