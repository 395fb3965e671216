//! A recorded call: its name, its keys and the IAM permissions that it needs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use serde_json::{Value, json};

/// Longer text without a space is an id, a hash or a token.
const WORD_MAX: usize = 30;

/// An SDK call with all its attempts.
#[derive(Debug, Clone)]
pub struct Call {
    /// Operation and keys.
    pub name: String,
    pub operation: String,
    /// Arrival of the first attempt.
    pub started: Instant,
    /// Time of the last response.
    pub ended: Instant,
    /// Number of attempts.
    pub tries: usize,
    /// Consumed read units.
    pub read_units: f64,
    /// Consumed write units.
    pub write_units: f64,
    pub(super) invocation: String,
}

impl Call {
    /// Whether the operation only reads.
    #[must_use]
    pub fn is_read(&self) -> bool {
        is_read(&self.operation)
    }
}

/// A DynamoDB IAM action without the prefix `dynamodb:`, and a pattern of partition keys, such as `USER#*`.
pub type Permission = (String, String);

/// Length of the longest chain of calls in which each started after the previous one had ended.
#[must_use]
pub fn sequential_round_trips(calls: &[Call]) -> usize {
    let mut calls: Vec<&Call> = calls.iter().collect();
    calls.sort_by_key(|call| call.ended);
    let mut last: Option<Instant> = None;
    let mut chain = 0;
    for call in calls {
        if last.is_none_or(|last| call.started >= last) {
            chain += 1;
            last = Some(call.ended);
        }
    }
    chain
}

/// Masks ids, hashes, tokens and addresses in a text, so that it is the same in every run.
#[must_use]
pub fn mask(text: &str) -> String {
    // The number of an outbox partition depends on the user.
    if text.starts_with("MAIL#") {
        return "MAIL#*".to_owned();
    }
    let is_address = |part: &str| part.parse::<IpAddr>().is_ok();
    let is_name =
        |part: &&str| !part.contains('@') && !is_address(part) && (part.len() <= WORD_MAX || part.contains(' '));
    let parts: Vec<_> = text.split('#').map(|part| if is_name(&part) { part } else { "*" }).collect();
    parts.join("#")
}

pub(super) fn is_read(operation: &str) -> bool {
    matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems")
}

/// Whether the operation writes one item outside of a transaction.
pub(super) fn is_plain_write(operation: &str) -> bool {
    matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem")
}

/// The IAM permissions that a request needs. A transaction needs those of its actions.
pub(super) fn permissions(operation: &str, body: &Value) -> Vec<Permission> {
    let of = |action: &str, value: &Value| {
        let mut keys = BTreeSet::new();
        collect_keys(value, &mut keys);
        let partition = |key: &String| {
            let pk = key.split(' ').next().unwrap_or_default();
            pk.split_once('#').map_or_else(|| pk.to_owned(), |(kind, _)| format!("{kind}#*"))
        };
        keys.iter().map(|key| (action.to_owned(), partition(key))).collect::<Vec<_>>()
    };
    match operation {
        "Query" => {
            let pk = body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
            of("Query", &json!({"pk": {"S": pk}, "sk": {"S": ""}}))
        }
        "TransactWriteItems" => {
            let actions = body["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let name = |kind: &str| match kind {
                "ConditionCheck" => "ConditionCheckItem".to_owned(),
                kind => format!("{kind}Item"),
            };
            actions.flat_map(|(kind, action)| of(&name(kind), action)).collect()
        }
        operation => of(operation, body),
    }
}

/// The keys in a request, masked and sorted; for a query, the values of its condition.
pub(super) fn touched(operation: &str, body: &Value) -> String {
    let mut keys = BTreeSet::new();
    if operation == "Query" {
        let values = body["ExpressionAttributeValues"].as_object();
        let values = values.into_iter().flatten().filter_map(|(_, value)| value["S"].as_str()).map(mask);
        let words: Vec<String> = body["IndexName"].as_str().map(str::to_owned).into_iter().chain(values).collect();
        keys.insert(words.join(" "));
    } else {
        collect_keys(body, &mut keys);
    }
    keys.into_iter().collect::<Vec<_>>().join(", ")
}

fn collect_keys(value: &Value, found: &mut BTreeSet<String>) {
    if let (Some(pk), Some(sk)) = (value["pk"]["S"].as_str(), value["sk"]["S"].as_str()) {
        found.insert(format!("{} {}", mask(pk), mask(sk)));
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_keys(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect_keys(value, found)),
        _ => {}
    }
}
