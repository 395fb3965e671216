//! Copies of the whole database into another table.

use jiff::SignedDuration;
use pastpaper::copy::{CopyOrder, copy};
use pastpaper::verify::check_all;
use serde_json::json;
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use tests::TestApp;
use tests::proxy::{Aim, Fault, Reach};
use tests::stripe::{Shape, customer_of, life, payment_of};

fn order(source: &str, without_stripe: bool) -> CopyOrder {
    CopyOrder { source: source.to_owned(), without_stripe, units: 100_000, page: 10 }
}

/// A student who bought something, and one with payments of every kind.
async fn lives(test: &TestApp) {
    let ada = test.member("ada", Plan::Starter, 9).await;
    for path in ["/api/questions/alg-q4/start", "/api/questions/alg-q1/start"] {
        let _ = ada.post(path, json!({})).await.ok();
    }
    let _ = ada.post("/api/questions/alg-q4/submit", json!({"answer": "1"})).await;
    let eve = test.member("eve", Plan::Free, 3).await;
    let user = UserId(eve.id.parse().unwrap());
    let _ = test.app.store.adopt_customer(user, &customer_of(&eve), test.app.now(), &test.app.random).await.unwrap();
    for number in 1..=9 {
        for kind in ["ch", "in"] {
            test.stripe.set_customer(&payment_of(&eve, kind, number), &customer_of(&eve));
        }
    }
    for event in life(Shape::Since, &eve, test.app.now() - SignedDuration::from_hours(24 * 70)) {
        let _ = test.webhook(&event).await;
    }
}

#[tokio::test]
async fn a_copy_that_is_interrupted_at_every_call_goes_on_and_ends_equal() {
    let (test, proxy) = TestApp::behind_proxy().await;
    lives(&test).await;
    let other = test.before_another_table(&proxy);
    assert!(other.store.create_table().await.unwrap());
    let (source, target, clock) = (&test.app.store, &other.store, &test.clock);
    let order = order("here", false);
    let mut interrupted = 0;
    loop {
        // Each run fails a call later than the one before, with or without effect. The first four calls leave a marker.
        let fault = if interrupted % 2 == 0 { Fault::ErrorBefore } else { Fault::ErrorAfter };
        proxy.arm(fault, Aim { name: None, nth: 4 + interrupted, reach: Reach::Onwards });
        let ended = copy(source, target, &order, clock).await;
        let is_hit = proxy.hits() > 0;
        proxy.disarm();
        let Some(marker) = target.copy_marker().await.unwrap() else {
            // Complete, also if the answer to the deletion of the marker was lost.
            let is_equal = ended.as_ref().is_err_and(|error| error.to_string().starts_with("both are equal"));
            assert!(is_equal || ended.is_ok_and(|copied| copied.continued.is_some()));
            break;
        };
        assert!(is_hit && ended.is_err() && marker.source == "here", "{ended:?}");
        // What was begun is continued by nobody else.
        let other = CopyOrder { source: "there".to_owned(), ..order.clone() };
        let said = copy(source, target, &other, clock).await.unwrap_err().to_string();
        assert_eq!(said, "the target holds a copy of here that is not complete");
        interrupted += 1;
        assert!(interrupted < 100, "the copy makes no progress");
    }
    assert!(interrupted >= 5, "{interrupted}");
    assert_eq!(target.copy_marker().await.unwrap(), None);
    let findings = check_all(&other).await.unwrap();
    assert_eq!((findings.users, findings.mismatches()), (2, 0), "{findings:?}");
    // A table with something in it is no target, also if it is the same.
    let said = copy(source, target, &order, clock).await.unwrap_err().to_string();
    assert_eq!(said, "the target is not empty: a copy needs an empty table");
}

#[tokio::test]
async fn a_copy_and_the_copy_back_are_equal() {
    let (here, there) = (TestApp::start().await, TestApp::empty().await);
    lives(&here).await;
    let forth = copy(&here.app.store, &there.app.store, &order("here", false), &here.clock).await.unwrap();
    let back = here.on_another_table().await;
    let back = copy(&there.app.store, &back.store, &order("there", false), &here.clock).await.unwrap();
    assert_eq!(forth.tally, back.tally);
    assert_eq!((forth.continued, forth.written), (None, back.written));
    assert_eq!(forth.tally.digest(), back.tally.digest());
}

#[tokio::test]
async fn a_change_during_the_copy_is_found_and_the_next_run_corrects_it() {
    let (test, proxy) = TestApp::behind_proxy().await;
    lives(&test).await;
    let other = test.before_another_table(&proxy);
    assert!(other.store.create_table().await.unwrap());
    // All but the last page is copied, then users are granted credits.
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: 19, reach: Reach::Onwards });
    let order = order("here", false);
    assert!(copy(&test.app.store, &other.store, &order, &test.clock).await.is_err());
    proxy.disarm();
    assert!(other.store.copy_marker().await.unwrap().unwrap().place.is_some());
    for name in ["ada", "eve"] {
        let reason = "Late".try_into().unwrap();
        let adjustment = shared::domain::credits::adjustment::Adjustment::Credits(1);
        let change = shared::store::OperatorChange { adjustment, reason: &reason, key: None };
        let _ = pastpaper::user::adjust(&test.app, &format!("{name}@example.org"), change).await.unwrap();
    }
    let mut runs = 0;
    while let Err(error) = copy(&test.app.store, &other.store, &order, &test.clock).await {
        assert!(error.to_string().contains("partitions differ, such as USER#"), "{error:#}");
        runs += 1;
        assert!(runs < 3, "{error:#}");
    }
    assert!(runs > 0, "the comparison found nothing");
    let findings = check_all(&other).await.unwrap();
    assert_eq!((findings.users, findings.mismatches()), (2, 0), "{findings:?}");
}

#[tokio::test]
async fn a_copy_without_stripe_has_no_id_of_stripe_and_true_ledgers() {
    let (test, proxy) = TestApp::behind_proxy().await;
    lives(&test).await;
    let of_stripe = |dump: &[serde_json::Value]| {
        let dump = serde_json::to_string(dump).unwrap();
        ["\"cus_", "\"sub_", "\"pi_", "\"ch_", "STRIPE#", "CUSTOMER#", "BILLING"].map(|id| dump.contains(id))
    };
    let table = &test.app.config.database.table_name;
    assert!(of_stripe(&proxy.dump(table).await)[0], "the source has ids of Stripe");
    let other = test.before_another_table(&proxy);
    assert!(other.store.create_table().await.unwrap());
    let done = copy(&test.app.store, &other.store, &order("here", true), &test.clock).await.unwrap();
    assert!(done.tally.items() > 30);
    let dump = proxy.dump(&other.config.database.table_name).await;
    assert_eq!(of_stripe(&dump), [false; 7]);
    let findings = check_all(&other).await.unwrap();
    assert_eq!((findings.users, findings.mismatches()), (2, 0), "{findings:?}");
    let balance =
        async |app: &shared::app::App| pastpaper::user::find(app, "eve@example.org").await.unwrap().wallet.credits;
    assert_eq!(balance(&other).await, balance(&test.app).await);
}
