//! Harness of the end-to-end tests: all routers in this process on an embedded database per test, a clock that moves
//! only when told, ids that are the same in every run, and API users.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a panic fails the test")]

mod answer;
mod clock;
pub mod compatibility;
pub mod contract;
pub mod engine;
mod entropy;
pub mod events;
pub mod factor;
mod keys;
pub mod mail;
mod person;
pub mod proxy;
pub mod ses;
pub mod smtp;
pub mod stripe;
mod vouchers;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request};
use pastpaper::import::import_catalog;
use pastpaper::router;
use pastpaper::verify::check_all;
use serde_json::Value;
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::account::password::PasswordHash;
use shared::domain::account::profile::Profile;
use shared::domain::account::session::Session;
use shared::domain::account::token::SessionToken;
use shared::domain::account::{Email, Name};
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{EntryType, Movement, Plan, REFRESH_PERIOD_SECONDS, Wallet};
use shared::domain::id::{EntryId, UserId};
use shared::domain::limits::Limits;
use shared::domain::random::Random;
use shared::domain::settings::CreditTerms;
use shared::domain::time::{Clock, SystemClock};
use shared::store::{Credential, ImportedAccount, Store};

use crate::engine::Engine;
use crate::stripe::StripeStandIn;

pub use answer::Answer;
pub use clock::TestClock;
pub use entropy::SeededEntropy;
pub use person::{PASSWORD, Person, WORKER_HASH};
pub use proxy::Proxy;
pub use vouchers::VOUCHER;

/// The course used by most tests: small enough to count by hand.
pub const SMALL_COURSE: &str = include_str!("../fixtures/small_course.json");
/// The key that signs the addresses of figures.
pub const FIGURE_KEY: &str = "a key of figures for tests, 32 bytes or more";
/// The key of the tokens in links of mails.
pub const MAIL_KEY: &str = "a key of mail for tests, 32 bytes or more";
/// The key of second factors.
pub const FACTOR_KEY: &str = "a key of factors for tests of 32 bytes or more";
/// The sender of mail.
pub const MAIL_FROM: &str = "no-reply@mail.example.org";
/// The operators' mailbox.
pub const CONTACT_EMAIL: &str = "operators@example.org";
/// The client that links open.
pub const APP_URL: &str = "https://app.example.org";
/// The API, as mail programs reach it.
pub const API_URL: &str = "https://api.example.org";
/// The topic of SES's reports.
pub const MAIL_TOPIC_ARN: &str = "arn:aws:sns:us-east-1:123456789012:pastpaper-mail";
/// The address of the figure of `alg-q6`.
pub const FIGURE: &str = "/api/figures/4e05165b48a9dcb6b4f0cece1404206d6cfbbde47658d4b65d3998bef4f7c108?\
     sig=aa0e115b8b185bc74fd82009932aef02";
/// Rate limits of most tests. They are large, because the clock does not move.
const WIDE: Limits = Limits::times(1_000_000);
/// The start time of every test on an embedded engine.
pub const START: &str = "2026-03-01T12:00:00Z";

/// A running app with its dependencies.
pub struct TestApp {
    /// The app that the handlers use.
    pub app: App,
    pub clock: TestClock,
    /// The stand-in for Stripe.
    pub stripe: StripeStandIn,
    router: Router,
    /// Number of processes started after the first one.
    processes: AtomicU64,
    // The database or table, which is deleted when the test ends.
    engine: Engine,
}

impl TestApp {
    /// An app with the course `algebra` of `fixtures/small_course.json`.
    pub async fn start() -> Self {
        let test = Self::empty().await;
        test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
        test
    }

    /// Like [`TestApp::start`], with the real rate limits.
    pub async fn limited() -> Self {
        let mut test = Self::start().await;
        test.app = test.app.with_limits(Limits::default());
        test.router = router::all(&test.app);
        test
    }

    /// Like [`TestApp::limited`], with every quota capped at `quota_max`. For tests that exhaust one.
    pub async fn limited_to(quota_max: u32) -> Self {
        let mut test = Self::start().await;
        test.app = test.app.with_limits(Limits::at_most(quota_max));
        test.router = router::all(&test.app);
        test
    }

    /// An app with an empty table.
    pub async fn empty() -> Self {
        let engine = Engine::start().await;
        let endpoint_url = engine.endpoint_url().to_owned();
        Self::over(engine, endpoint_url).await
    }

    /// Like [`TestApp::start`], with all database calls going through a proxy.
    pub async fn behind_proxy() -> (Self, Proxy) {
        let engine = Engine::start().await;
        let proxy = Proxy::start(engine.endpoint_url()).await;
        let test = Self::over(engine, proxy.endpoint_url()).await;
        test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
        (test, proxy)
    }

