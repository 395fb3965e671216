//! Write conflicts and throttling: retried while they pass, 503 without an effect when they stay.

use std::collections::HashSet;

use serde_json::json;
use shared::domain::credits::Plan;
use shared::http::routes::ROUTES;
use tests::TestApp;
use tests::proxy::{Aim, Fault, Reach};

use crate::budget::committed;
use crate::round_trips;

use crate::faults::two_questions;

const PRACTICE: &str = "/api/questions/practice";

fn any_call(reach: Reach) -> Aim {
    Aim { name: None, nth: 0, reach }
}

#[tokio::test]
async fn passing_contention_is_retried() {
    let (test, proxy) = TestApp::behind_proxy().await;
    for fault in [Fault::Conflict, Fault::Throttle, Fault::Unprocessed, Fault::PartitionUnprocessed] {
        for reach in [Reach::Try, Reach::Call] {
            if (fault, reach) == (Fault::Throttle, Reach::Call) {
                continue;
            }
            let ada = test.member(&format!("{fault:?}-{reach:?}").to_lowercase(), Plan::Free, 5).await;
            proxy.arm(fault, any_call(reach));
            // Without a key, because the retries here are within one request.
            let practice = ada.post(PRACTICE, two_questions()).await.ok();
            assert_eq!((proxy.hits(), &practice["credits"]), (1, &json!(3)), "{fault:?} {reach:?}");
            proxy.disarm();
            assert_eq!(practice["questions"].as_array().unwrap().len(), 2);
            assert_eq!(test.entries(&ada.id).await.len(), 2);
        }
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn lasting_contention_is_503_without_an_effect() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    for fault in [Fault::Conflict, Fault::Throttle, Fault::Unprocessed, Fault::ErrorBefore] {
        proxy.arm(fault, any_call(Reach::Onwards));
        let answer = ada.post(PRACTICE, two_questions()).await;
        assert!(proxy.hits() > 1, "{fault:?}");
        proxy.disarm();
        assert_eq!(answer.header("retry-after"), "1");
        let _ = answer.problem(503, "unavailable");
        assert_eq!((ada.credits().await, test.entries(&ada.id).await.len()), (5, 1), "{fault:?}");
    }
    let page = ada.get("/api/questions?course_id=algebra").await.ok();
    assert!(page["questions"].as_array().unwrap().iter().all(|question| question["locked"] == true));
}

/// The SDK does not retry a plain write that conflicted with a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_at_any_write_is_retried() {
    let test = TestApp::start().await;
    let mut tried = HashSet::new();
    for row in committed() {
        let route = ROUTES.iter().find(|route| route.operation == row.operation).unwrap();
        let mut writes = 0;
        for round in 0.. {
            let (process, proxy) = test.twin_behind_proxy().await;
            let (person, path, body) = round_trips::request(&test, &row, &format!("conflict-{round}")).await;
            if round > 0 {
                proxy.arm(Fault::Conflict, Aim { name: None, nth: round - 1, reach: Reach::Try });
            }
            let person = person.through(process);
            let _ = round_trips::send(test.app.now(), &person, route.method.as_str(), &path, body).await;
            if round == 0 {
                let operations = proxy.take_calls().into_iter().map(|call| call.operation);
                let operations: Vec<_> = operations.filter(|name| Fault::of(name).contains(&Fault::Conflict)).collect();
                writes = operations.len();
                tried.extend(operations);
                // The first request for an edition writes it; another test covers that.
                writes -= usize::from(row.operation == "show_analysis" && row.situation.is_empty());
            } else {
                assert_eq!(proxy.hits(), 1, "{} {}: write {round} of {writes}", row.operation, row.situation);
            }
            if round == writes {
                break;
            }
        }
    }
    assert_eq!(tried.len(), 4, "{tried:?}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn each_start_enables_ttl_until_it_is_on() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let app = test.before_another_table(&proxy);
    let _ = proxy.take_calls();
    let asked = || proxy.take_calls().iter().filter(|call| call.operation == "UpdateTimeToLive").count();
    for (fault, is_new) in [(Some(Fault::ErrorBefore), true), (Some(Fault::Throttle), false), (None, false)] {
        if let Some(fault) = fault {
            let name = Some("UpdateTimeToLive".to_owned());
            proxy.arm(fault, Aim { name, nth: 0, reach: Reach::Onwards });
        }
        assert_eq!(app.store.create_table().await.unwrap(), is_new);
        proxy.disarm();
        assert_eq!((asked(), app.store.do_items_expire().await.unwrap()), (1, fault.is_none()), "{fault:?}");
    }
    assert!(!app.store.create_table().await.unwrap());
    assert_eq!(asked(), 0);
}
