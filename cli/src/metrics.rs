//! `GET /metrics` of `serve --metrics`: the figures of the requests' log lines in Prometheus' text format. They are those that
//! become `CloudWatch` metrics in AWS with `Monitoring=full`, and the number of requests by status.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::header;
use axum::routing::get;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The media type of the format.
const TEXT: &str = "text/plain; version=0.0.4";
/// The fields that become metrics in AWS with `Monitoring=full`. A test compares them with a line as it is logged there.
const FIGURES: [&str; 9] = [
    "cold_starts",
    "conflicts",
    "credits_granted",
    "credits_spent",
    "database_calls",
    "database_retries",
    "payment_errors",
    "slow_requests",
    "spends",
];
/// The message of a request's line.
const REQUEST: &str = "request";

/// Sums since the process started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
struct Sums {
    /// By name.
    figures: BTreeMap<&'static str, u64>,
    /// By status.
    requests: BTreeMap<u64, u64>,
}

/// The figures of one line.
#[derive(Default)]
struct Line {
    is_request: bool,
    status: u64,
    figures: Vec<(&'static str, u64)>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.is_request |= field.name() == "message" && format!("{value:?}") == REQUEST;
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, u64::try_from(value).unwrap_or(0));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = value;
        } else if let Some(name) = FIGURES.iter().find(|name| **name == field.name()) {
            self.figures.push((name, value));
        }
    }
}

impl<S: Subscriber> Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if line.is_request {
            self.add(&line);
        }
    }
}

impl Metrics {
    fn add(&self, line: &Line) {
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *sums.requests.entry(line.status).or_default() += 1;
        for (name, value) in &line.figures {
            *sums.figures.entry(name).or_default() += value;
        }
    }

    /// The sums as text.
    fn text(&self) -> String {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from("# TYPE pastpaper_requests_total counter\n");
        for (status, count) in &sums.requests {
            let _ = writeln!(text, "pastpaper_requests_total{{status=\"{status}\"}} {count}");
        }
        for name in FIGURES {
            let sum = sums.figures.get(name).copied().unwrap_or(0);
            let _ = writeln!(text, "# TYPE pastpaper_{name}_total counter\npastpaper_{name}_total {sum}");
        }
        text
    }

    /// `GET /metrics`.
    pub(crate) fn routes(&self) -> Router {
        let metrics = self.clone();
        let headers = [(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")];
        Router::new().route("/metrics", get(async move || (headers, metrics.text())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::body::Body;
    use axum::http::Request;
    use serde_json::Value;
    use shared::http::logs::{JsonLines, Monitoring};
    use tower::ServiceExt;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::database::Open;

    #[tokio::test]
    async fn the_figures_are_those_that_aws_makes_metrics_of() {
        let metrics = Metrics::default();
        let lines = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&lines);
        let write = move |line: Value| kept.lock().unwrap().push(line);
        let layer = JsonLines::new("prod".to_owned(), "courses".to_owned(), Monitoring::Full, write);
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(metrics.clone()).with(layer));
        let open = Open::in_memory().await.unwrap();
        let request = Request::get("/api/health").header("host", "localhost").body(Body::empty()).unwrap();
        let answer = crate::router::all(&open.app).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let lines = lines.lock().unwrap();
        let line = lines.iter().find(|line| line["message"] == REQUEST).unwrap();
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        let declared: BTreeSet<&str> = declared.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert_eq!(declared, BTreeSet::from(FIGURES));
        assert!(metrics.text().contains("pastpaper_requests_total{status=\"200\"} 1\n"), "{}", metrics.text());
    }

    #[test]
    fn the_figures_of_requests_are_summed_and_other_lines_are_not() {
        let metrics = Metrics::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(metrics.clone()), || {
            for status in [200_u16, 200, 503] {
                tracing::info!(status, spends = 1_u64, credits_spent = 3_u64, millis = 9_u64, "{REQUEST}");
            }
            tracing::warn!(spends = 7_u64, "something else");
        });
        let text = metrics.text();
        for line in [
            "pastpaper_requests_total{status=\"200\"} 2",
            "pastpaper_requests_total{status=\"503\"} 1",
            "# TYPE pastpaper_spends_total counter",
            "pastpaper_spends_total 3",
            "pastpaper_credits_spent_total 9",
            "pastpaper_conflicts_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(!text.contains("millis"), "{text}");
    }
}
