//! Imports that were interrupted before they wrote the course: they are completed or taken back, and no process shows what was taken
//! back.

use std::collections::BTreeSet;

use pastpaper::import::import_catalog;
use pastpaper::import::undo::undo;
use serde_json::{Value, json};
use tests::TestApp;
use tests::proxy::{Aim, Fault, Proxy, Reach};

use crate::deliveries::{course, wide};
use crate::import::version_of;
use crate::import_undo::{A_WHILE, ada, algebra, assert_whole, other_course, small_course, without_versions};

/// Interrupts an import of a course before it writes the course itself.
async fn interrupted_at_its_end(test: &TestApp, proxy: &Proxy, file: &Value) {
    let name = format!("PutItem CATALOG COURSE#{}", file["course"]["id"].as_str().unwrap());
    proxy.arm(Fault::ErrorBefore, Aim { name: Some(name), nth: 0, reach: Reach::Onwards });
    assert!(import_catalog(&test.app, &file.to_string(), false).await.is_err() && proxy.hits() > 0);
    proxy.disarm();
}

/// Another solution is in no list of a course, so it alone does not change the course.
#[tokio::test]
async fn no_process_shows_what_was_taken_back() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, _) = ada(&test).await;
    let _ = ada.post("/api/questions/alg-q4/solution", json!({})).await.ok();
    let page = "/api/questions?course_id=algebra&limit=100";
    let before = ada.get(page).await.ok();
    let mut other = small_course();
    let rows = other["questions"].as_array_mut().unwrap();
    rows.iter_mut().find(|one| one["id"] == "alg-q4").unwrap()["solution_steps"] = json!(["Wrong."]);
    for is_interrupted in [false, true] {
        if is_interrupted {
            interrupted_at_its_end(&test, &proxy, &other).await;
        } else {
            test.import(&other).await;
        }
        test.pass(A_WHILE);
        // A process that has not read the questions before.
        let reader = test.renewed(&ada).await.through(test.twin());
        let shown = reader.get(page).await.ok();
        assert!(shown.to_string().contains("Wrong."), "{is_interrupted}");
        let version = test.app.store.last_import(&algebra()).await.unwrap().version;
        let _ = undo(&test.app, &algebra(), version).await.unwrap();
        test.pass(A_WHILE);
        let (mut after, mut expected) = (reader.get(page).await.ok(), before.clone());
        without_versions(&mut after);
        without_versions(&mut expected);
        assert_eq!(after, expected, "{is_interrupted}");
    }
    assert_whole(&test).await;
}

#[tokio::test]
async fn an_import_that_was_interrupted_at_its_end_is_completed_by_the_next() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let file = other_course();
    interrupted_at_its_end(&test, &proxy, &file).await;
    let record = test.app.store.import_record(&algebra()).await.unwrap().unwrap();
    assert!(record.version > version_of(&test, "algebra").await);
    test.import(&file).await;
    assert_eq!(version_of(&test, "algebra").await, record.version);
    assert_whole(&test).await;
    test.import(&file).await;
    assert_eq!(version_of(&test, "algebra").await, record.version, "there was nothing to write");
}

#[tokio::test]
async fn the_name_of_an_import_is_not_used_twice() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let mut names = BTreeSet::new();
    let mut file = small_course();
    for round in 0..3 {
        file["questions"][3]["answer"] = json!(format!("{round}1"));
        interrupted_at_its_end(&test, &proxy, &file).await;
        let version = test.app.store.last_import(&algebra()).await.unwrap().version;
        assert!(names.insert(version), "{version} in {names:?}");
        let _ = undo(&test.app, &algebra(), version).await.unwrap();
    }
    let first = course(4);
    interrupted_at_its_end(&test, &proxy, &first).await;
    let wide = wide();
    let _ = undo(&test.app, &wide, 1).await.unwrap();
    test.import(&first).await;
    assert_eq!(test.app.store.last_import(&wide).await.unwrap().version, 2);
    assert!(undo(&test.app, &wide, 1).await.is_err());
    assert!(undo(&test.app, &wide, 2).await.unwrap().is_hidden);
    assert_whole(&test).await;
}
