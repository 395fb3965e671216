//! Whether a client of an older contract still works with a newer one. The rules are in the table of `tests/it/compatibility.rs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Where a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// The client sends it: the server must accept what it accepted.
    Request,
    /// The client reads it: it must find what it found, and nothing that it cannot read.
    Response,
}

/// A schema with its references and its `allOf` resolved.
#[derive(Default)]
struct Shape {
    types: BTreeSet<String>,
    is_nullable: bool,
    values: Option<BTreeSet<String>>,
    members: BTreeMap<String, Value>,
    required: BTreeSet<String>,
    is_closed: bool,
    items: Option<Value>,
    /// `maximum`, `pattern` and so on.
    bounds: BTreeMap<String, Value>,
    choices: Vec<Value>,
}

/// Bounds that a request must not tighten: those where more is looser, and those where less is.
const LOOSER_ABOVE: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
const LOOSER_BELOW: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    seen: BTreeSet<(Side, String, String)>,
    broken: Vec<String>,
}

/// What of `new` breaks a client that was made for `old`; empty if nothing does.
#[must_use]
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut comparison = Comparison { old, new, seen: BTreeSet::new(), broken: Vec::new() };
    comparison.operations();
    comparison.names();
    comparison.broken
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap_or(&Value::Null),
        None => value,
    }
}

impl Comparison<'_> {
    fn say(&mut self, place: &str, what: &str) {
        self.broken.push(format!("{place}: {what}"));
    }

    /// Generated code uses the names of schemas.
    fn names(&mut self) {
        for (name, _) in members(&self.old["components"]["schemas"]) {
            if self.new["components"]["schemas"].get(name).is_none() {
                self.broken.push(format!("schema {name}: its name is gone"));
            }
        }
    }

    fn operations(&mut self) {
        let (old, new) = (self.old, self.new);
        for (path, item) in members(&old["paths"]) {
            for (method, operation) in members(item) {
                let place = format!("{} {path}", method.to_uppercase());
                match new["paths"][path].get(method) {
                    None => self.say(&place, "the operation is gone"),
                    Some(now) => self.operation(&place, operation, now),
                }
            }
        }
    }

    fn operation(&mut self, place: &str, old: &Value, new: &Value) {
        if old["operationId"] != new["operationId"] {
            self.say(place, "its operationId changed");
        }
        if old["security"] == json!([]) && new["security"] != json!([]) {
            self.say(place, "it needs a session now");
        }
        self.parameters(place, old, new);
        let body = |operation: &Value| operation["requestBody"].clone();
        let (old_body, new_body) = (body(old), body(new));
        if new_body["required"] == true && old_body["required"] != true {
            self.say(place, "a body is required now");
        }
        self.content(&format!("{place} body"), Side::Request, &old_body, &new_body);
        for (status, response) in members(&old["responses"]) {
            let now = &new["responses"][status];
            let place = format!("{place} {status}");
            if now.is_null() {
                // Fewer errors break nobody.
                if status.starts_with('2') {
                    self.say(&place, "the response is gone");
                }
                continue;
            }
            let response = resolved(self.old, response).clone();
            let now = resolved(self.new, now).clone();
            self.content(&place, Side::Response, &response, &now);
            for (name, header) in members(&response["headers"]) {
                let is_promised = |document: &Value, header: &Value| resolved(document, header)["required"] == true;
                if is_promised(self.old, header) && !is_promised(self.new, &now["headers"][name]) {
                    self.say(&place, &format!("the header {name} is not promised any more"));
                }
            }
        }
    }

    fn parameters(&mut self, place: &str, old: &Value, new: &Value) {
        let by_name = |document: &Value, operation: &Value| -> BTreeMap<String, Value> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            let all = all.map(|parameter| resolved(document, parameter).clone());
            all.map(|parameter| (format!("{} {}", parameter["in"], parameter["name"]).replace('"', ""), parameter))
                .collect()
        };
        let (before, now) = (by_name(self.old, old), by_name(self.new, new));
        for (name, parameter) in &before {
            let place = format!("{place} parameter {name}");
            match now.get(name) {
                None => self.say(&place, "it is not read any more"),
                Some(now) => {
                    if now["required"] == true && parameter["required"] != true {
                        self.say(&place, "it is required now");
                    }
                    self.schemas(&place, Side::Request, &parameter["schema"], &now["schema"]);
                }
            }
        }
        for (name, parameter) in &now {
            if parameter["required"] == true && !before.contains_key(name) {
                self.say(&format!("{place} parameter {name}"), "it is new and required");
            }
        }
    }

    fn content(&mut self, place: &str, side: Side, old: &Value, new: &Value) {
        for (media_type, media) in members(&old["content"]) {
            match new["content"].get(media_type) {
                None => self.say(place, &format!("{media_type} is gone")),
                Some(now) => self.schemas(place, side, &media["schema"], &now["schema"]),
            }
        }
    }

    fn schemas(&mut self, place: &str, side: Side, old: &Value, new: &Value) {
        // A pair of named schemas is compared once; schemas may contain themselves.
        if let (Some(before), Some(now)) = (old.get("$ref"), new.get("$ref"))
            && !self.seen.insert((side, before.to_string(), now.to_string()))
        {
            return;
        }
        // A status that had one problem may have several: see `choices`.
        let problem = old["$ref"].as_str().filter(|name| side == Side::Response && name.ends_with("Problem"));
        let several = resolved(self.new, new)["oneOf"].as_array().into_iter().flatten();
        let kept = problem.and_then(|problem| several.clone().find(|choice| choice["$ref"] == problem)).cloned();
        if let Some(kept) = kept {
            return self.schemas(place, side, old, &kept);
        }
        let (before, now) = (shape(self.old, old), shape(self.new, new));
        let (sent, read) = match side {
            Side::Request => (&before, &now),
            Side::Response => (&now, &before),
        };
        // What is sent must be a part of what is read.
        if !read.types.is_empty() && !sent.types.is_subset(&read.types)
            || sent.types.is_empty() && !read.types.is_empty()
        {
            self.say(place, &format!("its type was {:?} and is {:?}", before.types, now.types));
        }
        if sent.is_nullable && !read.is_nullable && !(read.types.is_empty() && read.choices.is_empty()) {
            let what = if side == Side::Request { "null is refused now" } else { "it may be null now" };
            self.say(place, what);
        }
        match (&sent.values, &read.values) {
            (Some(sent), Some(read)) if !sent.is_subset(read) => {
                let news: Vec<_> = sent.difference(read).collect();
                let what = if side == Side::Request { "is refused now" } else { "is new" };
                self.say(place, &format!("the value {news:?} {what}"));
            }
            (None, Some(_)) => self.say(place, "its values are not the same list"),
            _ => {}
        }
        if side == Side::Request {
            self.bounds(place, &before, &now);
        }
        self.members(place, side, &before, &now);
        if let (Some(old), Some(new)) = (&before.items, &now.items) {
            self.schemas(&format!("{place}[]"), side, old, new);
        }
        self.choices(place, side, &before, &now);
    }

    fn bounds(&mut self, place: &str, before: &Shape, now: &Shape) {
        for (name, bound) in &now.bounds {
            let old = before.bounds.get(name);
            let number = |value: &Value| value.as_f64().unwrap_or_default();
            let is_tighter = match old {
                None => true,
                Some(old) if LOOSER_ABOVE.contains(&name.as_str()) => number(bound) < number(old),
                Some(old) if LOOSER_BELOW.contains(&name.as_str()) => number(bound) > number(old),
                Some(old) => old != bound,
            };
            if is_tighter {
                self.say(place, &format!("{name} is {bound} and was {}", old.unwrap_or(&Value::Null)));
            }
        }
    }

    fn members(&mut self, place: &str, side: Side, before: &Shape, now: &Shape) {
        for (name, schema) in &before.members {
            let place = format!("{place}.{name}");
            match now.members.get(name) {
                Some(new) => self.schemas(&place, side, schema, new),
                None if side == Side::Response || now.is_closed => self.say(&place, "the member is gone"),
                None => {}
            }
            if side == Side::Response && before.required.contains(name) && !now.required.contains(name) {
                self.say(&place, "it may be absent now");
            }
        }
        if side == Side::Request {
            for name in now.required.difference(&before.required) {
                self.say(&format!("{place}.{name}"), "it is required now");
            }
        }
    }

    /// Alternatives are compared by name. A response may have a new problem, because a client that does not know its code
    /// has the status.
    fn choices(&mut self, place: &str, side: Side, before: &Shape, now: &Shape) {
        let name = |choice: &Value| choice.get("$ref").map_or_else(|| choice.to_string(), Value::to_string);
        for choice in &before.choices {
            match now.choices.iter().find(|new| name(new) == name(choice)) {
                Some(new) => self.schemas(place, side, choice, new),
                None if side == Side::Request => self.say(place, &format!("{} is refused now", name(choice))),
                None => {}
            }
        }
        if side == Side::Response {
            let is_known = |new: &&Value| before.choices.iter().any(|choice| name(choice) == name(new));
            let news: Vec<String> = now.choices.iter().filter(|new| !is_known(new)).map(name).collect();
            for news in news.iter().filter(|news| !before.choices.is_empty() && !news.contains("Problem\"")) {
                self.say(place, &format!("{news} is a new alternative"));
            }
        }
    }
}

