//! Data larger than a table item or a Lambda response.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};
use shared::app::response_size::bytes_as_sent;
use shared::domain::catalog::check::QUESTION_BYTES_MAX;
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, TopicId, UserId};
use shared::domain::idempotency::{Fingerprint, Intent};
use shared::domain::mastery::Evidence;
use shared::domain::random::Random;
use shared::domain::review::Scheduler;
use shared::domain::study::attempt::{Attempt, AttemptId, GradedBy, MarkedAnswer};
use shared::domain::study::progress::Progress;
use shared::domain::study::{Study, TopicMasteryView};
use shared::store::ImportedStudies;
use shared::store::keys::{self, Key};
use tests::{PASSWORD, Person, SeededEntropy, TestApp, WORKER_HASH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// Maximum bytes of a Lambda response.
const LAMBDA_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Maximum bytes of an item.
const ITEM_BYTES_MAX: usize = 400 * 1024;
const EXPORT: &str = "/api/auth/export";
const GENERATE: &str = "/api/midterm/generate";

/// Random bytes like those of a figure, which hardly compress.
fn figure(random: &mut fastrand::Rng, bytes: usize) -> String {
    let pixels: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(bytes / 4 * 3).collect();
    STANDARD.encode(pixels)
}

/// A course of questions with these texts.
fn course(texts: impl IntoIterator<Item = String>) -> Value {
    let question = |(number, text): (usize, String)| {
        json!({
            "id": format!("fig-{number}"), "topic_id": "fig-t", "exam_id": "fig-2020", "question_text": text,
            "solution_steps": ["!"], "answer": "1", "difficulty": 3, "source_points": 10, "estimated_time": 5,
        })
    };
    json!({
        "course": {"id": "figures", "name": "Figures"},
        "exams": [{"id": "fig-2020", "year": 2020, "exam_type": "midterm"}],
        "topics": [{"id": "fig-t", "name": "Figures", "category": "F"}],
        "questions": texts.into_iter().enumerate().map(question).collect::<Vec<_>>(),
    })
}

/// Imports a few questions at a time, because a batch of large questions may exceed the timeout on a busy machine.
async fn import(test: &TestApp, course: &Value) {
    for questions in course["questions"].as_array().unwrap().chunks(3) {
        let mut part = course.clone();
        part["questions"] = json!(questions);
        test.import(&part).await;
    }
}

async fn generate(person: &Person, questions: usize) -> tests::Answer {
    let order = json!({"course_id": "figures", "config": {"question_count": questions, "seed": 1}});
    person.post_once(GENERATE, "one-midterm", order).await
}

/// A direct call of the database, for operations that the store does not offer.
async fn call(test: &TestApp, operation: &str, body: Value) -> Value {
    let address = test.app.config.database.endpoint_url.clone().unwrap().replace("http://", "");
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n\
         content-type: application/x-amz-json-1.0\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/20260301/local/dynamodb/\
         aws4_request, SignedHeaders=host, Signature=0\r\nx-amz-date: 20260301T120000Z\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer:.500}");
    serde_json::from_str(body).unwrap_or(Value::Null)
}

/// A JSON value as an attribute.
fn attribute(value: Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(is) => json!({"BOOL": is}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(list) => json!({"L": list.into_iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(map) => {
            json!({"M": map.into_iter().map(|(name, value)| (name, attribute(value))).collect::<Map<_, _>>()})
        }
    }
}

/// An item as the store writes it.
pub(crate) fn item(key: &Key, entity: &str, row: Value) -> Value {
    let Value::Object(mut row) = row else { panic!("a row is an object") };
    row.retain(|_, value| !value.is_null());
    row.insert("pk".to_owned(), json!(key.pk));
    row.insert("sk".to_owned(), json!(key.sk));
    row.insert("entity".to_owned(), json!(entity));
    Value::Object(row.into_iter().map(|(name, value)| (name, attribute(value))).collect())
}

/// Puts items directly, because the API would take a hundred times as long.
pub(crate) async fn fill(test: &TestApp, items: Vec<Value>) {
    let batches = items.chunks(25).map(|batch| {
        let puts: Vec<Value> = batch.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        let body = json!({"RequestItems": {"test": puts}});
        async move { call(test, "BatchWriteItem", body).await }
    });
    stream::iter(batches).buffer_unordered(4).collect::<Vec<_>>().await;
}

/// The size of the largest item under this sort-key prefix as JSON text, and the number of items.
async fn stored(test: &TestApp, pk: &str, prefix: &str) -> (usize, usize) {
    let mut start = Value::Null;
    let (mut largest, mut count) = (0, 0);
    loop {
        let mut body = json!({
            "TableName": "test", "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": prefix}},
        });
        if !start.is_null() {
            body["ExclusiveStartKey"] = start;
        }
        let page = call(test, "Query", body).await;
        for item in page["Items"].as_array().unwrap() {
            let bytes =
                |value: &Value| value["B"].as_str().map_or_else(|| value.to_string().len(), |b| b.len() / 4 * 3);
            largest =
                largest.max(item.as_object().unwrap().iter().map(|(name, value)| name.len() + bytes(value)).sum());
            count += 1;
        }
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return (largest, count);
        }
    }
}

