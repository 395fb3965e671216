//! Buying a plan: the exact requests to Stripe, and its failures.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::{Plan, REFRESH_PERIOD_SECONDS};
use shared::domain::id::UserId;
use shared::domain::time::shown;
use tests::stripe::{
    CANCEL_URL, PRICE_STARTER, PRICE_UNLIMITED, SECRET_KEY, SUCCESS_URL, Shape, StripeFault, customer_of, life, others,
};
use tests::{Person, TestApp};
use tokio::net::TcpListener;

const PURCHASE: &str = "/api/credits/purchase";
const PORTAL: &str = "/api/credits/portal";

fn starter() -> Value {
    json!({"plan": "starter"})
}

fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_purchase_asks_stripe_for_a_customer_once_and_for_a_checkout_each_time() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let checkout = ada.post(PURCHASE, starter()).await.ok();
    let session_id = format!("cs_test_{:030}", 2);
    assert_eq!(
        checkout,
        json!({"checkout_url": format!("https://checkout.stripe.com/c/pay/{session_id}"), "session_id": session_id})
    );

    let asked = test.stripe.take_requests();
    let [customer, session] = asked.as_slice() else { panic!("{asked:#?}") };
    assert_eq!(customer.what, "POST /v1/customers");
    assert_eq!(customer.form, form(&[("email", "ada@example.org"), ("metadata[user_id]", &ada.id)]));
    assert_eq!(customer.headers["idempotency-key"], format!("customer-{}", ada.id));
    assert_eq!(session.what, "POST /v1/checkout/sessions");
    let customer_id = format!("cus_{:030}", 1);
    let expected = form(&[
        ("mode", "subscription"),
        ("customer", &customer_id),
        ("client_reference_id", &ada.id),
        ("line_items[0][price]", PRICE_STARTER),
        ("line_items[0][quantity]", "1"),
        ("success_url", SUCCESS_URL),
        ("cancel_url", CANCEL_URL),
        ("metadata[user_id]", &ada.id),
        ("subscription_data[metadata][user_id]", &ada.id),
    ]);
    assert_eq!(session.form, expected);
    for request in &asked {
        assert_eq!(request.headers["authorization"], format!("Bearer {SECRET_KEY}"));
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers["stripe-version"], "2025-03-31.basil");
    }

    let _ = ada.post(PURCHASE, json!({"plan": "unlimited"})).await.ok();
    let asked = test.stripe.take_requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].form["customer"].as_str(), asked[0].form["line_items[0][price]"].as_str()),
        (customer_id.as_str(), PRICE_UNLIMITED)
    );
    // Nothing is paid yet.
    assert_eq!(ada.get("/api/credits/balance").await.ok()["plan"], "free");
    assert_eq!(test.entries(&ada.id).await.len(), 1);
}

#[tokio::test]
async fn concurrent_purchases_share_one_customer() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let processes: Vec<Router> = (0..4).map(|_| test.twin()).collect();
    let answers = join_all((0..12).map(|index| {
        let ada = ada.through(processes[index % 4].clone());
        async move { ada.post(PURCHASE, starter()).await.ok() }
    }));
    assert_eq!(answers.await.len(), 12);
    let sessions = test.stripe.take_requests().into_iter().filter(|asked| asked.what.ends_with("sessions"));
    let customers: Vec<String> = sessions.map(|asked| asked.form["customer"].clone()).collect();
    assert_eq!((customers.len(), customers.iter().all(|customer| *customer == customers[0])), (12, true));
}

#[tokio::test]
async fn the_same_key_returns_the_same_checkout() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let first = ada.post_once(PURCHASE, "k", starter()).await.ok();
    assert_eq!(ada.post_once(PURCHASE, "k", starter()).await.ok(), first);
    let _ = ada.post_once(PURCHASE, "k", json!({"plan": "unlimited"})).await.problem(422, "idempotency_key_reused");
    assert_ne!(ada.post_once(PURCHASE, "other", starter()).await.ok(), first);
    // The same key of another user is a different key.
    let bob = test.member("bob", Plan::Free, 5).await;
    assert_ne!(bob.post_once(PURCHASE, "k", starter()).await.ok(), first);
    let keys: Vec<String> = test
        .stripe
        .take_requests()
        .iter()
        .map(|asked| asked.headers["idempotency-key"].to_str().unwrap().to_owned())
        .collect();
    assert!(keys.iter().all(|key| key.len() < 100), "{keys:?}");
}

