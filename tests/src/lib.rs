//! The harness of the end-to-end tests: all routers in this process over an embedded database of their own, a clock
//! that stands until it is moved, ids that repeat from run to run, and the people who use the API.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test ends where it goes wrong")]

mod answer;
mod clock;
mod contract;
mod entropy;
mod person;
pub mod proxy;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use jiff::Timestamp;
use pastpaper::embedded::Embedded;
use pastpaper::import::import_catalog;
use pastpaper::router;
use pastpaper::verify::check_all;
use serde_json::Value;
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::account::{Email, Name};
use shared::domain::credits::{EntryType, Movement, Plan, REFRESH_PERIOD_SECONDS, Wallet};
use shared::domain::id::{EntryId, UserId};
use shared::domain::ledger::Entry;
use shared::domain::password::PasswordHash;
use shared::domain::profile::Profile;
use shared::domain::random::Random;
use shared::domain::session::Session;
use shared::domain::token::Token;
use shared::store::{Credential, ImportedAccount, Store};

pub use answer::Answer;
pub use clock::TestClock;
pub use entropy::SeededEntropy;
pub use person::{PASSWORD, Person, WORKER_HASH};
pub use proxy::Proxy;

/// The course that most tests use: small enough to count by hand.
pub const SMALL_COURSE: &str = include_str!("../fixtures/small_course.json");
/// When every test begins.
pub const START: &str = "2026-03-01T12:00:00Z";

/// Everything a test talks to.
pub struct TestApp {
    /// What the handlers are given.
    pub app: App,
    /// Moves the time.
    pub clock: TestClock,
    router: Router,
    // The database ends with the test.
    embedded: Embedded,
}

impl TestApp {
    /// An app with the course `algebra` of `fixtures/small_course.json`.
    pub async fn start() -> Self {
        let test = Self::empty().await;
        test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
        test
    }

    /// An app with an empty table.
    pub async fn empty() -> Self {
        let embedded = Embedded::in_memory().await.unwrap();
        let endpoint_url = embedded.endpoint_url().to_owned();
        Self::over(embedded, endpoint_url).await
    }

    /// As [`TestApp::start`], with everything it asks of the database going through a proxy.
    pub async fn behind_proxy() -> (Self, Proxy) {
        let embedded = Embedded::in_memory().await.unwrap();
        let proxy = Proxy::start(embedded.endpoint_url()).await;
        let test = Self::over(embedded, proxy.endpoint_url()).await;
        test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
        (test, proxy)
    }