    async fn over(mut engine: Engine, endpoint_url: String) -> Self {
        log_causes();
        let database = Database::local(endpoint_url, engine.table());
        let stripe = StripeStandIn::start().await;
        let config = Config::read(|name| environment(name, &database, &stripe)).unwrap();
        let clock = TestClock::at(engine.start_time(START.parse().unwrap()));
        let store = Store::connect(&database);
        let random = Random::new(SeededEntropy::new(engine.seed(1)));
        let app = App::with(config, store, clock.clone(), random).with_limits(WIDE).with_key_derivation(keys::derive);
        assert!(app.store.create_table().await.unwrap());
        engine.check_at_end(&app.config);
        Self { router: router::all(&app), app, clock, stripe, processes: AtomicU64::new(0), engine }
    }

    /// Imports a course.
    pub async fn import(&self, course: &Value) {
        let summary = import_catalog(&self.app, &course.to_string(), false).await.unwrap();
        assert!(summary.refused.is_empty(), "{summary}");
    }

    /// An app on an empty table in the same engine, which still remembers this app's transaction tokens.
    pub async fn on_another_table(&self) -> App {
        let app = self.app_on_another_table(self.engine.endpoint_url().to_owned());
        assert!(app.store.create_table().await.unwrap());
        app
    }

    /// Like [`TestApp::on_another_table`], through a proxy, and before the table is created.
    #[must_use]
    pub fn before_another_table(&self, proxy: &Proxy) -> App {
        self.app_on_another_table(proxy.endpoint_url())
    }

    fn app_on_another_table(&self, endpoint_url: String) -> App {
        let database = Database::local(endpoint_url, &format!("{}-2", self.engine.table()));
        let store = Store::connect(&database);
        let mut config = (*self.app.config).clone();
        config.database = database;
        App::with(config, store, self.clock.clone(), Random::new(SeededEntropy::new(self.engine.seed(1))))
    }

    /// A second process on the same table, with its own client and caches.
    pub fn twin(&self) -> Router {
        self.process((*self.app.config).clone())
    }

    /// Like [`TestApp::twin`], with environment variables overridden by `change`.
    pub fn twin_where(&self, change: impl Fn(&str) -> Option<Option<String>>) -> Router {
        let unchanged = |name: &str| environment(name, &self.app.config.database, &self.stripe);
        self.process(Config::read(|name| change(name).unwrap_or_else(|| unchanged(name))).unwrap())
    }

    /// Like [`TestApp::twin`], with its own proxy in front of the database.
    pub async fn twin_behind_proxy(&self) -> (Router, Proxy) {
        let (app, proxy) = self.app_behind_proxy().await;
        (router::all(&app), proxy)
    }

    /// The app of another process, with its own proxy in front of the database.
    pub async fn app_behind_proxy(&self) -> (App, Proxy) {
        let proxy = Proxy::start(self.engine.endpoint_url()).await;
        let mut database = self.app.config.database.clone();
        database.endpoint_url = Some(proxy.endpoint_url());
        // SDK clients of one region share a retry budget. A separate region gives this process a budget of its own.
        database.region = format!("local-{}", proxy.port());
        let mut config = (*self.app.config).clone();
        config.database = database;
        (self.app_of(config), proxy)
    }

    /// The app of another process with environment variables overridden by `change`.
    pub fn app_where(&self, change: impl Fn(&str) -> Option<Option<String>>) -> App {
        let unchanged = |name: &str| environment(name, &self.app.config.database, &self.stripe);
        self.app_of(Config::read(|name| change(name).unwrap_or_else(|| unchanged(name))).unwrap())
    }

    fn process(&self, config: Config) -> Router {
        router::all(&self.app_of(config))
    }

    fn app_of(&self, config: Config) -> App {
        // Each process of a test has its own seed. The seeds are the same in every test, so that `keys` derives fewer keys.
        let seed = self.processes.fetch_add(1, Ordering::Relaxed) + 2;
        let store = Store::connect(&config.database);
        let random = Random::new(SeededEntropy::new(self.engine.seed(seed)));
        let app = App::with(config, store, self.clock.clone(), random).with_key_derivation(keys::derive);
        app.with_limits(self.app.limits)
    }

    /// A client without an account.
    #[must_use]
    pub fn anonymous(&self) -> Person {
        Person::new(self.router.clone(), None)
    }

