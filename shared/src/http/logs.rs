//! The log of a Lambda function: one JSON object per line. The line of a request also carries its metrics in
//! `CloudWatch`'s embedded metric format, so publishing metrics needs no extra call.

use std::fmt::Debug;
use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::time::{Clock, SystemClock, shown};

/// `CloudWatch` namespace of the metrics.
const NAMESPACE: &str = "pastpaper";
/// The message of the line that is logged per request.
pub(super) const REQUEST: &str = "request";
/// Fields of a request's line that are metrics, with their units. Alarms need these; each costs money per month.
const LEAN_METRICS: &[(&str, &str)] = &[("slow_requests", "Count"), ("payment_errors", "Count")];
/// Metrics for the dashboard and the other alarms. `API Gateway` and Lambda count requests, failures and latency themselves.
const FULL_METRICS: &[(&str, &str)] = &[
    ("slow_requests", "Count"),
    ("payment_errors", "Count"),
    ("cold_starts", "Count"),
    ("database_calls", "Count"),
    ("database_retries", "Count"),
    ("conflicts", "Count"),
    ("spends", "Count"),
    ("credits_spent", "Count"),
    ("credits_granted", "Count"),
];

/// How many fields of a request's line become metrics. All others stay fields of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitoring {
    /// What alarms need.
    Lean,
    /// What the dashboard shows, too.
    Full,
}

impl Monitoring {
    fn metrics(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Lean => LEAN_METRICS,
            Self::Full => FULL_METRICS,
        }
    }
}

/// Logs to standard output, which Lambda collects.
pub(super) fn init() {
    // A dimension must not be empty.
    let name = |variable: &str| {
        std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| "local".to_owned())
    };
    let monitoring = if name("MONITORING") == "full" { Monitoring::Full } else { Monitoring::Lean };
    let lines = JsonLines::new(name("STAGE"), name("AWS_LAMBDA_FUNCTION_NAME"), monitoring, |line| {
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
    monitoring: Monitoring,
    write: W,
}

impl<S: Subscriber, W: Fn(Value) + 'static> Layer<S> for JsonLines<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        (self.write)(self.line(event, SystemClock.now()));
    }
}

impl<W> JsonLines<W> {
    /// Creates the layer. Each line carries `stage` and `function` and is passed to `write`.
    pub fn new(stage: String, function: String, monitoring: Monitoring, write: W) -> Self {
        Self { stage, function, monitoring, write }
    }

    fn line(&self, event: &Event<'_>, now: Timestamp) -> Value {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut line = fields.0;
        line.insert("level".to_owned(), json!(event.metadata().level().as_str()));
        // Lambda reads levels only of lines whose timestamp is RFC 3339.
        line.insert("timestamp".to_owned(), json!(shown(now)));
        if line.get("message").is_some_and(|message| message == REQUEST) {
            self.add_metrics(&mut line, now.as_millisecond());
        }
        Value::Object(line)
    }

    fn add_metrics(&self, line: &mut Map<String, Value>, now_millis: i64) {
        line.insert("stage".to_owned(), json!(self.stage));
        line.insert("function".to_owned(), json!(self.function));
        // A line that declares a metric must have it.
        let metrics: Vec<_> =
            self.monitoring.metrics().iter().copied().filter(|(name, _)| line.contains_key(*name)).collect();
        line.insert("_aws".to_owned(), directive(&[&["stage"]], &metrics, now_millis));
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

    fn logged_with(monitoring: Monitoring, log: impl FnOnce()) -> Value {
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&lines);
        let layer = JsonLines::new("prod".to_owned(), "auth".to_owned(), monitoring, move |line: Value| {
            kept.lock().unwrap().push(line);
        });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let mut lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    }

    fn logged(log: impl FnOnce()) -> Value {
        logged_with(Monitoring::Lean, log)
    }

    #[test]
    fn the_line_of_a_request_is_its_metrics() {
        for monitoring in [Monitoring::Lean, Monitoring::Full] {
            let line = logged_with(monitoring, || {
                tracing::info!(
                    route = "/api/courses",
                    status = 200_u16,
                    slow_requests = 0_u64,
                    conflicts = 1_u64,
                    "{REQUEST}"
                );
            });
            assert_eq!(
                (&line["route"], &line["status"], &line["level"]),
                (&json!("/api/courses"), &json!(200), &json!("INFO"))
            );
            let logged_at: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
            assert_eq!(line["_aws"]["Timestamp"], logged_at.as_millisecond());
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("pastpaper"), &json!([["stage"]])));
            let metrics: Vec<&str> = directive["Metrics"]
                .as_array()
                .unwrap()
                .iter()
                .map(|metric| metric["Name"].as_str().unwrap())
                .collect();
            let expected: &[&str] = match monitoring {
                Monitoring::Lean => &["slow_requests"],
                Monitoring::Full => &["slow_requests", "conflicts"],
            };
            assert_eq!(metrics, expected);
            assert!(metrics.iter().all(|name| line[name].is_number()), "{line}");
            assert_eq!((&line["stage"], &line["function"]), (&json!("prod"), &json!("auth")));
        }
    }

    /// Each set of a metric and its dimensions is billed; `verify` adds one.
    #[test]
    fn metrics_stay_few() {
        assert!(Monitoring::Lean.metrics().len() < 3);
        assert!(Monitoring::Full.metrics().len() < 10);
        assert!(Monitoring::Lean.metrics().iter().all(|metric| Monitoring::Full.metrics().contains(metric)));
    }

    #[test]
    fn other_lines_are_no_metrics() {
        let line = logged(|| tracing::warn!(error = %"no route to host", "storage"));
        assert_eq!((&line["message"], &line["error"]), (&json!("storage"), &json!("no route to host")));
        assert!(line.get("_aws").is_none());
    }
}
