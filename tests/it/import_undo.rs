//! `pastpaper import undo`: the last import of a course is taken back, while nobody has bought in the course since.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use pastpaper::copy::{CopyOrder, copy};
use pastpaper::course;
use pastpaper::import::missing::Missing;
use pastpaper::import::papers::{Paper, store_papers};
use pastpaper::import::undo::{last, undo};
use pastpaper::import::{import_catalog, import_d1};
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId};
use shared::store::{CatalogWrite, Undone};
use tests::proxy::{Aim, Fault, Proxy, Reach};
use tests::{Person, SMALL_COURSE, TestApp};

use crate::import::{DUMP, version_of, written};

/// So long that processes have read a course again.
pub(crate) const A_WHILE: Duration = Duration::from_mins(2);

pub(crate) fn algebra() -> CourseId {
    CourseId::try_from("algebra").unwrap()
}

pub(crate) fn small_course() -> Value {
    serde_json::from_str(SMALL_COURSE).unwrap()
}

/// The small course with a corrected answer and another right option, another name and a macro, and a question of a new topic, pattern
/// and exam.
pub(crate) fn other_course() -> Value {
    let mut course = small_course();
    course["course"]["name"] = json!("Algebra, corrected");
    course["course"]["macros"] = json!({"\\R": "\\mathbb{R}"});
    course["questions"][3]["answer"] = json!("9");
    let choice = course["questions"].as_array_mut().unwrap().iter_mut().find(|one| one["id"] == "alg-q2").unwrap();
    choice["answer"] = json!("A");
    for option in choice["options"].as_array_mut().unwrap() {
        option["is_correct"] = json!(option["letter"] == "A");
    }
    course["topics"].as_array_mut().unwrap().push(json!({"id": "alg-new", "name": "New", "category": "New"}));
    course["exams"].as_array_mut().unwrap().push(json!({"id": "alg-exam", "year": 2019, "exam_type": "Final"}));
    let pattern = json!({"id": "alg-pattern", "topic_id": "alg-new", "name": "Sums"});
    course["patterns"].as_array_mut().unwrap().push(pattern);
    let mut new = course["questions"][3].clone();
    for (name, value) in [
        ("id", "alg-q9"),
        ("topic_id", "alg-new"),
        ("exam_id", "alg-exam"),
        ("pattern_id", "alg-pattern"),
        ("question_text", "What is $3 + 4$?"),
    ] {
        new[name] = json!(value);
    }
    course["questions"].as_array_mut().unwrap().push(new);
    course
}

/// Removes versions: a question that was corrected and corrected back has a later one.
pub(crate) fn without_versions(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(without_versions),
        Value::Object(members) => {
            let _ = members.remove("version");
            members.values_mut().for_each(without_versions);
        }
        _ => {}
    }
}

/// What a student who bought two questions is shown of the course.
async fn shown(person: &Person) -> Value {
    let mut all = Vec::new();
    for path in [
        "/api/courses",
        "/api/courses/algebra/stats",
        "/api/courses/algebra/exams",
        "/api/topics?course_id=algebra",
        "/api/questions?course_id=algebra&limit=100",
        "/api/questions/alg-q4?render=html",
        "/api/questions/alg-q2",
    ] {
        all.push(person.get(path).await.ok());
    }
    let mut all = json!(all);
    without_versions(&mut all);
    all
}

/// Ada, who bought two questions of the small course, and what she is shown.
pub(crate) async fn ada(test: &TestApp) -> (Person, Value) {
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    for id in ["alg-q4", "alg-q2"] {
        let _ = ada.post(&format!("/api/questions/{id}/start"), json!({})).await.ok();
    }
    test.pass(A_WHILE);
    let shown = shown(&ada).await;
    (ada, shown)
}

async fn version(test: &TestApp, id: &str) -> u32 {
    let id = QuestionId::try_from(id).unwrap();
    test.app.store.question(&id).await.unwrap().unwrap().version
}

