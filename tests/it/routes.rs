//! Compares the list of routes with everything that repeats it: the template, the watch configuration, the files of the
//! functions, and the routers.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use shared::domain::credits::Plan;
use shared::http::routes::{FUNCTIONS, MAILER, ROUTES, RouteAccess, of};
use tests::{Person, TestApp};

use crate::architecture::{read, root};

/// `template.yaml`; `!Ref Table` reads as `{"!Ref": "Table"}`.
pub(crate) fn template() -> Value {
    let text = read("template.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1);
    json_of(&documents[0])
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.0),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(values) => values.iter().map(json_of).collect(),
        Yaml::Mapping(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), json_of(value)));
            Value::Object(pairs.collect())
        }
        Yaml::Tagged(tag, value) => json!({format!("!{}", tag.suffix): json_of(value)}),
        other => panic!("not in a template: {other:?}"),
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("no mapping: {value}"))
}

fn texts(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_ascii_lowercase()).collect()
}

/// The functions of the template, by binary.
pub(crate) fn template_functions(template: &Value) -> BTreeMap<String, Value> {
    let resources = object(&template["Resources"]).values();
    let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let named = functions.map(|function| {
        let properties = function["Properties"].clone();
        let folder = properties["CodeUri"].as_str().unwrap();
        let binary = folder.strip_prefix("target/lambda/").and_then(|folder| folder.strip_suffix('/')).unwrap();
        (binary.to_owned(), properties)
    });
    named.collect()
}

/// Every path and its function.
fn paths() -> BTreeMap<&'static str, &'static str> {
    ROUTES.iter().map(|route| (route.path, route.function)).collect()
}

/// The methods of a path.
fn methods(path: &str) -> BTreeSet<&'static str> {
    let listed = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str());
    listed.flat_map(|method| if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] }).collect()
}

/// Id of a midterm that does not exist.
const NO_MIDTERM: &str = "019a0000-0000-7000-8000-000000000000";

/// A path of the small course.
fn concrete(path: &str) -> String {
    let path = path.replace("{topic_id}", "alg-linear").replace("/courses/{id}", "/courses/algebra");
    let path = path.replace("/questions/{id}", "/questions/alg-q1").replace("/exams/{id}", "/exams/alg-2020");
    let path = path.replace("/topics/{id}", "/topics/alg-linear");
    // No user has this id; a problem is an answer, too.
    let path = path.replace("/sessions/{id}", "/sessions/0123456789abcdef0123456789abcdef");
    let path = path.replace("/midterm/{id}", &format!("/midterm/{NO_MIDTERM}"));
    let path = if path.starts_with("/api/figures/") { tests::FIGURE.to_owned() } else { path };
    assert!(!path.contains('{'), "{path}: say which id stands for its parameter");
    if ["/api/questions", "/api/assessment/progress", "/api/assessment/review"].contains(&path.as_str()) {
        format!("{path}?course_id=algebra")
    } else {
        path
    }
}

#[test]
fn each_path_belongs_to_one_function() {
    // Template and watch configuration route a path with all its methods to one function.
    for route in &ROUTES {
        assert_eq!(paths()[route.path], route.function, "{}", route.path);
    }
}

#[test]
fn the_template_routes_every_path_to_its_function() {
    let template = template();
    let mut found = BTreeMap::new();
    let mut catch_all = Vec::new();
    let functions = template_functions(&template);
    for (function, properties) in functions.iter().filter(|(function, _)| *function != MAILER) {
        let none = Map::new();
        for event in properties.get("Events").map_or(&none, object).values() {
            assert_eq!(event["Type"], "HttpApi");
            let event = &event["Properties"];
            assert_eq!(event["ApiId"], json!({"!Ref": "Api"}));
            match (event.get("Path"), event.get("Method")) {
                (Some(path), Some(method)) => {
                    assert_eq!(method, "ANY", "{path}");
                    let before = found.insert(path.as_str().unwrap().to_owned(), function.as_str());
                    assert_eq!(before, None, "{path} twice");
                }
                (None, None) => catch_all.push(function.as_str()),
                other => panic!("{function}: {other:?}"),
            }
        }
    }
    assert_eq!(found, paths().into_iter().map(|(path, function)| (path.to_owned(), function)).collect());
    assert_eq!(catch_all, ["courses"], "who answers unknown paths");
    assert_eq!(functions.keys().map(String::as_str).collect::<Vec<_>>(), FUNCTIONS);
}