    /// A client without an account, of an API that also has the routes `others`.
    #[must_use]
    pub fn beside(&self, others: Router) -> Person {
        Person::new(router::beside(&self.app, others), None)
    }

    /// A new user, registered through the API as `<name>@example.org`.
    pub async fn user(&self, name: &str) -> Person {
        Person::register(self.router.clone(), name).await
    }

    /// A signed-in user with this plan and balance, created as by an import, without hashing a password.
    pub async fn member(&self, name: &str, plan: Plan, credits: u32) -> Person {
        self.imported(name, plan, credits, None).await
    }

    /// Like [`TestApp::member`], with an email that is not verified.
    pub async fn newcomer(&self, name: &str) -> Person {
        let email = Email::try_from(format!("{name}@example.org")).unwrap();
        let wallet = Wallet {
            credits: 5,
            plan: Plan::Free,
            monthly_credits: CreditTerms::DEFAULT.monthly(Plan::Free),
            credits_reset_at: self.app.now().as_second() + REFRESH_PERIOD_SECONDS,
            unlimited_until: None,
        };
        let id = UserId(Random::new(SeededEntropy::new(hash(name))).uuid_v4());
        let profile = Profile {
            email_unverified: true,
            only_purchases: true,
            ..Profile::open(id, email, Name::default(), wallet, self.app.now())
        };
        self.imported_with(profile).await
    }

    /// Like [`TestApp::member`], stored under this exact email.
    pub async fn member_as(&self, email: &str, name: &str, plan: Plan, credits: u32) -> Person {
        let email = Email::try_from(email.to_owned()).unwrap();
        self.imported_as(email, name, plan, credits, None).await
    }

    /// A user whose plan is paid by a subscription, with the password of all test users.
    pub async fn subscriber(&self, name: &str) -> Person {
        let person = self.imported(name, Plan::Starter, 15, Some("sub_test".to_owned())).await;
        self.set_hash(&person, &PasswordHash::imported(WORKER_HASH.to_owned())).await;
        person
    }

    async fn imported(&self, name: &str, plan: Plan, credits: u32, subscription: Option<String>) -> Person {
        let email = Email::try_from(format!("{name}@example.org")).unwrap();
        self.imported_as(email, name, plan, credits, subscription).await
    }

    async fn imported_as(
        &self,
        email: Email,
        name: &str,
        plan: Plan,
        credits: u32,
        subscription: Option<String>,
    ) -> Person {
        let random = Random::new(SeededEntropy::new(hash(name)));
        let now = self.app.now();
        let id = UserId(random.uuid_v4());
        let wallet = Wallet {
            credits,
            plan,
            monthly_credits: CreditTerms::DEFAULT.monthly(plan),
            credits_reset_at: now.as_second() + REFRESH_PERIOD_SECONDS,
            unlimited_until: None,
        };
        let profile = Profile {
            stripe_subscription_id: subscription,
            only_purchases: true,
            ..Profile::open(id, email, Name::default(), wallet, now)
        };
        self.imported_with(profile).await
    }

    async fn imported_with(&self, profile: Profile) -> Person {
        let (id, email, credits, now) = (profile.id, profile.email.clone(), profile.wallet.credits, self.app.now());
        let random = Random::new(SeededEntropy::new(hash(&id.to_string())));
        let kind = EntryType::Adjustment;
        let opening = Movement {
            kind,
            amount: i64::from(credits),
            balance_after: credits,
            description: "Opening".to_owned(),
            payment_intent: None,
        };
        let password_hash = PasswordHash::imported("none".to_owned());
        let credential =
            // As after a registration: the next sign-in is told a day later.
            Credential { user_id: id, password_hash, session_epoch: 0, second_factor: false, sign_in_told_at: Some(now.as_second()), created_at: now };
        let entries = vec![Entry::of(&opening, EntryId::new(1, now, random.bytes()), id, 1, now)];
        self.app
            .store
            .write_account(&ImportedAccount { profile, credential, entries }, (self.app.now(), &self.app.random))
            .await
            .unwrap();
        let person = Person { id: id.to_string(), email: email.as_str().to_owned(), ..self.anonymous() };
        self.renewed(&person).await
    }

    /// Sets a member's password hash.
    pub async fn set_hash(&self, member: &Person, hash: &PasswordHash) {
        let email = Email::try_from(member.email.clone()).unwrap();
        self.app.store.replace_hash(&email, &PasswordHash::imported("none".to_owned()), hash).await.unwrap();
    }