async fn listed(person: &Person) -> BTreeSet<String> {
    let page = person.get("/api/questions?course_id=algebra&limit=100").await.ok();
    page["questions"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// What imports kept in a table.
async fn kept(app: &App, proxy: &Proxy) -> usize {
    let items = proxy.partition(&app.config.database.table_name, "COURSE#algebra").await;
    items.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("IMPORT#")).count()
}

async fn refused(app: &App, version: u64) -> String {
    undo(app, &algebra(), version).await.unwrap_err().to_string()
}

pub(crate) async fn assert_whole(test: &TestApp) {
    let findings = check_all(&test.app).await.unwrap();
    assert_eq!((findings.mismatches(), findings.notes.len()), (0, 0), "{}", findings.report());
}

#[tokio::test]
async fn the_last_import_is_taken_back() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, before) = ada(&test).await;
    test.import(&other_course()).await;
    test.pass(A_WHILE);
    assert!(shown(&ada).await != before);
    assert!(listed(&ada).await.contains("alg-q9"));
    assert_eq!(
        last(&test.app, &algebra()).await.unwrap(),
        "The last import of algebra is algebra@2. It began at 2026-03-01T12:02:00.000Z.\n\
         Take it back: pastpaper import undo algebra@2"
    );
    assert_eq!(refused(&test.app, 1).await, "algebra@1 is not the last import of algebra. That is algebra@2");
    // What an operator does meanwhile, stays.
    let _ = course::retire(&test.app, &QuestionId::try_from("alg-q6").unwrap(), true).await.unwrap();
    let _ = course::activate(&test.app, &algebra(), false).await.unwrap();

    let undone = undo(&test.app, &algebra(), 2).await.unwrap();
    // The new exam had changed the shares of exams of all others.
    let expected = Undone { restored: 6, taken_back: 1, returned: 0, unlisted: 3, is_hidden: false };
    assert_eq!(undone, expected);
    assert!(!test.app.store.course(&algebra()).await.unwrap().unwrap().is_active);
    let _ = course::activate(&test.app, &algebra(), true).await.unwrap();
    let _ = course::retire(&test.app, &QuestionId::try_from("alg-q6").unwrap(), false).await.unwrap();
    test.pass(A_WHILE);
    assert!(shown(&ada).await == before, "not as before");
    // Versions rise: what was marked by the second one is counted apart.
    assert_eq!((version(&test, "alg-q4").await, version(&test, "alg-q1").await), (3, 1));
    assert_eq!(ada.post("/api/questions/alg-q4/submit", json!({"answer": "9"})).await.ok()["correct"], false);
    let before = shown(&ada).await;
    let _ = ada.post("/api/questions/alg-q9/start", json!({})).await.problem(404, "not_found");
    assert_eq!(kept(&test.app, &proxy).await, 0);
    let already = "the last import of algebra was taken back already, at 2026-03-01T12:04:00Z. Imports before it cannot be taken back";
    assert_eq!(refused(&test.app, 2).await, already);
    assert_eq!(last(&test.app, &algebra()).await.unwrap_err().to_string(), already);
    assert_whole(&test).await;

    // The next import brings the new question back, and can be taken back as well.
    test.import(&other_course()).await;
    test.pass(A_WHILE);
    let now = version_of(&test, "algebra").await;
    assert!(listed(&ada).await.contains("alg-q9"));
    assert_eq!(version(&test, "alg-q9").await, 1);
    assert_eq!(undo(&test.app, &algebra(), now).await.unwrap().restored, 7);
    test.pass(A_WHILE);
    assert!(shown(&ada).await == before, "not as before");
    assert_whole(&test).await;
    // An operator may bring it back, too.
    let _ = course::retire(&test.app, &QuestionId::try_from("alg-q9").unwrap(), false).await.unwrap();
    test.pass(A_WHILE);
    assert!(listed(&ada).await.contains("alg-q9"));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_import_after_which_somebody_bought_stays() {
    let test = TestApp::start().await;
    let eve = test.member("eve", Plan::Unlimited, 0).await;
    // Bought before the imports, which concerns none of them.
    let _ = eve.post("/api/questions/alg-q1/start", json!({})).await.ok();
    let mut courses = [other_course(), small_course()].into_iter().cycle();
    for (name, kind) in [("ada", "question"), ("ben", "midterm"), ("cy", "analysis")] {
        let person = test.member(name, Plan::Unlimited, 0).await;
        test.pass(A_WHILE);
        test.import(&courses.next().unwrap()).await;
        test.pass(A_WHILE);
        match kind {
            "question" => drop(person.post("/api/questions/alg-q4/start", json!({})).await.ok()),
            "midterm" => drop(person.midterm().await),
            _ => drop(person.get("/api/courses/algebra/analysis").await.ok()),
        }
        let version = version_of(&test, "algebra").await;
        let said = refused(&test.app, version).await;
        let began = shared::domain::time::shown(test.app.now() - A_WHILE);
        let at = shared::domain::time::shown(test.app.now());
        assert_eq!(
            said,
            format!(
                "1 account has bought in algebra since algebra@{version} began at {began}: {} at {at}. Nothing was changed. Import a corrected \
                 file instead",
                person.email
            )
        );
        assert_eq!(version_of(&test, "algebra").await, version);
    }
    for person in ["one", "two"] {
        let person = test.member(person, Plan::Unlimited, 0).await;
        let _ = person.post("/api/questions/alg-q3/start", json!({})).await.ok();
    }
    let said = refused(&test.app, version_of(&test, "algebra").await).await;
    assert!(said.starts_with("3 accounts have bought in algebra since"), "{said}");
    assert_whole(&test).await;
}

