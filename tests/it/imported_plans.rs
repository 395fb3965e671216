//! Plans that an import brought: a starter's month, and an unlimited time with its end.

use std::time::Duration;

use axum::http::Method;
use jiff::SignedDuration;
use pastpaper::import::import_d1;
use serde_json::{Value, json};
use shared::domain::account::password::PasswordHash;
use shared::domain::account::profile::Profile;
use shared::domain::account::{Email, Name};
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{EntryType, Movement, Plan, REFRESH_PERIOD_SECONDS, Wallet};
use shared::domain::id::{EntryId, UserId};
use shared::store::{Credential, ImportedAccount};
use tests::stripe::{PRICE_STARTER, Shape, customer_of, life};
use tests::{PASSWORD, Person, TestApp, WORKER_HASH};
use uuid::Uuid;

const PERIOD: Duration = Duration::from_secs(REFRESH_PERIOD_SECONDS.unsigned_abs());
const PRACTICE: &str = "/api/questions/practice";

/// An account with this wallet, written as an earlier import did.
async fn imported(test: &TestApp, name: &str, wallet: Wallet) -> Person {
    imported_with(test, name, wallet, None).await
}

/// The same with a customer and a subscription at Stripe.
async fn imported_with(test: &TestApp, name: &str, wallet: Wallet, stripe: Option<(&str, &str)>) -> Person {
    let now = test.app.now();
    let id = UserId(Uuid::from_u128(name.bytes().fold(7, |sum, byte| sum * 31 + u128::from(byte))));
    let email = Email::try_from(format!("{name}@example.org")).unwrap();
    let opening = Movement {
        kind: EntryType::Adjustment,
        amount: i64::from(wallet.credits),
        balance_after: wallet.credits,
        description: "Opening".to_owned(),
        payment_intent: None,
    };
    let profile = Profile {
        stripe_customer_id: stripe.map(|(customer, _)| customer.to_owned()),
        stripe_subscription_id: stripe.map(|(_, subscription)| subscription.to_owned()),
        ..Profile::open(id, email.clone(), Name::default(), wallet, now)
    };
    let password_hash = PasswordHash::imported(WORKER_HASH.to_owned());
    let credential = Credential {
        user_id: id,
        password_hash,
        session_epoch: 0,
        second_factor: false,
        sign_in_told_at: None,
        created_at: now,
    };
    let entries = vec![Entry::of(&opening, EntryId::new(1, now, test.app.random.bytes()), id, 1, now)];
    test.app
        .store
        .write_account(&ImportedAccount { profile, credential, entries }, (test.app.now(), &test.app.random))
        .await
        .unwrap();
    let mut person = test.anonymous();
    (person.id, person.email) = (id.to_string(), email.as_str().to_owned());
    test.renewed(&person).await
}

fn wallet(test: &TestApp, plan: Plan, unlimited_until: Option<i64>) -> Wallet {
    let credits_reset_at = test.app.now().as_second() + REFRESH_PERIOD_SECONDS;
    Wallet { credits: 2, plan, monthly_credits: 5, credits_reset_at, unlimited_until }
}

