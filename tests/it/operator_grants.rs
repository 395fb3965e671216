//! An operator's grant with a key happens once, under repetition, concurrency and storage faults.

use futures_util::future::join_all;
use pastpaper::user_grants::{grant_all, rows};
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::credits::{Amount, Plan};
use shared::domain::id::UserId;
use shared::domain::idempotency::IdempotencyKey;
use shared::store::{AdjustError, Adjusted, OperatorChange, Store};
use tests::proxy::{Aim, Fault, Reach};
use tests::{Person, TestApp};

async fn grant(
    test: &TestApp,
    store: &Store,
    person: &Person,
    amount: Amount,
    key: &str,
) -> Result<Adjusted, AdjustError> {
    let profile = store.profile(UserId(person.id.parse().unwrap())).await?.unwrap();
    let (reason, key) = (AdjustmentReason::try_from("Sorry").unwrap(), IdempotencyKey::try_from(key).unwrap());
    let change = OperatorChange { adjustment: Adjustment::Credits(amount), reason: &reason, key: Some(&key) };
    store.adjust(profile, change, test.app.now(), &test.app.random).await
}

#[tokio::test]
async fn a_grant_with_a_key_is_given_once() {
    let test = TestApp::start().await;
    let (ada, eve) = (test.member("ada", Plan::Free, 5).await, test.member("eve", Plan::Free, 5).await);
    let store = &test.app.store;
    assert!(matches!(grant(&test, store, &ada, 3, "ticket 17").await, Ok(Adjusted::Now(_))));
    // A year later: the key is kept as long as the account.
    test.pass(std::time::Duration::from_hours(24 * 365));
    let Ok(Adjusted::Before(profile, at)) = grant(&test, store, &ada, 3, "ticket 17").await else { panic!() };
    assert_eq!((profile.wallet.credits, at.to_string().as_str()), (8, "2026-03-01T12:00:00Z"));
    assert!(matches!(grant(&test, store, &ada, 4, "ticket 17").await, Err(AdjustError::KeyReused)));
    assert!(matches!(grant(&test, store, &eve, 3, "ticket 17").await, Ok(Adjusted::Now(_))), "a key is an account's");
    // A refresh came before the second key's grant.
    let Ok(Adjusted::Now(profile)) = grant(&test, store, &ada, 3, "ticket 18").await else { panic!() };
    assert_eq!(profile.wallet.credits, 8);
    let ada = test.renewed(&ada).await;
    let export = ada.get("/api/auth/export").await.ok();
    assert_eq!(export["adjustments"].as_array().map(Vec::len), Some(2));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn credits_taken_with_a_key_are_taken_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    assert!(matches!(grant(&test, &test.app.store, &ada, -5, "k").await, Ok(Adjusted::Now(_))));
    assert!(matches!(grant(&test, &test.app.store, &ada, -5, "k").await, Ok(Adjusted::Before(..))));
    assert!(matches!(grant(&test, &test.app.store, &ada, -5, "l").await, Err(AdjustError::Refused(_))));
    assert_eq!(ada.credits().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_grants_with_one_key_give_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let other = Store::connect(&test.app.config.database);
    let race = (0..12).map(|number| {
        let store = if number % 2 == 0 { &test.app.store } else { &other };
        grant(&test, store, &ada, 3, "one")
    });
    let ended = join_all(race).await;
    let given = ended.iter().filter(|end| matches!(end, Ok(Adjusted::Now(_)))).count();
    assert_eq!((given, ended.iter().filter(|end| end.is_err()).count()), (1, 0), "{ended:?}");
    assert_eq!(ada.credits().await, 8);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_grant_repeated_after_a_lost_answer_gives_once() {
    let (test, proxy) = TestApp::behind_proxy().await;
    for (index, fault) in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::LostAnswer].into_iter().enumerate() {
        for reach in [Reach::Try, Reach::Call] {
            let ada = test.member(&format!("ada-{index}-{reach:?}"), Plan::Free, 5).await;
            let _ = proxy.take_calls();
            // The calls are: read the profile, read the record, write the transaction.
            proxy.arm(fault, Aim { name: None, nth: 2, reach });
            let first = grant(&test, &test.app.store, &ada, 3, "one").await;
            assert!(proxy.hits() > 0);
            proxy.disarm();
            let again = grant(&test, &test.app.store, &ada, 3, "one").await.unwrap();
            assert!(first.is_ok() || matches!(first, Err(AdjustError::Store(_))), "{first:?}");
            if first.is_ok() {
                assert!(matches!(again, Adjusted::Before(..)), "{again:?}");
            }
            assert_eq!(ada.credits().await, 8, "{fault:?} {reach:?}");
            let entries = test.entries(&ada.id).await;
            assert_eq!(entries.len(), 2, "{fault:?} {reach:?}");
        }
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_file_grants_each_account_once_however_often_it_is_run() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, ben) = (test.member("ada", Plan::Free, 5).await, test.member("ben", Plan::Free, 0).await);
    let file = "email,credits\nADA@example.org,3\nnew@example.org,4\nben@example.org,2\n";
    let rows = rows(file.as_bytes()).unwrap();
    let (reason, key) =
        (AdjustmentReason::try_from("Class").unwrap(), IdempotencyKey::try_from("autumn class").unwrap());
    // Interrupted at every call, with and without an effect.
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::LostAnswer] {
        for nth in 0..12 {
            proxy.arm(fault, Aim { name: None, nth, reach: Reach::Call });
            let _ = grant_all(&test.app, &rows, &key, &reason).await;
            proxy.disarm();
        }
    }
    let report = grant_all(&test.app, &rows, &key, &reason).await.unwrap();
    assert_eq!((report.granted, report.before, report.held, report.left), (0, 2, 1, 0), "{report:?}");
    assert!(report.lines[1].contains("no account yet: held since "), "{report:?}");
    assert_eq!((ada.credits().await, ben.credits().await), (8, 2));
    let new = test.member("new", Plan::Free, 1).await;
    assert_eq!(new.credits().await, 5);
    let report = grant_all(&test.app, &rows, &key, &reason).await.unwrap();
    assert_eq!((report.granted, report.before, report.left), (0, 3, 0), "{report:?}");
    assert_eq!(new.credits().await, 5);
    test.assert_ledgers_are_true().await;
}