fn user(person: &Person) -> UserId {
    UserId(person.id.parse().unwrap())
}

fn attempt(number: u64, answer: Option<String>) -> Attempt {
    Attempt {
        id: AttemptId(Uuid::from_u128(u128::from(number))),
        course_id: CourseId::try_from("algebra").unwrap(),
        topic_id: TopicId::try_from("alg-quadratic").unwrap(),
        question_id: QuestionId::try_from("alg-q4").unwrap(),
        version: 1,
        saw_earlier: false,
        answer,
        answers: BTreeMap::new(),
        correct: number.is_multiple_of(3),
        score: None,
        parts: Vec::new(),
        graded_by: GradedBy::Answer,
        solution_seen: false,
        evidence: Evidence::Full,
        ease: 0.62,
        practice: 0.0,
        position: 0,
        review_parameters: None,
        time_spent_seconds: Some(30),
        created_at: "2026-03-01T12:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_midterm_with_large_figures_is_sold_and_stays_as_it_was() {
    let test = TestApp::empty().await;
    let mut random = fastrand::Rng::with_seed(1);
    import(&test, &course((0..20).map(|_| figure(&mut random, QUESTION_BYTES_MAX - 100)))).await;
    let ada = test.subscriber("ada").await;
    let answer = generate(&ada, 20).await.ok();
    assert_eq!((&answer["credits_deducted"], &answer["credits"]), (&json!(3), &json!(12)));
    let sent = bytes_as_sent(&answer);
    assert!((4_000_000..LAMBDA_BYTES_MAX).contains(&sent), "{sent}");
    let (largest, parts) = stored(&test, &format!("USER#{}", ada.id), "PART#MIDTERM#").await;
    assert!(parts > 8 && largest < ITEM_BYTES_MAX, "{parts} parts, the largest of {largest} bytes");

    // A purchase does not change with the catalogue, and a retry returns the same response.
    test.import(&course((0..20).map(|_| "changed".to_owned()))).await;
    assert_eq!(generate(&ada, 20).await.ok()["questions"], answer["questions"]);
    let path = format!("/api/midterm/{}", answer["midterm_id"].as_str().unwrap());
    assert_eq!(ada.through(test.twin()).get(&path).await.ok()["questions"], answer["questions"]);
    let listed = ada.get("/api/midterm").await.ok();
    assert_eq!((listed["midterms"].as_array().unwrap().len(), &listed["next_cursor"]), (1, &Value::Null));
    let export = ada.get(EXPORT).await.ok();
    assert_eq!(export["midterms"].as_array().unwrap().len(), 1);
    // Parts are not listed separately. The other item holds the payment facts.
    assert!(export["other"].as_array().into_iter().flatten().all(|item| item["billing"].is_object()), "{export}");
    assert_eq!(ada.credits().await, 12);
    test.assert_ledgers_are_true().await;

    let user = user(&ada);
    let profile = test.app.store.profile(user).await.unwrap().unwrap();
    let ledger = test.app.store.begin_closing(profile, test.app.now(), &test.app.random).await.unwrap().unwrap();
    test.app.store.finish_closing(user, ledger, None, &test.app.random).await.unwrap();
    assert_eq!(stored(&test, &format!("USER#{}", ada.id), "").await.1, 0);
}

#[tokio::test]
async fn a_midterm_too_large_for_a_response_is_not_charged() {
    let test = TestApp::empty().await;
    let mut random = fastrand::Rng::with_seed(3);
    // A quote takes four bytes in a response that embeds JSON in JSON.
    let mut quoted =
        || figure(&mut random, QUESTION_BYTES_MAX - 100).replace(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], "\"");
    import(&test, &course((0..20).map(|_| quoted()))).await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let problem = generate(&ada, 20).await.problem(422, "blueprint_infeasible");
    assert!(problem["detail"].as_str().unwrap().contains("ask for fewer of them"), "{problem}");
    assert_eq!(ada.credits().await, 15);
    let fewer = generate(&ada, 5).await.ok();
    assert!(bytes_as_sent(&fewer) < LAMBDA_BYTES_MAX);
}

