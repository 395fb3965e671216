//! The log of a Lambda function: one JSON object per line. The line of a request also carries its metrics in
//! `CloudWatch`'s embedded metric format, so publishing metrics needs no extra call.

use std::fmt::Debug;
use std::io::Write;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::time::{Clock, SystemClock};

/// `CloudWatch` namespace of the metrics.
const NAMESPACE: &str = "pastpaper";
/// The message of the line that is logged per request.
pub(super) const REQUEST: &str = "request";
/// Fields of a request's line that are metrics, with their units.
const METRICS: [(&str, &str); 11] = [
    ("requests", "Count"),
    ("millis", "Milliseconds"),
    ("server_errors", "Count"),
    ("cold_starts", "Count"),
    ("database_calls", "Count"),
    ("database_retries", "Count"),
    ("conflicts", "Count"),
    ("refusals_for_rate", "Count"),
    ("spends", "Count"),
    ("credits_spent", "Count"),
    ("credits_granted", "Count"),
];

/// Logs to standard output, which Lambda collects.
pub(super) fn init() {
    // A dimension must not be empty.
    let name = |variable: &str| {
        std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| "local".to_owned())
    };
    let lines = JsonLines::new(name("STAGE"), name("AWS_LAMBDA_FUNCTION_NAME"), |line| {
        // If standard output fails, there is nowhere to report it.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    });
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("shared", LevelFilter::INFO);
    tracing_subscriber::registry().with(lines).with(filter).init();
}

/// Formats each event as one JSON line.
pub struct JsonLines<W> {
    stage: String,
    function: String,
    write: W,
}

impl<S: Subscriber, W: Fn(Value) + 'static> Layer<S> for JsonLines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        (self.write)(self.line(event, SystemClock.now().as_millisecond()));
    }
}

impl<W> JsonLines<W> {
    /// Creates the layer. Each line carries `stage` and `function` and is passed to `write`.
    pub fn new(stage: String, function: String, write: W) -> Self {
        Self { stage, function, write }
    }

    fn line(&self, event: &Event<'_>, now_millis: i64) -> Value {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut line = fields.0;
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        line.insert("timestamp".to_owned(), json!(now_millis));
        if line.get("message").is_some_and(|message| message == REQUEST) {
            self.add_metrics(&mut line, now_millis);
        }
        Value::Object(line)
    }

    fn add_metrics(&self, line: &mut Map<String, Value>, now_millis: i64) {
        line.insert("stage".to_owned(), json!(self.stage));
        line.insert("function".to_owned(), json!(self.function));
        line.insert("requests".to_owned(), json!(1));
        let metrics: Vec<_> = METRICS.into_iter().filter(|(name, _)| line.contains_key(*name)).collect();
        line.insert("_aws".to_owned(), directive(&[&["stage"], &["stage", "function"]], &metrics, now_millis));
    }
}

/// The `_aws` member of a line: declares `metrics` (member names with units) as metrics by `dimensions`.
#[must_use]
pub fn directive(dimensions: &[&[&str]], metrics: &[(&str, &str)], now_millis: i64) -> Value {
    let metrics: Vec<Value> = metrics.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics});
    json!({"Timestamp": now_millis, "CloudWatchMetrics": [directive]})
}

/// Collects the fields of an event by name.
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn logged(log: impl FnOnce()) -> Value {
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&lines);
        let layer =
            JsonLines::new("prod".to_owned(), "auth".to_owned(), move |line: Value| kept.lock().unwrap().push(line));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let mut lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    }

    #[test]
    fn the_line_of_a_request_is_its_metrics() {
        let line = logged(|| tracing::info!(route = "/api/courses", status = 200_u16, millis = 7_u64, "{REQUEST}"));
        assert_eq!(
            (&line["route"], &line["status"], &line["level"]),
            (&json!("/api/courses"), &json!(200), &json!("INFO"))
        );
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&line["_aws"]["Timestamp"], &directive["Namespace"]), (&line["timestamp"], &json!("pastpaper")));
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        for dimension in directive["Dimensions"].as_array().unwrap().iter().flat_map(|names| names.as_array().unwrap())
        {
            assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
    }

    #[test]
    fn other_lines_are_no_metrics() {
        let line = logged(|| tracing::warn!(error = %"no route to host", "storage"));
        assert_eq!((&line["message"], &line["error"]), (&json!("storage"), &json!("no route to host")));
        assert!(line.get("_aws").is_none());
    }
}