fn shape(document: &Value, schema: &Value) -> Shape {
    let mut shape = Shape::default();
    add(document, schema, &mut shape, 0);
    shape
}

fn add(document: &Value, schema: &Value, shape: &mut Shape, depth: usize) {
    assert!(depth < 50, "a schema that contains itself without an object between");
    if schema.get("$ref").is_some() {
        add(document, resolved(document, schema), shape, depth + 1);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        add(document, part, shape, depth + 1);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    for name in types.iter().filter_map(Value::as_str) {
        if name == "null" {
            shape.is_nullable = true;
        } else {
            shape.types.insert(name.to_owned());
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        shape.values = Some(values.iter().map(Value::to_string).collect());
    }
    shape.members.extend(members(&schema["properties"]).map(|(name, member)| (name.clone(), member.clone())));
    shape
        .required
        .extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    shape.is_closed |= schema["additionalProperties"] == false;
    if let Some(items) = schema.get("items") {
        shape.items = Some(items.clone());
    }
    let empty = Map::new();
    for (name, bound) in schema.as_object().unwrap_or(&empty) {
        if name == "pattern" || LOOSER_ABOVE.contains(&name.as_str()) || LOOSER_BELOW.contains(&name.as_str()) {
            shape.bounds.insert(name.clone(), bound.clone());
        }
    }
    let choices = schema["oneOf"].as_array().cloned().unwrap_or_default();
    let (null, others): (Vec<Value>, Vec<Value>) = choices.into_iter().partition(|choice| choice["type"] == "null");
    shape.is_nullable |= !null.is_empty();
    match &others[..] {
        [only] => add(document, only, shape, depth + 1),
        _ => shape.choices.extend(others),
    }
}