#[tokio::test]
async fn an_import_that_is_interrupted_at_any_call_is_taken_back() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, before) = ada(&test).await;
    let (mut cases, mut is_hit, mut nth) = (0, true, 0);
    while is_hit {
        // Each run ends a call later, with or without effect of the last one, and has something to write.
        let mut file = other_course();
        file["questions"][3]["answer"] = json!(format!("{nth}1"));
        let fault = if nth % 2 == 0 { Fault::ErrorAfter } else { Fault::ErrorBefore };
        proxy.arm(fault, Aim { name: None, nth, reach: Reach::Onwards });
        let ended = import_catalog(&test.app, &file.to_string(), false).await;
        is_hit = proxy.hits() > 0;
        proxy.disarm();
        assert!(ended.is_err() || !is_hit, "{nth}");
        // Now and then the file is corrected and imported again, which continues the import.
        let record = test.app.store.import_record(&algebra()).await.unwrap().unwrap();
        if nth % 3 == 1 && record.version > version_of(&test, "algebra").await {
            test.import(&other_course()).await;
        }
        if record.undone_at.is_none() && record.version > 1 {
            let is_incomplete = record.version > version_of(&test, "algebra").await;
            let named = format!("take it back by `pastpaper import undo algebra@{}`", record.version);
            let notes = check_all(&test.app).await.unwrap().notes;
            assert_eq!(notes.iter().any(|note| note.contains(&named)), is_incomplete, "{nth}: {notes:?}");
            let _ = undo(&test.app, &algebra(), record.version).await.unwrap();
            cases += 1;
        }
        test.pass(A_WHILE);
        assert!(shown(&ada).await == before, "{nth}: not as before");
        nth += 1;
    }
    assert!(cases >= 10 && nth >= 15, "{cases} of {nth} imports were taken back");
    assert_whole(&test).await;
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_undo_that_is_interrupted_at_any_call_is_completed_by_the_next() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, before) = ada(&test).await;
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter] {
        let (mut is_hit, mut nth) = (true, 0);
        while is_hit {
            test.import(&other_course()).await;
            let version = version_of(&test, "algebra").await;
            // The course changes meanwhile, as it does if a student looks at it.
            let _ = shown(&ada).await;
            proxy.arm(fault, Aim { name: None, nth, reach: Reach::Onwards });
            let ended = undo(&test.app, &algebra(), version).await;
            is_hit = proxy.hits() > 0;
            proxy.disarm();
            assert_eq!(ended.is_err(), is_hit, "{nth}");
            let record = test.app.store.import_record(&algebra()).await.unwrap().unwrap();
            if record.undone_at.is_none() {
                let named = format!("`pastpaper import undo algebra@{version}` completes that");
                let notes = check_all(&test.app).await.unwrap().notes;
                assert_eq!(notes.iter().any(|note| note.contains(&named)), record.undoing_at.is_some(), "{notes:?}");
                let _ = undo(&test.app, &algebra(), version).await.unwrap();
            }
            test.pass(A_WHILE);
            assert!(shown(&ada).await == before, "{nth}: not as before");
            nth += 1;
        }
        assert!(nth >= 15, "only {nth} calls");
    }
    assert_eq!(kept(&test.app, &proxy).await, 0);
    assert_whole(&test).await;
    test.assert_ledgers_are_true().await;
}