    /// The same person with a new session.
    pub async fn renewed(&self, person: &Person) -> Person {
        static SEED: AtomicU64 = AtomicU64::new(1_000_000);
        let random = Random::new(SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed)));
        let id = UserId(person.id.parse().unwrap());
        let token = SessionToken::new(id, random.bytes());
        self.app.store.open_session(&Session::open(id, 0, self.app.now()), &token.hash()).await.unwrap();
        Person { token: Some(token.reveal()), ..person.clone() }
    }

    /// A client with this token.
    #[must_use]
    pub fn somebody(&self, token: &str) -> Person {
        Person::new(self.router.clone(), Some(token.to_owned()))
    }

    /// A user's ledger, oldest first.
    pub async fn entries(&self, user: &str) -> Vec<Entry> {
        self.app.store.entries(UserId(user.parse().unwrap())).await.unwrap()
    }

    /// Checks what `pastpaper verify` checks.
    pub async fn assert_ledgers_are_true(&self) {
        let findings = check_all(&self.app).await.unwrap();
        assert!(findings.wrong.is_empty() && findings.corrupt.is_empty(), "{findings:?}");
    }

    /// Sends a Stripe event, signed now.
    pub async fn webhook(&self, event: &Value) -> Answer {
        self.webhook_through(self.router.clone(), event).await
    }

    /// Like [`TestApp::webhook`], to another process.
    pub async fn webhook_through(&self, process: Router, event: &Value) -> Answer {
        let body = event.to_string();
        let signature = stripe::signature(body.as_bytes(), stripe::WEBHOOK_SECRETS[0], self.app.now());
        let stripe = Person::new(process, None);
        stripe.send(Method::POST, "/api/webhooks/stripe", Some(body), &[("stripe-signature", &signature)]).await
    }

    /// Sends a request as it is, to this host.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
        Answer::to(request, self.router.clone()).await
    }

    /// Sends the `OPTIONS` request of a browser before `method`.
    pub async fn preflight(&self, origin: &str, method: Method, path: &str) -> Answer {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header("origin", origin)
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "authorization,content-type");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Environment variables for a process on this database and this Stripe stand-in.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        VARIABLES
            .into_iter()
            .filter_map(|name| Some((name, environment(name, &self.app.config.database, &self.stripe)?)))
    }

    /// Advances the clock to the real time, which other processes use.
    pub fn catch_up(&self) {
        self.pass(SystemClock.now().duration_since(self.app.now()).unsigned_abs());
    }

    /// Advances the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }
}

/// Names of the variables that [`environment`] sets.
const VARIABLES: [&str; 17] = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "TABLE_NAME",
    "STRIPE_API_BASE",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_PRICE_STARTER",
    "STRIPE_PRICE_UNLIMITED",
    "CHECKOUT_SUCCESS_URL",
    "CHECKOUT_CANCEL_URL",
    "FIGURE_KEY",
    "MAIL_KEY",
    "FACTOR_KEY",
    "MAIL_FROM",
    "CONTACT_EMAIL",
    "APP_URL",
    "API_URL",
    "MAIL_TOPIC_ARN",
];

/// The environment of a test's processes.
fn environment(name: &str, database: &Database, stripe: &StripeStandIn) -> Option<String> {
    let value = match name {
        "AWS_ENDPOINT_URL_DYNAMODB" => return database.endpoint_url.clone(),
        "TABLE_NAME" => database.table_name.as_str(),
        "STRIPE_API_BASE" => stripe.base(),
        "STRIPE_SECRET_KEY" => stripe::SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET" => return Some(stripe::WEBHOOK_SECRETS.join(", ")),
        "STRIPE_PRICE_STARTER" => stripe::PRICE_STARTER,
        "STRIPE_PRICE_UNLIMITED" => stripe::PRICE_UNLIMITED,
        "CHECKOUT_SUCCESS_URL" => stripe::SUCCESS_URL,
        "CHECKOUT_CANCEL_URL" => stripe::CANCEL_URL,
        "FIGURE_KEY" => FIGURE_KEY,
        "MAIL_KEY" => MAIL_KEY,
        "FACTOR_KEY" => FACTOR_KEY,
        "MAIL_FROM" => MAIL_FROM,
        "CONTACT_EMAIL" => CONTACT_EMAIL,
        "APP_URL" => APP_URL,
        "API_URL" => API_URL,
        "MAIL_TOPIC_ARN" => MAIL_TOPIC_ARN,
        _ => return None,
    };
    Some(value.to_owned())
}

/// Logs the cause of a 5xx, so that it appears next to the failed test.
fn log_causes() {
    let lines =
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::ERROR).with_test_writer();
    // Fails if another test in this process has set it already.
    let _ = lines.try_init();
}

/// A seed derived from a name.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