#[tokio::test]
async fn a_starter_that_was_imported_with_five_a_month_gets_fifteen() {
    let test = TestApp::start().await;
    // The refresh may happen at a read of the balance, a spend, a login, or a free start.
    for (index, balance) in [15, 14, 15, 14].into_iter().enumerate() {
        let starter = wallet(&test, Plan::Starter, None);
        let ada = imported(&test, &format!("starter-{index}"), starter).await;
        let before = ada.get("/api/credits/balance").await.ok();
        assert_eq!((&before["monthly_credits"], &before["credits"]), (&json!(15), &json!(2)));
        let start = "/api/questions/alg-q4/start";
        if index == 3 {
            let _ = ada.post(start, json!({})).await.ok();
        }
        test.pass(PERIOD);
        let ada = test.renewed(&ada).await;
        match index {
            1 => {
                let practice = ada.post(PRACTICE, json!({"course_id": "algebra", "count": 1})).await.ok();
                assert_eq!(practice["credits"], 14);
            }
            2 => {
                let typed = json!({"email": ada.email, "password": PASSWORD});
                assert_eq!(test.anonymous().post("/api/auth/login", typed).await.ok()["user"]["credits"], 15);
            }
            3 => {
                assert_eq!(ada.post(start, json!({})).await.ok()["credits"], 15);
                let _ = ada.post(PRACTICE, json!({"course_id": "algebra", "count": 1})).await.ok();
            }
            _ => {}
        }
        assert_eq!(ada.credits().await, balance, "{index}");
        let stored = test.app.store.profile(UserId(ada.id.parse().unwrap())).await.unwrap().unwrap();
        assert_eq!(stored.wallet.monthly_credits, 15);
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_row_with_more_than_its_plan_keeps_it() {
    let test = TestApp::start().await;
    let ada = imported(&test, "ada", Wallet { monthly_credits: 40, ..wallet(&test, Plan::Free, None) }).await;
    test.pass(PERIOD);
    let ada = test.renewed(&ada).await;
    assert_eq!(ada.credits().await, 40);
}

#[tokio::test]
async fn an_invoice_brings_the_rest_of_the_month() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let _ = test.webhook(&life(Shape::Since, &ada, test.app.now())[0]).await.ok();
    assert_eq!(ada.get("/api/credits/balance").await.ok()["plan"], "starter");
    test.pass(Duration::from_hours(24 * 32));
    let ada = test.renewed(&ada).await;
    let balance = ada.get("/api/credits/balance").await.ok();
    assert_eq!((&balance["credits"], &balance["monthly_credits"]), (&json!(5), &json!(15)));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_unlimited_time_ends_once_in_every_order_with_payments_and_refreshes() {
    let test = TestApp::start().await;
    let start = test.app.now();
    let end = start + SignedDuration::from_hours(24 * 20);
    let mut people = Vec::new();
    for index in 0..4 {
        let timed = wallet(&test, Plan::Free, Some(end.as_second()));
        people.push(imported(&test, &format!("person-{index}"), timed).await);
    }
    for person in &people {
        let user = UserId(person.id.parse().unwrap());
        let _ = test.app.store.adopt_customer(user, &customer_of(person), start, &test.app.random).await.unwrap();
    }
    let spend = json!({"course_id": "algebra", "count": 1});
    let free = |answer: &serde_json::Value| answer["credits_deducted"] == json!(0);
    // The first two users spend during the unlimited period, the third after its end, the fourth never.
    for person in &people[..2] {
        let _ = test.webhook(&life(Shape::Since, person, start)[0]).await.ok();
    }
    for person in &people {
        assert_eq!(person.get("/api/credits/balance").await.ok()["plan"], "unlimited");
        assert_eq!(person.get("/api/auth/me").await.ok()["user"]["plan"], "unlimited");
        assert!(free(&person.post(PRACTICE, spend.clone()).await.ok()));
        let _ =
            person.post("/api/credits/purchase", json!({"plan": "unlimited"})).await.problem(409, "already_subscribed");
    }
    test.pass(Duration::from_hours(24 * 20) - Duration::from_secs(1));
    let mut later = Vec::new();
    for person in &people {
        later.push(test.renewed(person).await);
    }
    assert!(free(&later[0].post(PRACTICE, spend.clone()).await.ok()));
    test.pass(Duration::from_secs(1));
    let _ = test.webhook(&life(Shape::Since, &later[2], start)[0]).await.ok();
    for (person, plan, credits) in
        [(&later[0], "starter", 17), (&later[1], "starter", 17), (&later[2], "starter", 17), (&later[3], "free", 2)]
    {
        let balance = person.get("/api/credits/balance").await.ok();
        assert_eq!((&balance["plan"], &balance["credits"]), (&json!(plan), &json!(credits)));
        let practice = person.post(PRACTICE, spend.clone()).await.ok();
        assert_eq!((&practice["credits_deducted"], &practice["credits"]), (&json!(1), &json!(credits - 1)));
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_dump_brings_a_months_credits_and_an_unlimited_time() {
    let test = TestApp::start().await;
    let sql = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, credits INTEGER, plan TEXT, \
        monthly_credits INTEGER, credits_reset_at INTEGER, has_unlimited INTEGER, unlimited_until INTEGER, created_at TEXT);
        INSERT INTO users VALUES('00000000-0000-4000-8000-000000000001','a@b.c','x',2,'starter',5,1774958400,0,NULL,'2026-01-01'),
        ('00000000-0000-4000-8000-000000000002','b@b.c','x',2,'free',5,1774958400,1,1773144000,'2026-01-01');";
    let summary = import_d1(&test.app, sql, false).await.unwrap();
    let plans: Vec<&String> =
        summary.notes.iter().filter(|note| note.contains("month") || note.contains("unlimited")).collect();
    assert_eq!(
        plans,
        [
            "users 00000000-0000-4000-8000-000000000001: monthly_credits 5 became 15, a month of the plan starter",
            "users 00000000-0000-4000-8000-000000000002: unlimited until 2026-03-10T12:00:00.000Z, then free",
        ]
    );
    let mut person = test.anonymous();
    "00000000-0000-4000-8000-000000000002".clone_into(&mut person.id);
    let balance = async |person: &Person| {
        let balance = test.renewed(person).await.get("/api/credits/balance").await.ok();
        (balance["plan"].as_str().unwrap().to_owned(), balance["credits"].as_u64().unwrap())
    };
    assert_eq!(balance(&person).await, ("unlimited".to_owned(), 2));
    test.pass(Duration::from_hours(24 * 9));
    assert_eq!(balance(&person).await, ("free".to_owned(), 2));
    "00000000-0000-4000-8000-000000000001".clone_into(&mut person.id);
    test.pass(PERIOD);
    assert_eq!(balance(&person).await, ("starter".to_owned(), 15));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_second_import_adds_the_end_of_a_plan_and_overwrites_none() {
    let test = TestApp::start().await;
    let id = |number: usize| format!("00000000-0000-4000-8000-00000000000{number}");
    let dump = |ends: [Option<i64>; 3]| {
        let rows = ends.iter().enumerate().map(|(index, end)| {
            let (id, flag) = (id(index + 1), i32::from(end.is_some()));
            let end = end.map_or("NULL".to_owned(), |end| end.to_string());
            format!("('{id}','u{index}@b.c','x',2,'free',{flag},{end},'2026-01-01')")
        });
        format!(
            "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, credits INTEGER, plan TEXT,
             has_unlimited INTEGER, unlimited_until INTEGER, created_at TEXT); INSERT INTO users VALUES {};",
            rows.collect::<Vec<_>>().join(",")
        )
    };
    let now = test.app.now().as_second();
    let (soon, later) = (now + 86_400, now + 10 * 86_400);
    let _ = import_d1(&test.app, &dump([None, Some(soon), None]), false).await.unwrap();
    // An operator has decided about the third.
    let reason = shared::domain::credits::adjustment::AdjustmentReason::try_from("Ended").unwrap();
    let adjustment = shared::domain::credits::adjustment::Adjustment::Plan(Plan::Starter);
    let change = shared::store::OperatorChange { adjustment, reason: &reason, key: None };
    let _ = pastpaper::user::adjust(&test.app, &id(3), change).await.unwrap();
    let ends = async || {
        let mut ends = Vec::new();
        for number in 1..=3 {
            let profile = test.app.store.profile(UserId(id(number).parse().unwrap())).await.unwrap().unwrap();
            ends.push(profile.wallet.unlimited_until);
        }
        ends
    };
    let newer = dump([Some(later); 3]);
    let said = |summary: &pastpaper::import::Summary| -> Vec<String> {
        summary.notes.iter().filter(|note| note.contains("did not have")).cloned().collect()
    };
    for dry_run in [true, false, false] {
        let before = ends().await;
        let summary = import_d1(&test.app, &newer, dry_run).await.unwrap();
        let is_added = before[0].is_none();
        assert_eq!(said(&summary).len(), usize::from(is_added), "{summary}");
        let expected = if dry_run { before } else { vec![Some(later), Some(soon), None] };
        assert_eq!(ends().await, expected, "{summary}");
        assert!(summary.notes.iter().any(|note| note.starts_with("users: 3 have an account already")), "{summary}");
    }
    let mut person = test.anonymous();
    person.id = id(1);
    assert_eq!(plan(&test.renewed(&person).await).await, (json!("unlimited"), json!(5)));
    test.assert_ledgers_are_true().await;
}

async fn subscriber(test: &TestApp, name: &str) -> Person {
    let (customer, subscription) = (format!("cus_{name}"), format!("sub_{name}"));
    imported_with(test, name, wallet(test, Plan::Starter, None), Some((&customer, &subscription))).await
}

async fn delete(person: &Person) -> tests::Answer {
    let password = Some(json!({"password": PASSWORD}).to_string());
    person.send(Method::DELETE, "/api/auth/account", password, &[("content-type", "application/json")]).await
}

async fn plan(person: &Person) -> (Value, Value) {
    let balance = person.get("/api/credits/balance").await.ok();
    (balance["plan"].clone(), balance["credits"].clone())
}

#[tokio::test]
async fn an_imported_subscription_ends_with_its_customer() {
    let test = TestApp::start().await;
    let told = subscriber(&test, "told").await;
    let silent = subscriber(&test, "silent").await;
    for person in [&told, &silent] {
        assert_eq!(plan(person).await, (json!("starter"), json!(2)));
        let _ = delete(person).await.problem(409, "subscription_active");
        let _ =
            person.post("/api/credits/purchase", json!({"plan": "unlimited"})).await.problem(409, "already_subscribed");
    }
    // Stripe sends the event.
    let gone = json!({"id": "evt_gone", "created": test.app.now().as_second(), "type": "customer.deleted",
        "data": {"object": {"id": "cus_told", "object": "customer", "metadata": {}}}});
    let _ = test.webhook(&gone).await.ok();
    // Or it happened before the import, and the portal request detects it.
    test.stripe.delete_customer("cus_silent");
    let _ = silent.post("/api/credits/portal", json!({})).await.ok();
    for person in [&told, &silent] {
        assert_eq!(plan(person).await, (json!("free"), json!(2)));
        let _ = person.post("/api/credits/purchase", json!({"plan": "unlimited"})).await.ok();
        let _ = delete(person).await.ok();
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_import_is_paid_until_its_own_reset_date() {
    let test = TestApp::start().await;
    let ada = subscriber(&test, "ada").await;
    let reset = test.app.now().as_second() + REFRESH_PERIOD_SECONDS;
    test.pass(Duration::from_hours(24 * 31));
    let ada = test.renewed(&ada).await;
    // The refresh moves the reset date of the wallet, and not what was paid.
    let _ = ada.post(PRACTICE, json!({"course_id": "algebra", "count": 1})).await.ok();
    assert_eq!(plan(&ada).await, (json!("starter"), json!(14)));
    let pause = |paused: bool, created: i64| {
        json!({"id": format!("evt_{created}"), "created": created, "type": "customer.subscription.updated", "data": {"object": {
            "id": "sub_ada", "customer": "cus_ada", "status": "active", "metadata": {},
            "pause_collection": paused.then(|| json!({"behavior": "void"})),
            "items": {"data": [{"price": {"id": PRICE_STARTER}, "current_period_start": reset,
                "current_period_end": reset + REFRESH_PERIOD_SECONDS}]}}}})
    };
    let _ = test.webhook(&pause(true, reset + 60)).await.ok();
    assert_eq!(plan(&ada).await, (json!("free"), json!(14)));
    let detail = ada.post("/api/credits/purchase", json!({"plan": "starter"})).await.problem(409, "already_subscribed");
    assert!(detail["detail"].as_str().unwrap().contains("gives no plan now"), "{detail}");
    let _ = test.webhook(&pause(false, reset + 120)).await.ok();
    assert_eq!(plan(&ada).await, (json!("starter"), json!(14)));
    // Until the first payment, a refresh brings the complete imported month.
    test.pass(PERIOD);
    assert_eq!(plan(&test.renewed(&ada).await).await, (json!("starter"), json!(15)));
    test.assert_ledgers_are_true().await;
}