/// Interrupts an undoing directly after it began.
async fn begin_undoing(test: &TestApp, proxy: &Proxy, version: u64) {
    let name = Some("UpdateItem COURSE#algebra IMPORT".to_owned());
    proxy.arm(Fault::ErrorAfter, Aim { name, nth: 0, reach: Reach::Onwards });
    assert!(undo(&test.app, &algebra(), version).await.is_err());
    proxy.disarm();
}

#[tokio::test]
async fn what_is_bought_while_an_import_is_taken_back_stays_readable() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, before) = ada(&test).await;
    test.import(&other_course()).await;
    test.pass(A_WHILE);
    begin_undoing(&test, &proxy, 2).await;
    // Nobody had bought when the undoing began. Ben buys what it is about to take.
    let ben = test.member("ben", Plan::Unlimited, 0).await;
    let _ = ben.post("/api/questions/alg-q9/start", json!({})).await.ok();
    let bought = ben.post("/api/questions/alg-q4/start", json!({})).await.ok();
    assert_eq!(bought["question"]["version"], 2);
    let midterm = ben.midterm().await;
    let printed = ben.get(&format!("/api/midterm/{midterm}")).await.ok();
    let _ = undo(&test.app, &algebra(), 2).await.unwrap();
    test.pass(Duration::from_mins(11));

    assert!(shown(&ada).await == before, "not as before");
    assert_eq!(ben.get("/api/questions/alg-q9").await.ok()["question"]["question_text"], "What is $3 + 4$?");
    assert!(listed(&ben).await.contains("alg-q9") && !listed(&ada).await.contains("alg-q9"));
    assert_eq!(ben.post("/api/questions/alg-q9/submit", json!({"answer": "9"})).await.ok()["correct"], true);
    // He is marked by the key that is right again, and his answer is counted apart.
    let marked = ben.post("/api/questions/alg-q4/submit", json!({"answer": "8"})).await.ok();
    assert_eq!((&marked["correct"], &marked["version"]), (&json!(true), &json!(3)));
    assert_eq!(ben.get(&format!("/api/midterm/{midterm}")).await.ok(), printed);
    let _ = ben.get("/api/assessment/progress?course_id=algebra").await.ok();
    let _ = ben.get("/api/auth/export").await.ok();
    assert_whole(&test).await;
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_import_beside_an_undo_is_refused_by_name() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, before) = ada(&test).await;
    test.import(&other_course()).await;
    begin_undoing(&test, &proxy, 2).await;
    let mut third = other_course();
    third["questions"][0]["answer"] = json!("77");
    let said = import_catalog(&test.app, &third.to_string(), false).await.unwrap_err().to_string();
    assert_eq!(
        said,
        "the import algebra@2 is being taken back, or that was interrupted. Run `pastpaper import undo algebra@2` to complete that, then \
         run this import again"
    );
    assert_eq!(version(&test, "alg-q1").await, 1);
    assert!(last(&test.app, &algebra()).await.unwrap().contains("Taking it back was interrupted"));
    let _ = undo(&test.app, &algebra(), 2).await.unwrap();
    test.pass(A_WHILE);
    assert!(shown(&ada).await == before, "not as before");
    test.import(&third).await;
    assert_eq!(version(&test, "alg-q1").await, 2);
    assert_whole(&test).await;
}