#[tokio::test]
async fn a_midterm_that_was_stored_in_one_item_is_read() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let id = ada.midterm().await;
    // The older form: no parts, and the questions in the item.
    assert_eq!(stored(&test, &format!("USER#{}", ada.id), "PART#").await.1, 0);
    assert_eq!(ada.get(&format!("/api/midterm/{id}")).await.ok()["questions"].as_array().unwrap().len(), 6);
}

/// A course with this many topics and exams; each exam has a question of every n-th topic.
fn wide_course(topics: usize, exams: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(2);
    let mut questions = Vec::new();
    for number in 0..topics * 2 {
        questions.push(json!({
            "id": format!("wide-q{number}"), "topic_id": format!("wide-topic-{:05}", number % topics),
            "exam_id": format!("wide-exam-{:04}", (number * 7) % exams), "question_text": format!("Question {number}?"),
            "solution_steps": ["!"], "answer": "1", "difficulty": 1 + number % 5,
            "source_points": f64::from(random.u32(1..400)) / 10.0,
        }));
    }
    json!({
        "course": {"id": "wide", "name": "Wide"},
        "exams": (0..exams).map(|exam| {
            json!({"id": format!("wide-exam-{exam:04}"), "year": 1950 + exam % 75, "exam_type": "final"})
        }).collect::<Vec<_>>(),
        "topics": (0..topics).map(|topic| {
            json!({"id": format!("wide-topic-{topic:05}"), "name": format!("Topic {topic} of many"), "category": format!("K{}", topic % 9)})
        }).collect::<Vec<_>>(),
        "questions": questions,
    })
}

#[tokio::test]
async fn an_analysis_of_a_thousand_topics_is_sold_and_stays() {
    let test = TestApp::empty().await;
    test.import(&wide_course(1_000, 200)).await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let path = "/api/courses/wide/analysis";
    let answer = ada.get(path).await.ok();
    assert_eq!(
        (&answer["credits_deducted"], answer["analysis"]["topic_distribution"].as_array().unwrap().len()),
        (&json!(2), 1_000)
    );
    let sent = bytes_as_sent(&answer);
    assert!((ITEM_BYTES_MAX..LAMBDA_BYTES_MAX).contains(&sent), "{sent}");
    let (largest, _) = stored(&test, "COURSE#wide", "").await;
    assert!(largest < ITEM_BYTES_MAX, "{largest}");
    let again = ada.through(test.twin()).get(path).await.ok();
    assert_eq!((&again["credits_deducted"], &again["analysis"]), (&json!(0), &answer["analysis"]));
}

#[tokio::test]
async fn an_analysis_that_was_published_as_text_is_read() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let path = "/api/courses/algebra/analysis";
    let bought = ada.get(path).await.ok();
    let edition = bought["analysis"]["edition"].as_str().unwrap();
    let mut as_published = bought["analysis"].clone();
    as_published["study_strategy"] = json!("As it was published.");
    let key = keys::analysis(&CourseId::try_from("algebra").unwrap(), edition);
    let row = json!({"edition": edition, "body": as_published.to_string(), "created_at": "2026-03-01T12:00:00Z"});
    fill(&test, vec![item(&key, "Analysis", row)]).await;
    assert_eq!(ada.through(test.twin()).get(path).await.ok()["analysis"], as_published);
}