    async fn over(embedded: Embedded, endpoint_url: String) -> Self {
        log_causes();
        let database = Database::local(endpoint_url, "test");
        let config = Config::read(|name| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => database.endpoint_url.clone(),
            "TABLE_NAME" => Some(database.table_name.clone()),
            _ => None,
        })
        .unwrap();
        let clock = TestClock::at(START.parse::<Timestamp>().unwrap());
        let store = Store::connect(&database);
        let app = App::with(config, store, clock.clone(), Random::new(SeededEntropy::new(1)));
        assert!(app.store.create_table().await.unwrap());
        Self { router: router::all(&app), app, clock, embedded }
    }

    /// Imports a course.
    pub async fn import(&self, course: &Value) {
        let summary = import_catalog(&self.app, &course.to_string(), false).await.unwrap();
        assert!(summary.refused.is_empty(), "{summary}");
    }

    /// Another process on the same table: its own client, its own memory.
    pub fn twin(&self) -> Router {
        self.process(&self.app.config.database)
    }

    /// As [`TestApp::twin`], with a proxy of its own in front of the database.
    pub async fn twin_behind_proxy(&self) -> (Router, Proxy) {
        let proxy = Proxy::start(self.embedded.endpoint_url()).await;
        let mut database = self.app.config.database.clone();
        database.endpoint_url = Some(proxy.endpoint_url());
        // Clients of one region share the budget of the SDK's retries: a process alone has it for itself.
        database.region = format!("local-{}", proxy.port());
        (self.process(&database), proxy)
    }

    fn process(&self, database: &Database) -> Router {
        // Every process draws other ids.
        static SEED: AtomicU64 = AtomicU64::new(2);
        let seed = SEED.fetch_add(1, Ordering::Relaxed);
        let store = Store::connect(database);
        let random = Random::new(SeededEntropy::new(seed));
        router::all(&App::with((*self.app.config).clone(), store, self.clock.clone(), random))
    }

    /// Somebody without an account.
    #[must_use]
    pub fn anonymous(&self) -> Person {
        Person::new(self.router.clone(), None)
    }

    /// Somebody without an account, of an API that answers `others` too.
    #[must_use]
    pub fn beside(&self, others: Router) -> Person {
        Person::new(router::beside(&self.app, others), None)
    }

    /// A new user, registered through the API as `<name>@example.org`.
    pub async fn user(&self, name: &str) -> Person {
        Person::register(self.router.clone(), name).await
    }

    /// A user with this plan and balance, signed in, as if imported: no password is hashed.
    pub async fn member(&self, name: &str, plan: Plan, credits: u32) -> Person {
        let random = Random::new(SeededEntropy::new(hash(name)));
        let now = self.app.now();
        let id = UserId(random.uuid_v4());
        let wallet = Wallet {
            credits,
            plan,
            monthly_credits: plan.monthly_credits(),
            credits_reset_at: now.as_second() + REFRESH_PERIOD_SECONDS,
        };
        let kind = EntryType::Adjustment;
        let opening =
            Movement { kind, amount: i64::from(credits), balance_after: credits, description: "Opening".to_owned() };
        let email = Email::try_from(format!("{name}@example.org")).unwrap();
        let profile = Profile {
            id,
            name: Name::default(),
            email: email.clone(),
            wallet,
            version: 1,
            entry_count: 1,
            stripe_customer_id: None,
            stripe_subscription_id: None,
            created_at: now,
            updated_at: now,
        };
        let credential =
            Credential { user_id: id, password_hash: PasswordHash::imported("none".to_owned()), created_at: now };
        let entries = vec![Entry::of(&opening, EntryId::new(1, now, random.bytes()), id, 1, now)];
        self.app.store.write_account(&ImportedAccount { profile, credential, entries }).await.unwrap();
        let person = Person { id: id.to_string(), email: email.as_str().to_owned(), ..self.anonymous() };
        self.renewed(&person).await
    }

    /// Gives a member the password whose hash this is.
    pub async fn set_hash(&self, member: &Person, hash: &PasswordHash) {
        let email = Email::try_from(member.email.clone()).unwrap();
        self.app.store.replace_hash(&email, &PasswordHash::imported("none".to_owned()), hash).await.unwrap();
    }

    /// The same person, signed in anew.
    pub async fn renewed(&self, person: &Person) -> Person {
        static SEED: AtomicU64 = AtomicU64::new(1_000_000);
        let random = Random::new(SeededEntropy::new(SEED.fetch_add(1, Ordering::Relaxed)));
        let id = UserId(person.id.parse().unwrap());
        let token = Token::new(id, random.bytes());
        self.app.store.open_session(&Session::open(id, self.app.now()), &token.hash()).await.unwrap();
        Person { token: Some(token.reveal()), ..person.clone() }
    }

    /// Whoever holds this token.
    #[must_use]
    pub fn somebody(&self, token: &str) -> Person {
        Person::new(self.router.clone(), Some(token.to_owned()))
    }

    /// A user's ledger, oldest first.
    pub async fn entries(&self, user: &str) -> Vec<Entry> {
        self.app.store.entries(UserId(user.parse().unwrap())).await.unwrap()
    }

    /// What `pastpaper verify` checks.
    pub async fn assert_ledgers_are_true(&self) {
        let findings = check_all(&self.app).await.unwrap();
        assert!(findings.wrong.is_empty() && findings.corrupt.is_empty(), "{findings:?}");
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::to(request, self.router.clone()).await
    }

    /// Sends `OPTIONS` as a browser does before `method`.
    pub async fn preflight(&self, origin: &str, method: Method, path: &str) -> Answer {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header("origin", origin)
            .header("access-control-request-method", method.as_str())
            .header("access-control-request-headers", "authorization,content-type");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Moves the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }
}

/// Shows the cause of a 5xx beside the test that it fails.
fn log_causes() {
    let lines =
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::ERROR).with_test_writer();
    // Another test of this process was first.
    let _ = lines.try_init();
}

/// A seed made of a name.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