/// Whatever wins, repeating what was refused leads to a whole course.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_undoings_and_purchases_at_once_leave_a_whole_course() {
    let test = TestApp::start().await;
    let apps = [test.app_where(|_| None), test.app_where(|_| None)];
    for round in 0..tests::engine::rounds(4) {
        test.pass(A_WHILE);
        let mut file = other_course();
        file["questions"][3]["answer"] = json!(format!("{round}2"));
        test.import(&file).await;
        test.pass(A_WHILE);
        let version = version_of(&test, "algebra").await;
        file["questions"][0]["answer"] = json!(format!("{round}3"));
        let file = file.to_string();
        let buyer = test.member(&format!("buyer-{round}"), Plan::Unlimited, 0).await.through(test.twin());
        let id = algebra();
        let (imported, undone, bought) = tokio::join!(
            import_catalog(&apps[0], &file, false),
            undo(&apps[1], &id, version),
            buyer.post("/api/questions/alg-q9/start", json!({}))
        );
        for error in [imported.as_ref().err(), undone.as_ref().err()].into_iter().flatten() {
            let said = error.to_string();
            let is_named = [
                "being taken back",
                "taken back while it ran",
                "is not the last import",
                "bought in algebra",
                "Run this one again",
            ];
            assert!(is_named.iter().any(|named| said.contains(named)), "{said}");
        }
        let record = test.app.store.import_record(&algebra()).await.unwrap().unwrap();
        if record.undoing_at.is_some() {
            let _ = undo(&test.app, &algebra(), record.version).await.unwrap();
        }
        if imported.is_err() {
            let _ = import_catalog(&test.app, &file, false).await.unwrap();
        }
        if bought.status == 200 {
            let _ = buyer.get("/api/questions/alg-q9").await.ok();
        }
        assert_whole(&test).await;
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_first_import_of_a_course_hides_it_when_it_is_taken_back() {
    let test = TestApp::empty().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    test.import(&small_course()).await;
    let undone = undo(&test.app, &algebra(), 1).await.unwrap();
    assert_eq!((undone.taken_back, undone.restored, undone.is_hidden), (6, 0, true));
    test.pass(A_WHILE);
    assert_eq!(ada.get("/api/courses").await.ok()["courses"], json!([]));
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.problem(404, "not_found");
    assert_whole(&test).await;
    test.import(&small_course()).await;
    test.pass(A_WHILE);
    assert_eq!(listed(&ada).await.len(), 6);
    assert_eq!(ada.get("/api/topics?course_id=algebra").await.ok()["topics"].as_array().unwrap().len(), 3);
    assert_whole(&test).await;
}

#[tokio::test]
async fn questions_that_an_import_retired_come_back() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = course::retire(&test.app, &QuestionId::try_from("alg-q6").unwrap(), true).await.unwrap();
    test.pass(A_WHILE);
    let all = listed(&ada).await;
    // One import changes a question, too; the other one only retires.
    for answer in [Some("9"), None] {
        let mut file = small_course();
        file["questions"]
            .as_array_mut()
            .unwrap()
            .retain(|question| question["id"] != "alg-q1" && question["id"] != "alg-q5");
        if let Some(answer) = answer {
            file["questions"].as_array_mut().unwrap().iter_mut().find(|one| one["id"] == "alg-q4").unwrap()["answer"] =
                json!(answer);
        }
        let before = version_of(&test, "algebra").await;
        test.import(&file).await;
        let missing = Missing::find(&test.app, &file.to_string()).await.unwrap();
        missing.retire(&test.app, before).await.unwrap();
        test.pass(A_WHILE);
        assert_eq!(listed(&ada).await.len(), all.len() - 2);
        assert_whole(&test).await;
        let version = test.app.store.last_import(&algebra()).await.unwrap().version;
        let undone = undo(&test.app, &algebra(), version).await.unwrap();
        assert_eq!((undone.returned, undone.restored), (2, usize::from(answer.is_some())));
        test.pass(A_WHILE);
        assert_eq!(listed(&ada).await, all);
        assert_whole(&test).await;
    }
}