#[tokio::test]
async fn a_student_with_two_thousand_topics_can_continue() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let algebra = CourseId::try_from("algebra").unwrap();
    // Ids of maximum length.
    let long = |number: u64| TopicId::try_from(format!("topic-{number:05}-{}", "x".repeat(116))).unwrap();
    let attempts: Vec<Attempt> =
        (0..2_000).map(|number| Attempt { topic_id: long(number), ..attempt(number, None) }).collect();
    let study = Study::fold(algebra.clone(), &attempts);
    let progress: Progress = test.app.store.progress(user(&ada), &algebra).await.unwrap().into_values().next().unwrap();
    let view = |study: &Study| TopicMasteryView {
        topic_id: study.mastery.topics.keys().next().unwrap().clone(),
        mastery: 0.5,
        interval: [0.0, 1.0],
        enough_data: false,
    };
    let intent = Intent { key: None, fingerprint: Fingerprint::of("/", &Value::Null) };
    let random = Random::new(SeededEntropy::new(7));
    let Attempt { id, course_id, topic_id, question_id, answer, correct, graded_by, ease, .. } =
        attempt(9_000, Some("8".to_owned()));
    let next = MarkedAnswer {
        id,
        course_id,
        topic_id,
        question_id,
        version: 1,
        corrected_at: None,
        answer,
        answers: BTreeMap::new(),
        correct,
        score: 1.0,
        parts: Vec::new(),
        graded_by,
        ease: ease.into(),
        time_spent_seconds: None,
        created_at: test.app.now(),
    };
    test.app
        .store
        .record_attempt(user(&ada), next, (progress, study, &Scheduler::new(None)), &intent, view, &random)
        .await
        .unwrap();
    let (largest, count) = stored(&test, &format!("USER#{}", ada.id), "MASTERY#").await;
    assert!(count == 1 && largest < ITEM_BYTES_MAX, "{largest}");

    let answer = ada.post("/api/questions/alg-q4/submit", json!({"answer": "8", "was_correct": true})).await.ok();
    assert_eq!(answer["attempts"], 2);
    let progress = ada.get("/api/assessment/progress?course_id=algebra").await.ok();
    assert_eq!(progress["attempts"], 2_002);
    let export = ada.get(EXPORT).await.ok();
    let mastery = &export["mastery"][0];
    assert_eq!((&mastery["version"], mastery["log"]["topics"].as_object().unwrap().len()), (&json!(2_002), 2_002));
}

/// All pages of an export: their bytes in the Lambda response, and their rows by name.
async fn export(person: &Person) -> (Vec<usize>, std::collections::BTreeMap<String, Vec<Value>>) {
    let (mut sizes, mut rows) = (Vec::new(), std::collections::BTreeMap::<String, Vec<Value>>::new());
    let mut path = EXPORT.to_owned();
    loop {
        let page = person.get(&path).await.ok();
        sizes.push(bytes_as_sent(&page));
        for (name, list) in page.as_object().unwrap() {
            if let Value::Array(list) = list {
                rows.entry(name.clone()).or_default().extend(list.iter().cloned());
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("{EXPORT}?cursor={cursor}"),
            None => return (sizes, rows),
        }
    }
}

#[tokio::test]
async fn an_export_of_fourteen_thousand_attempts_comes_in_pages() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let row = |number: u64| {
        let attempt = attempt(number, Some(format!("x = {number}")));
        item(&keys::attempt(user(&ada), attempt.id), "Attempt", serde_json::to_value(&attempt).unwrap())
    };
    fill(&test, (0..14_000).map(row).collect()).await;
    let (sizes, rows) = export(&ada).await;
    assert!(sizes.len() >= 2 && sizes.iter().all(|bytes| *bytes < 4_300_000), "{sizes:?}");
    let attempts: Vec<&Value> = rows["attempts"].iter().map(|attempt| &attempt["answer"]).collect();
    assert_eq!(
        attempts,
        (0..14_000).map(|number| json!(format!("x = {number}"))).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!((rows["profile"].len(), rows["sessions"].len(), rows["credit_transactions"].len()), (1, 1, 1));
}

#[tokio::test]
async fn an_export_with_long_answers_comes_in_pages() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    // Two thousand characters that take two bytes each in JSON, and four in a response that embeds it.
    let row = |number: u64| {
        let attempt = attempt(number, Some("\"".repeat(2_000)));
        item(&keys::attempt(user(&ada), attempt.id), "Attempt", serde_json::to_value(&attempt).unwrap())
    };
    fill(&test, (0..2_900).map(row).collect()).await;
    let (sizes, rows) = export(&ada).await;
    assert!(sizes.len() > 3 && sizes.iter().all(|bytes| *bytes < 4_300_000), "{sizes:?}");
    assert_eq!(rows["attempts"].len(), 2_900);
}