#[tokio::test]
async fn a_plan_is_changed_in_the_portal() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = ada.post(PORTAL, json!({})).await.problem(409, "not_subscribed");
    let now = test.app.now();
    assert_eq!(test.webhook(&others(Shape::Since, &ada, now)[1]).await.ok(), json!({"received": true}));
    assert_eq!(test.webhook(&life(Shape::Since, &ada, now)[0]).await.ok(), json!({"received": true}));

    let _ = ada.post(PURCHASE, starter()).await.problem(409, "already_subscribed");
    let other = ada.post(PURCHASE, json!({"plan": "unlimited"})).await.problem(409, "already_subscribed");
    assert!(other["detail"].as_str().unwrap().contains("portal"), "{other}");
    assert_eq!(test.stripe.take_requests(), []);
    let portal = ada.post(PORTAL, json!({})).await.ok();
    assert_eq!(portal, json!({"portal_url": format!("https://billing.stripe.com/p/session/{:030}", 1)}));
    let asked = test.stripe.take_requests();
    assert_eq!((asked.len(), asked[0].what.as_str()), (1, "POST /v1/billing_portal/sessions"));
    assert_eq!(asked[0].form, form(&[("customer", &customer_of(&ada)), ("return_url", CANCEL_URL)]));

    // A plan set by an operator can be replaced by a paid one.
    let gifted = test.member("gifted", Plan::Starter, 5).await;
    let _ = gifted.post(PURCHASE, json!({"plan": "unlimited"})).await.ok();
}

#[tokio::test]
async fn a_customer_who_was_deleted_at_stripe_is_replaced_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let now = test.app.now();
    let _ = ada.post_once(PURCHASE, "k", starter()).await.ok();
    let old = test.stripe.take_requests()[1].form["customer"].clone();
    test.stripe.delete_customer(&old);

    let processes: Vec<Router> = (0..4).map(|_| test.twin()).collect();
    let answers = join_all((0..8).map(|index| {
        let ada = ada.through(processes[index % 4].clone());
        async move { ada.post(PURCHASE, starter()).await.ok() }
    }));
    assert_eq!(answers.await.len(), 8);
    let asked = test.stripe.take_requests();
    let created = asked.iter().filter(|asked| asked.what == "POST /v1/customers");
    let keys: std::collections::BTreeSet<_> =
        created.map(|asked| asked.headers["idempotency-key"].to_str().unwrap()).collect();
    assert_eq!(keys.len(), 1);
    assert!(!keys.contains(format!("customer-{}", ada.id).as_str()), "a key of its own: {keys:?}");
    let new: std::collections::BTreeSet<&str> = asked
        .iter()
        .filter_map(|asked| asked.form.get("customer"))
        .map(String::as_str)
        .filter(|of| **of != old)
        .collect();
    let [new] = new.into_iter().collect::<Vec<_>>()[..] else { panic!("one new customer: {asked:#?}") };

    // Later requests use the new customer directly, and the client's old key can be used again.
    let _ = ada.post_once(PURCHASE, "k", starter()).await.ok();
    let _ = ada.post(PORTAL, json!({})).await.ok();
    let asked = test.stripe.take_requests();
    assert_eq!(asked.iter().map(|asked| asked.form["customer"].as_str()).collect::<Vec<_>>(), [new, new]);

    // A late event of the old customer still finds its user, and does not bring the old customer back.
    let late = life(Shape::Since, &ada, now)[0].to_string().replace(&customer_of(&ada), &old).replace("user_id", "x");
    let _ = test.webhook(&serde_json::from_str(&late).unwrap()).await.ok();
    assert_eq!(ada.credits().await, 20);
    let _ = ada.post(PORTAL, json!({})).await.ok();
    assert_eq!(test.stripe.take_requests()[0].form["customer"], new);
}