#[test]
fn the_template_grants_named_actions_on_the_table_only() {
    for (function, properties) in template_functions(&template()) {
        let policies = properties.get("Policies").map_or(&[][..], |policies| policies.as_array().unwrap());
        let statements: Vec<&Value> =
            policies.iter().flat_map(|policy| policy["Statement"].as_array().unwrap()).collect();
        assert!(!statements.is_empty(), "{function}");
        let mut checks_sessions = false;
        for statement in statements {
            let actions = match &statement["Action"] {
                Value::Array(actions) => actions.clone(),
                one => vec![one.clone()],
            };
            if actions == [json!("ssm:GetParameter")] {
                let names = statement["Resource"].to_string();
                let is_ours =
                    [":parameter${Stripe", ":parameter${FigureKey", ":parameter${FactorKey", ":parameter${MailKey"]
                        .iter()
                        .any(|start| names.contains(start));
                assert!(is_ours && !names.contains('*'), "{function}: {names}");
                continue;
            }
            if actions == [json!("ses:SendEmail"), json!("ses:SendRawEmail")] {
                assert_eq!(function, MAILER, "only the function without a route sends mail");
                assert_eq!(statement["Condition"]["StringEquals"]["ses:FromAddress"], json!({"!Ref": "MailFrom"}));
                continue;
            }
            for action in &actions {
                let call = action.as_str().unwrap().strip_prefix("dynamodb:").unwrap();
                assert!(!call.contains('*') && !call.ends_with("Table") && call != "Scan", "{function}: {call}");
            }
            assert_eq!(statement["Resource"], json!({"!GetAtt": "Table.Arn"}), "{function}");
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            assert!(!keys.is_null(), "{function}: partitions are named");
            checks_sessions |=
                actions.contains(&json!("dynamodb:BatchGetItem")) && *keys == json!(["USER#*", "LIMIT#*"]);
        }
        let has_signed_in = of(&function).any(|route| route.access == RouteAccess::SignedIn);
        assert!(checks_sessions || !has_signed_in, "{function} cannot check a session");
    }
}

/// What each function may do at most, whatever its own policy says.
#[test]
fn only_the_boundary_of_the_mailer_allows_to_send_mail() {
    let template = template();
    let resources = object(&template["Resources"]);
    let boundaries = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::IAM::ManagedPolicy");
    let sends = |resource: &Value| resource.to_string().contains("\"ses:");
    let sending: Vec<_> = boundaries.filter(|(_, resource)| sends(resource)).map(|(name, _)| name.as_str()).collect();
    assert_eq!(sending, ["MailerBoundary"]);
    for (function, properties) in template_functions(&template) {
        let expected = if function == MAILER { json!({"!Ref": "MailerBoundary"}) } else { Value::Null };
        assert_eq!(properties["PermissionsBoundary"], expected, "{function}");
        assert_eq!(sends(&properties), function == MAILER, "{function}");
    }
    assert_eq!(template["Globals"]["Function"]["PermissionsBoundary"], json!({"!Ref": "FunctionBoundary"}));
}