#[tokio::test]
async fn what_was_not_kept_is_refused_by_name() {
    let test = TestApp::start().await;
    let id = algebra();
    let write = async |write: CatalogWrite<'_>, answer: &str| {
        let mut catalog = pastpaper::stored_course::read(&test.app, &id).await.unwrap().unwrap();
        for question in &mut catalog.questions {
            question.answer = answer.to_owned();
        }
        test.app.store.write_catalog(catalog, &write).await.unwrap()
    };
    let now = test.app.now();
    let _ = write(CatalogWrite { kept_max: 2, ..CatalogWrite::whole(now) }, "1").await;
    let said = refused(&test.app, 2).await;
    assert!(said.starts_with("the import algebra@2 cannot be taken back: it replaced more than 50000 rows"), "{said}");
    // Drawing formulas again is no import, and the last import stays what it was.
    let _ = write(CatalogWrite::whole(now), "2").await;
    let _ = write(CatalogWrite { is_import: false, ..CatalogWrite::whole(now) }, "3").await;
    assert_eq!(refused(&test.app, 4).await, "algebra@4 is not the last import of algebra. That is algebra@3");
    let _ = undo(&test.app, &id, 3).await.unwrap();
    let question = test.app.store.question(&QuestionId::try_from("alg-q1").unwrap()).await.unwrap().unwrap();
    assert_eq!((question.answer.as_str(), question.version), ("1", 5));

    let old = TestApp::empty().await;
    let mut catalog = pastpaper::stored_course::read(&test.app, &id).await.unwrap().unwrap();
    catalog.course.catalog_version = 0;
    let before_records = CatalogWrite { is_import: false, ..CatalogWrite::whole(now) };
    let _ = old.app.store.write_catalog(catalog, &before_records).await.unwrap();
    assert_eq!(
        refused(&old.app, 1).await,
        "no import of algebra can be taken back: its last import was by a release of pastpaper that kept no record"
    );
    old.import(&small_course()).await;
    let _ = undo(&old.app, &id, 2).await.unwrap();
    let none = CourseId::try_from("none").unwrap();
    assert_eq!(undo(&old.app, &none, 1).await.unwrap_err().to_string(), "there is no course \"none\"");
}