/// The account's deletion also deletes the rows of customers who were replaced, however they were.
#[tokio::test]
async fn no_customer_of_a_deleted_account_is_known_any_more() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = ada.post(PURCHASE, starter()).await.ok();
    let mut customers = vec![test.stripe.take_requests()[1].form["customer"].clone()];
    for _ in 0..2 {
        test.stripe.delete_customer(customers.last().unwrap());
        let _ = ada.post(PURCHASE, starter()).await.ok();
        customers.push(test.stripe.take_requests().last().unwrap().form["customer"].clone());
    }
    // A late event of the first one does not bring it back.
    let paid = life(Shape::Since, &ada, test.app.now())[0].to_string().replace(&customer_of(&ada), &customers[0]);
    let _ = test.webhook(&serde_json::from_str(&paid.replace("user_id", "x")).unwrap()).await.ok();
    let user = test.app.store.profile(UserId(ada.id.parse().unwrap())).await.unwrap().unwrap();
    assert_eq!(user.stripe_customer_id.as_ref(), customers.last());
    for customer in &customers {
        assert_eq!(test.app.store.user_of_customer(customer).await.unwrap(), Some(user.id), "{customer}");
    }
    let ledger = test.app.store.begin_closing(user.clone(), test.app.now(), &test.app.random).await.unwrap().unwrap();
    test.app.store.finish_closing(user.id, ledger, None, &test.app.random).await.unwrap();
    for customer in &customers {
        assert_eq!(test.app.store.user_of_customer(customer).await.unwrap(), None, "{customer}");
    }
}

#[tokio::test]
async fn the_portal_replaces_a_deleted_customer_too() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = ada.post(PURCHASE, starter()).await.ok();
    let old = test.stripe.take_requests()[1].form["customer"].clone();
    test.stripe.delete_customer(&old);
    let _ = ada.post(PORTAL, json!({})).await.ok();
    let asked: Vec<String> = test.stripe.take_requests().into_iter().map(|asked| asked.what).collect();
    let portal = "POST /v1/billing_portal/sessions";
    assert_eq!(asked, [portal, &format!("GET /v1/customers/{old}"), "POST /v1/customers", portal]);
}

/// With a key of another Stripe account, our customers do not exist.
#[tokio::test]
async fn a_wrong_key_replaces_no_subscribers_customer() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let start = test.app.now();
    let (events, customer) = (life(Shape::Since, &ada, start), customer_of(&ada));
    let _ = test.webhook(&others(Shape::Since, &ada, start)[1]).await.ok();
    let _ = test.webhook(&events[0]).await.ok();
    test.stripe.set_unknown(&customer, true);
    let _ = ada.post(PORTAL, json!({})).await.problem(503, "unavailable");
    assert!(test.stripe.take_requests().iter().all(|asked| asked.what != "POST /v1/customers"));
    test.stripe.set_unknown(&customer, false);
    let _ = ada.post(PORTAL, json!({})).await.ok();
    assert_eq!(test.stripe.take_requests()[0].form["customer"], customer);
    assert_eq!(ada.get("/api/credits/balance").await.ok()["plan"], "starter");
}

/// A user without a subscription gets a new customer. If the old customer exists after all, its events restore it.
#[tokio::test]
async fn a_customer_who_was_replaced_by_mistake_comes_back() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = ada.post(PURCHASE, starter()).await.ok();
    let old = test.stripe.take_requests()[1].form["customer"].clone();
    test.stripe.set_unknown(&old, true);
    let _ = ada.post(PURCHASE, starter()).await.ok();
    let new = test.stripe.take_requests().last().unwrap().form["customer"].clone();
    assert_ne!(new, old);
    test.stripe.set_unknown(&old, false);
    let paid = life(Shape::Since, &ada, test.app.now())[0].to_string().replace(&customer_of(&ada), &old);
    let _ = test.webhook(&serde_json::from_str(&paid.replace("user_id", "x")).unwrap()).await.ok();
    assert_eq!(ada.get("/api/credits/balance").await.ok()["plan"], "starter");
    let _ = ada.post(PORTAL, json!({})).await.ok();
    assert_eq!(test.stripe.take_requests()[0].form["customer"], old);
}