/// The stream brings each mail that waits to `mailer`; what it cannot look at is kept in a queue with an alarm.
#[test]
fn the_stream_brings_mail_that_waits_and_a_schedule_the_rest() {
    let template = template();
    let resources = &template["Resources"];
    assert_eq!(resources["Table"]["Properties"]["StreamSpecification"], json!({"StreamViewType": "NEW_IMAGE"}));
    let mailer = &resources["MailerFunction"]["Properties"];
    let timeout = mailer["Timeout"].as_i64().unwrap();
    assert!(timeout < shared::domain::mail::delivery::LEASE_SECONDS, "a sender ends before its lease");
    let events = object(&mailer["Events"]);
    let types: BTreeSet<_> = events.values().map(|event| event["Type"].as_str().unwrap()).collect();
    assert_eq!(types, ["DynamoDB", "SNS", "Schedule"].into());
    let stream = &events["Outbox"]["Properties"];
    assert_eq!(stream["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(stream["BisectBatchOnFunctionError"], true);
    assert!(stream["MaximumRetryAttempts"].as_i64().unwrap() > 0);
    assert_eq!(
        stream["DestinationConfig"]["OnFailure"],
        json!({"Type": "SQS", "Destination": {"!GetAtt": "UndeliveredMail.Arn"}})
    );
    let pattern = stream["FilterCriteria"]["Filters"][0]["Pattern"].as_str().unwrap();
    let pattern: Value = serde_json::from_str(pattern).unwrap();
    let image = json!({"entity": {"S": ["Mail"]}, "state": {"S": ["pending"]}});
    assert_eq!(pattern, json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": image}}));
    let alarm = &resources["UndeliveredMailAlarm"]["Properties"];
    assert_eq!(alarm["Dimensions"][0]["Value"], json!({"!GetAtt": "UndeliveredMail.QueueName"}));
}

#[test]
fn template_and_store_create_the_same_table() {
    let template = template();
    let table = &template["Resources"]["Table"];
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    let table = &table["Properties"];
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    assert_eq!(table["KeySchema"], json!([key("pk", "HASH"), key("sk", "RANGE")]));
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    assert_eq!(table["AttributeDefinitions"], json!(["pk", "sk"].map(text)));
    assert!(table["GlobalSecondaryIndexes"].is_null());
    assert_eq!(table["TimeToLiveSpecification"], json!({"AttributeName": "expires_at", "Enabled": true}));
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
}

#[test]
fn cargo_lambda_watch_routes_every_path_to_its_function() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let router = &manifest["workspace"]["metadata"]["lambda"]["watch"]["router"];
    let router = router.as_table().unwrap().iter().map(|(path, function)| (path.as_str(), function.as_str().unwrap()));
    assert_eq!(router.collect::<BTreeMap<_, _>>(), paths());
}

#[test]
fn every_function_has_a_binary_and_every_operation_a_file() {
    for function in FUNCTIONS {
        let lines = read(&format!("functions/{function}/src/main.rs")).lines().count();
        assert!(lines <= 15, "functions/{function}/src/main.rs has {lines} lines");
        let manifest: toml::Table = read(&format!("functions/{function}/Cargo.toml")).parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(function), "the binary is named after its folder");
    }
    for route in &ROUTES {
        let file = format!("functions/{}/src/{}.rs", route.function, route.operation);
        let handler = format!("pub(crate) async fn {}(", route.operation);
        assert!(read(&file).contains(&handler), "{file} has no `{handler}`");
        let first = read(&file).lines().next().unwrap_or_default().to_owned();
        assert!(first.contains(&format!("`{} {}`", route.method, route.path)), "{file} begins with another route");
    }
    let folders = std::fs::read_dir(root().join("functions")).unwrap().map(|entry| entry.unwrap().file_name());
    let folders: BTreeSet<String> = folders.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(folders, FUNCTIONS.map(str::to_owned).into());
}

#[tokio::test]
async fn api_gateway_and_serve_have_the_same_cors() {
    let test = TestApp::start().await;
    let origin = "http://localhost:5173";
    let preflight = test.preflight(origin, Method::POST, "/api/questions/practice").await;
    let list = |name: &str, answer: &tests::Answer| -> BTreeSet<String> {
        answer.header(name).split(',').map(|text| text.trim().to_ascii_lowercase()).collect()
    };
    let template = template();
    let cors = &template["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    assert_eq!(list("access-control-allow-methods", &preflight), texts(&cors["AllowMethods"]));
    assert_eq!(list("access-control-allow-headers", &preflight), texts(&cors["AllowHeaders"]));
    assert_eq!(preflight.header("access-control-allow-credentials"), cors["AllowCredentials"].to_string());
    assert_eq!(preflight.header("access-control-max-age"), cors["MaxAge"].to_string());
    assert_eq!(preflight.header("access-control-allow-origin"), origin);
    assert_eq!(cors["AllowOrigins"], json!({"!Ref": "CorsAllowedOrigins"}));

    let answer = test.anonymous().get_with("/", &[("origin", origin)]).await;
    assert_eq!(list("access-control-expose-headers", &answer), texts(&cors["ExposeHeaders"]));

    let foreign = test.preflight("https://elsewhere.example", Method::POST, "/api/questions/practice").await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn unknown_paths_get_a_problem() {
    let test = TestApp::start().await;
    for path in ["/api", "/api/", "/nothing", "/api/courses/algebra/nothing", "/api/auth/login/", "//"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let _ = test.anonymous().send(method, path, None, &[]).await.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_gets_a_problem_that_lists_allowed_methods() {
    let test = TestApp::start().await;
    for path in paths().into_keys() {
        let allowed = methods(path);
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if allowed.contains(method.as_str()) {
                continue;
            }
            let answer = test.anonymous().send(method.clone(), &concrete(path), None, &[]).await;
            let allow: BTreeSet<String> = answer.header("allow").split(',').map(str::to_owned).collect();
            assert_eq!(allow, allowed.iter().map(ToString::to_string).collect(), "{method} {path}");
            if method == Method::HEAD {
                assert_eq!((answer.status, answer.body), (StatusCode::METHOD_NOT_ALLOWED, Value::Null), "{path}");
            } else {
                let problem = answer.problem(405, "method_not_allowed");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.starts_with(&format!("{method} is not allowed here; use ")), "{detail}");
                // GET implies HEAD.
                for name in allowed.iter().filter(|name| **name != "HEAD") {
                    assert!(detail.contains(&*name.to_string()), "{detail}: {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn head_returns_the_headers_of_get_without_a_body() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let midterm = ada.sitting().await;
    let submit = format!("/api/midterm/{midterm}/submit");
    let _ = ada.post(&submit, serde_json::json!({"answers": {}})).await.ok();
    let _ = ada.post("/api/questions/alg-q1/start", serde_json::json!({})).await.ok();
    for route in ROUTES.iter().filter(|route| route.method == Method::GET) {
        let path = concrete(route.path).replace(NO_MIDTERM, &midterm);
        let path = if route.operation == "preview_answer" { format!("{path}?answer=1") } else { path };
        let ask = |method: Method| ada.send(method, &path, None, &[]);
        let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
        assert_eq!((get.status, head.status), (StatusCode::OK, StatusCode::OK), "{path}");
        assert_eq!(head.body, Value::Null, "{path}");
        for header in ["content-type", "content-length", "etag", "cache-control"] {
            assert_eq!(head.header(header), get.header(header), "{path}: {header}");
        }
    }
}

#[tokio::test]
async fn every_path_answers_options() {
    let test = TestApp::start().await;
    let nobody: Person = test.anonymous();
    for path in paths().into_keys() {
        let answer = nobody.send(Method::OPTIONS, &concrete(path), None, &[]).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
    }
}
