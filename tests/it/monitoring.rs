//! Alarms, dashboard and log queries use metrics and fields that exist.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::TestApp;
use tests::proxy::{Aim, Fault, Reach};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::architecture::root;
use crate::logs::Lines;
use crate::routes::template;

/// Namespace, metric and dimensions of everything that is watched. `CloudWatch` shows no data for any other set.
const WATCHED: [(&str, &str, &[&str]); 19] = [
    ("AWS/ApiGateway", "4xx", &["ApiId"]),
    ("AWS/ApiGateway", "5xx", &["ApiId"]),
    ("AWS/ApiGateway", "Count", &["ApiId"]),
    ("AWS/ApiGateway", "Latency", &["ApiId"]),
    ("AWS/DynamoDB", "ReadThrottleEvents", &["TableName"]),
    ("AWS/DynamoDB", "WriteThrottleEvents", &["TableName"]),
    ("AWS/Lambda", "Errors", &[]),
    ("AWS/Lambda", "Throttles", &[]),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", &["QueueName"]),
    ("pastpaper", "VerifyMismatches", &["stage"]),
    ("pastpaper", "cold_starts", &["stage"]),
    ("pastpaper", "conflicts", &["stage"]),
    ("pastpaper", "credits_granted", &["stage"]),
    ("pastpaper", "credits_spent", &["stage"]),
    ("pastpaper", "database_calls", &["stage"]),
    ("pastpaper", "database_retries", &["stage"]),
    ("pastpaper", "payment_errors", &["stage"]),
    ("pastpaper", "slow_requests", &["stage"]),
    ("pastpaper", "spends", &["stage"]),
];
/// Metrics of a request's line with `MONITORING=lean`, and that of `verify`.
const LEAN: [&str; 3] = ["slow_requests", "payment_errors", "VerifyMismatches"];

type Watched = BTreeSet<(String, String, Vec<String>)>;

/// What the alarms watch: all of them, or those without the condition of full monitoring.
fn alarms(template: &Value, is_full: bool) -> Watched {
    let resources = template["Resources"].as_object().unwrap().values();
    let alarms = resources.filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
    let alarms = alarms.filter(|alarm| is_full || alarm["Condition"] != "HasFullMonitoring");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let watched = alarms.map(|alarm| &alarm["Properties"]).map(|alarm| {
        let dimensions = alarm["Dimensions"].as_array().into_iter().flatten().map(|dimension| text(&dimension["Name"]));
        (text(&alarm["Namespace"]), text(&alarm["MetricName"]), dimensions.collect())
    });
    watched.collect()
}

/// What the dashboards show: with full monitoring, and with lean.
fn dashboards(template: &Value) -> [Watched; 2] {
    let choice = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["!If"].as_array().unwrap();
    assert_eq!(choice[0], "HasFullMonitoring");
    [&choice[1], &choice[2]].map(|body| {
        let body: Value = serde_json::from_str(body["!Sub"].as_str().unwrap()).unwrap();
        let widgets = body["widgets"].as_array().unwrap().iter();
        let metrics = widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
        let watched = metrics.map(|metric| {
            let mut words = metric.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned);
            let (namespace, name) = (words.next().unwrap(), words.next().unwrap());
            (namespace, name, words.step_by(2).collect())
        });
        watched.collect()
    })
}

#[test]
fn alarms_and_dashboards_watch_metrics_that_exist() {
    let template = template();
    let [full, lean] = dashboards(&template);
    let expected = WATCHED.map(|(namespace, name, dimensions)| {
        (namespace.to_owned(), name.to_owned(), dimensions.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    });
    let watched: Watched = alarms(&template, true).into_iter().chain(full).collect();
    assert_eq!(watched, expected.into());
    let watched_by_lean = alarms(&template, false).into_iter().chain(lean);
    let ours: BTreeSet<String> =
        watched_by_lean.filter(|(namespace, ..)| namespace == "pastpaper").map(|(_, name, _)| name).collect();
    assert_eq!(ours, LEAN.map(str::to_owned).into());
}

/// The queries of a page: code that begins with a command of Logs Insights.
fn queries(page: &str) -> Vec<String> {
    let indented = page.lines().filter_map(|line| line.strip_prefix("    "));
    let spans =
        page.lines().filter(|line| !line.starts_with("    ")).flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_query = |text: &&str| ["fields ", "filter ", "stats "].iter().any(|command| text.starts_with(command));
    indented.chain(spans).filter(is_query).map(|query| query.replace("\\|", "|")).collect()
}

/// Names of fields in a query: words outside texts that are no part of its language.
fn fields(query: &str) -> BTreeSet<String> {
    const LANGUAGE: [&str; 10] = ["fields", "filter", "stats", "by", "count", "sum", "like", "sort", "desc", "limit"];
    let outside: String = query.split('"').step_by(2).collect();
    let words = outside.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '@')));
    let names = words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
    names.filter(|word| !LANGUAGE.contains(word)).map(str::to_owned).collect()
}

#[tokio::test]
async fn queries_of_the_operations_page_match_log_lines() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.user("ada").await;
    let lines = Lines::default();
    let _guard = tracing_subscriber::registry().with(lines.layer()).set_default();
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: 0, reach: Reach::Onwards });
    let _ = ada.get("/api/credits/balance").await.problem(503, "unavailable");
    let line = lines.latest();
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let queries = queries(&page);
    assert!(queries.len() >= 5, "{queries:?}");
    for query in queries {
        let fields = fields(&query);
        assert!(!fields.is_empty(), "{query}");
        for field in fields {
            assert!(line.get(&field).is_some(), "{query}: no line has {field}");
        }
        // A route in a query is one that the log can have.
        for route in query.split('"').skip(1).step_by(2).filter(|text| text.starts_with('/')) {
            assert!(shared::http::routes::ROUTES.iter().any(|known| known.path == route), "{query}");
        }
    }
}