/// The customer was deleted at Stripe without an event; its subscription ended too.
#[tokio::test]
async fn a_subscription_ends_with_a_customer_who_is_found_deleted() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let start = test.app.now();
    let _ = test.webhook(&others(Shape::Since, &ada, start)[1]).await.ok();
    let _ = test.webhook(&life(Shape::Since, &ada, start)[0]).await.ok();
    test.stripe.delete_customer(&customer_of(&ada));
    let _ = ada.post(PURCHASE, json!({"plan": "unlimited"})).await.problem(409, "already_subscribed");
    let _ = ada.post(PORTAL, json!({})).await.ok();
    let balance = ada.get("/api/credits/balance").await.ok();
    assert_eq!(
        (&balance["plan"], &balance["credits"], &balance["subscription"]),
        (&json!("free"), &json!(20), &Value::Null)
    );
    let _ = ada.post(PURCHASE, json!({"plan": "unlimited"})).await.ok();
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_permanent_rejection_by_stripe_is_not_503() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let error = |code: &str, param: &str| {
        StripeFault::Answer(400, json!({"error": {"type": "invalid_request_error", "code": code, "param": param}}))
    };
    test.stripe.fail(&[error("email_invalid", "email")]);
    let answer = ada.post(PURCHASE, starter()).await;
    let problem = answer.problem(422, "payment_rejected");
    assert!(problem["detail"].as_str().unwrap().contains("your email"), "{problem}");
    assert_eq!(test.stripe.take_requests().len(), 1);
    // A missing price is a configuration error, which an operator can fix.
    let _ = ada.post(PURCHASE, starter()).await.ok();
    test.stripe.fail(&[error("resource_missing", "line_items[0][price]")]);
    let _ = ada.post(PURCHASE, starter()).await.problem(503, "unavailable");
    // Missing portal settings and a key of the wrong mode are also configuration errors.
    let says = |message: &str, param: Option<&str>| {
        let error = json!({"type": "invalid_request_error", "message": message, "param": param, "code": param.map(|_| "resource_missing")});
        StripeFault::Answer(400, json!({ "error": error }))
    };
    let no_settings = "No configuration provided and your test mode default configuration has not been created.";
    let other_mode = "No such customer: 'cus_x'; a similar object exists in live mode, but a test mode key was used to make this request.";
    for fault in [says(no_settings, None), says(other_mode, Some("customer"))] {
        let _ = test.stripe.take_requests();
        test.stripe.fail(&[fault]);
        let _ = ada.post(PORTAL, json!({})).await.problem(503, "unavailable");
        assert_eq!(test.stripe.take_requests().len(), 1);
    }
    // A new customer may also be missing if it was deleted at once; the retries are bounded.
    let missing = || error("resource_missing", "customer");
    let created = StripeFault::Answer(200, json!({"id": "cus_gone_again"}));
    let deleted = StripeFault::Answer(200, json!({"id": "cus_gone", "deleted": true}));
    test.stripe.fail(&[missing(), deleted, created, missing()]);
    let _ = ada.post(PURCHASE, starter()).await.problem(422, "payment_rejected");
    let _ = ada.post(PURCHASE, starter()).await.ok();
    assert_eq!((ada.credits().await, test.entries(&ada.id).await.len()), (5, 1));
}

#[tokio::test]
async fn a_failure_of_stripe_changes_nothing() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let error = |status: u16, kind: &str| StripeFault::Answer(status, json!({"error": {"type": kind, "code": "c"}}));
    // Transient failures are retried.
    for fault in [
        error(500, "api_error"),
        error(409, "lock"),
        error(429, "rate"),
        StripeFault::ServerError,
        StripeFault::TimeoutAfter,
    ] {
        test.stripe.fail(std::slice::from_ref(&fault));
        let _ = ada.post(PURCHASE, starter()).await.ok();
    }
    let _ = test.stripe.take_requests();

    let busy = [500, 503, 500, 502].map(|status| error(status, "api_error"));
    let wrong = [error(401, "invalid_request_error")];
    let odd = [StripeFault::Answer(200, json!({"object": "list"}))];
    for (fault, tries) in [(busy.as_slice(), 4), (&wrong, 1), (&odd, 1)] {
        test.stripe.fail(fault);
        let answer = ada.post(PURCHASE, starter()).await;
        assert_eq!(answer.header("retry-after"), "1");
        let problem = answer.problem(503, "unavailable");
        assert!(!problem.to_string().to_lowercase().contains("stripe"), "{problem}");
        assert_eq!(test.stripe.take_requests().len(), tries);
    }
    let _ = ada.post(PURCHASE, starter()).await.ok();
    // No server listens at this address.
    let gone = test.twin_where(|name| (name == "STRIPE_API_BASE").then(|| Some("http://127.0.0.1:9".to_owned())));
    let _ = ada.through(gone).post(PURCHASE, starter()).await.problem(503, "unavailable");
    assert_eq!((ada.credits().await, test.entries(&ada.id).await.len()), (5, 1));
}

#[tokio::test]
async fn without_a_key_nothing_is_sold_outside_of_local() {
    let test = TestApp::start().await;
    let process = test.twin_where(|name| match name {
        "STAGE" => Some(Some("prod".to_owned())),
        name => name.starts_with("STRIPE").then_some(None),
    });
    let ada = test.member("ada", Plan::Free, 5).await.through(process);
    let _ = ada.post(PURCHASE, starter()).await.problem(503, "unavailable");
    let _ = ada.post("/api/webhooks/stripe", json!({})).await.problem(400, "invalid_signature");
}