#[tokio::test]
async fn papers_and_dumps_are_taken_back_too() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let before = listed(&ada).await;
    let import = async |text: &str| {
        let mut papers = [Paper::of("quiz.gift", text.as_bytes(), None).unwrap()];
        store_papers(&test.app, &algebra(), None, &mut papers, false, false).await.unwrap().0
    };
    let wrong = "::One:: What is 1 + 1? {=3}\n\n::Two:: What is 2 + 2? {=5}\n";
    let _ = import(wrong).await;
    test.pass(A_WHILE);
    assert_eq!(listed(&ada).await.len(), before.len() + 2);
    let _ = undo(&test.app, &algebra(), 2).await.unwrap();
    test.pass(A_WHILE);
    assert_eq!(listed(&ada).await, before);
    let right = wrong.replace("=3", "=2").replace("=5", "=4");
    let _ = import(&right).await;
    test.pass(A_WHILE);
    let now = listed(&ada).await;
    assert_eq!(now.len(), before.len() + 2, "{now:?}");
    assert_eq!(written(&import(&right).await), 0);
    assert_whole(&test).await;

    // A copy has what can be taken back.
    let other = test.before_another_table(&proxy);
    assert!(other.store.create_table().await.unwrap());
    let order = CopyOrder { source: "here".to_owned(), without_stripe: false, units: 100_000, page: 10 };
    let _ = copy(&test.app.store, &other.store, &order, &test.clock).await.unwrap();
    let version = test.app.store.last_import(&algebra()).await.unwrap().version;
    // The two questions are those that were taken back before, and are again.
    assert_eq!(undo(&other, &algebra(), version).await.unwrap().restored, 2);
    assert_eq!(other.store.course(&algebra()).await.unwrap().unwrap().stats.questions, 6);
    assert_eq!(check_all(&other).await.unwrap().mismatches(), 0);

    let empty = TestApp::empty().await;
    let _ = import_d1(&empty.app, DUMP, false).await.unwrap();
    for course in empty.app.store.courses().await.unwrap() {
        let undone = undo(&empty.app, &course.id, 1).await.unwrap();
        assert!(undone.is_hidden, "{course:?}");
    }
    assert_whole(&empty).await;
    empty.assert_ledgers_are_true().await;
    let _ = import_d1(&empty.app, DUMP, false).await.unwrap();
    assert!(
        empty.app.store.courses().await.unwrap().iter().any(|course| course.is_active && course.stats.questions > 0)
    );
}

/// Two imports of one course at once: neither is lost, and neither undoes what the other one wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_imports_at_once_are_both_complete() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let apps = [test.app_where(|_| None), test.app_where(|_| None)];
    let rounds = tests::engine::rounds(3);
    for round in 0..rounds {
        let mut papers: Vec<_> = ["left", "right"]
            .iter()
            .map(|name| {
                let gift =
                    format!("::{name} {round}:: What does the {name} hand hold in round {round}? {{=nothing}}\n");
                Paper::of(&format!("{name}-{round}.gift"), gift.as_bytes(), None).unwrap()
            })
            .collect();
        let id = algebra();
        let both = apps
            .iter()
            .zip(&mut papers)
            .map(|(app, paper)| store_papers(app, &id, None, std::slice::from_mut(paper), false, false));
        for done in join_all(both).await {
            let (summary, _) = done.unwrap();
            assert!(summary.refused.is_empty(), "{summary}");
        }
    }
    test.pass(A_WHILE);
    assert_eq!(listed(&ada).await.len(), 6 + 2 * rounds);
    // A whole file, which changes a question in each round, beside papers.
    for round in 0..rounds {
        let mut file = small_course();
        file["questions"][0]["answer"] = json!(format!("{round}1"));
        let gift = format!("::third {round}:: What does the third hand hold in round {round}? {{=nothing}}\n");
        let mut papers = [Paper::of(&format!("third-{round}.gift"), gift.as_bytes(), None).unwrap()];
        let (id, file) = (algebra(), file.to_string());
        let (whole, added) = tokio::join!(
            import_catalog(&apps[0], &file, false),
            store_papers(&apps[1], &id, None, &mut papers, false, false)
        );
        let (_, _) = (whole.unwrap(), added.unwrap());
        let answer = test.app.store.question(&QuestionId::try_from("alg-q1").unwrap()).await.unwrap().unwrap().answer;
        assert_eq!(answer, format!("{round}1"), "papers undid a correction");
    }
    test.pass(A_WHILE);
    assert_eq!(listed(&ada).await.len(), 6 + 3 * rounds);
    assert_whole(&test).await;
}