#[tokio::test]
async fn an_export_cursor_may_name_any_item_and_reveals_no_hash() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 15).await;
    let mut people = vec![ada.clone()];
    for _ in 0..5 {
        test.pass(Duration::from_secs(1));
        people.push(test.renewed(&ada).await);
    }
    let _ = ada.post_once("/api/questions/practice", "a key", json!({"course_id": "algebra", "count": 2})).await.ok();
    let all = test.app.store.items_of(user(&ada), None, |_| true).await.unwrap().items;
    let (mut place, mut found) = (None::<String>, Vec::new());
    loop {
        // One item a page.
        let page = test.app.store.items_of(user(&ada), place.as_deref(), |_| false).await.unwrap();
        assert_eq!(page.items.len(), 1);
        found.extend(page.items);
        let Some(next) = page.next else { break };
        for person in &people {
            let token = shared::domain::account::token::SessionToken::parse(person.token.as_ref().unwrap()).unwrap();
            assert!(!next.contains(token.hash().as_str()), "{next}");
        }
        place = Some(next);
    }
    let attributes = |items: &[shared::store::StoredItem]| -> Vec<Value> {
        items.iter().map(|item| json!([item.entity, item.attributes])).collect()
    };
    assert_eq!(attributes(&found), attributes(&all));
}

#[tokio::test]
async fn an_invalid_cursor_is_refused() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    for bad in ["_w", "%%", "eA", &"QUFB".repeat(200)] {
        let answer = ada.get(&format!("{EXPORT}?cursor={bad}")).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], "cursor", "{bad}");
    }
    let all = ada.get(EXPORT).await.ok();
    assert_eq!(all["next_cursor"], Value::Null);
    // Another user's cursor is a position in the caller's own data.
    let eve = test.member("eve", Plan::Free, 5).await;
    let cursor = shared::http::page::Cursor::encode("CREDIT#");
    let page = eve.get(&format!("{EXPORT}?cursor={cursor}")).await.ok();
    assert_eq!(page["profile"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_account_with_a_large_export_is_deleted_whole() {
    let test = TestApp::start().await;
    let ada = test.subscriber("ada").await;
    let eve = test.member("eve", Plan::Free, 5).await;
    test.set_hash(&eve, &shared::domain::account::password::PasswordHash::imported(WORKER_HASH.to_owned())).await;
    let rows = (0..300).map(|number| Progress {
        course_id: CourseId::try_from("algebra").unwrap(),
        question_id: QuestionId::try_from(format!("q{number}")).unwrap(),
        unlocked_at: test.app.now(),
        solution_at: None,
        opened_at: None,
        seen_at: test.app.now(),
        attempts: 0,
        correct_attempts: 0,
        was_correct: None,
        time_spent_seconds: 0,
        review: None,
        delivered_by: None,
    });
    let studies = ImportedStudies { progress: rows.collect(), enrollments: Vec::new() };
    let first = test.app.store.write_studies(user(&eve), &studies, false).await.unwrap();
    let second = test.app.store.write_studies(user(&eve), &studies, false).await.unwrap();
    assert_eq!((first.progress, second.progress), (300, 0));
    let body = json!({"password": PASSWORD}).to_string();
    let headers = [("content-type", "application/json")];
    let _ = eve.send(Method::DELETE, "/api/auth/account", Some(body), &headers).await.ok();
    assert_eq!(stored(&test, &format!("USER#{}", eve.id), "").await.1, 0);
    assert!(stored(&test, &format!("USER#{}", ada.id), "").await.1 > 0);
}