/// A stand-in for the Lambda parameters extension: it returns its values to requests with the session token.
async fn extension(parameters: &'static [(&'static str, &'static str)]) -> u16 {
    async fn answer(
        State(parameters): State<&'static [(&'static str, &'static str)]>,
        Query(asked): Query<BTreeMap<String, String>>,
        headers: HeaderMap,
    ) -> Result<axum::Json<Value>, StatusCode> {
        if headers["x-aws-parameters-secrets-token"] != "a session" || asked["withDecryption"] != "true" {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let found = parameters.iter().find(|(name, _)| *name == asked["name"]).ok_or(StatusCode::BAD_REQUEST)?;
        Ok(axum::Json(json!({"Parameter": {"Name": found.0, "Type": "SecureString", "Value": found.1}})))
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/systemsmanager/parameters/get", get(answer)).with_state(parameters);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

#[tokio::test]
async fn secrets_come_from_parameters() {
    let test = TestApp::start().await;
    let port =
        extension(&[("/pastpaper/key", SECRET_KEY), ("/pastpaper/webhook", "whsec_other, whsec_standInForStripe")]);
    let port = port.await;
    let with = |key: &'static str| {
        test.twin_where(move |name| match name {
            "STRIPE_SECRET_KEY" | "STRIPE_WEBHOOK_SECRET" => Some(None),
            "STRIPE_SECRET_KEY_PARAMETER" => Some(Some(key.to_owned())),
            "STRIPE_WEBHOOK_SECRET_PARAMETER" => Some(Some("/pastpaper/webhook".to_owned())),
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT" => Some(Some(port.to_string())),
            "AWS_SESSION_TOKEN" => Some(Some("a session".to_owned())),
            _ => None,
        })
    };
    let ada = test.member("ada", Plan::Free, 5).await;
    let process = with("/pastpaper/key");
    let _ = ada.through(process.clone()).post(PURCHASE, starter()).await.ok();
    assert_eq!(test.stripe.take_requests()[0].headers["authorization"], format!("Bearer {SECRET_KEY}"));
    let _ = test.webhook_through(process, &life(Shape::Since, &ada, test.app.now())[0]).await.ok();
    let _ = ada
        .through(with("/pastpaper/none"))
        .post(PURCHASE, json!({"plan": "unlimited"}))
        .await
        .problem(409, "already_subscribed");
    let bob = test.member("bob", Plan::Free, 5).await;
    let _ = bob.through(with("/pastpaper/none")).post(PURCHASE, starter()).await.problem(503, "unavailable");
}

/// The subscription as clients see it: balance, plan, next date, failed payment.
#[tokio::test]
async fn the_balance_describes_the_subscription() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    assert_eq!(ada.get("/api/credits/balance").await.ok()["subscription"], Value::Null);
    let now = test.app.now();
    let (events, others) = (life(Shape::Since, &ada, now), others(Shape::Since, &ada, now));
    for event in [&others[1], &events[0]] {
        let _ = test.webhook(event).await.ok();
    }
    let balance = ada.get("/api/credits/balance").await.ok();
    let until = now.as_second() + 31 * 86_400;
    assert_eq!(
        balance,
        json!({
            "credits": 18, "plan": "starter", "monthly_credits": 15, "credits_reset_at": until,
            "subscription": {"ends_at": null, "payment_failing": false}, "created_at": shown(now),
            "has_unlimited": false, "unlimited_until": null,
        })
    );
    let newest = &ada.get("/api/credits/transactions?limit=1").await.ok()["transactions"][0];
    assert_eq!((&newest["type"], &newest["amount"]), (&json!("purchase"), &json!(15)));

    // The month is over, the next one is paid an hour later: fifteen again.
    test.pass(Duration::from_hours(31 * 24));
    let ada = test.renewed(&ada).await;
    assert_eq!(ada.credits().await, 5);
    let _ = test.webhook(&events[1]).await.ok();
    assert_eq!(ada.credits().await, 15);
    let _ = test.webhook(&others[3]).await.ok();
    let balance = ada.get("/api/credits/balance").await.ok();
    assert!(balance["subscription"]["ends_at"].as_i64().unwrap() > now.as_second(), "{balance}");
    test.pass(Duration::from_secs(REFRESH_PERIOD_SECONDS.unsigned_abs()));
    test.assert_ledgers_are_true().await;
    let _: Person = ada;
}
