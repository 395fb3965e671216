//! The service and the model side by side.

use std::time::Duration;

use axum::Router;
use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::account::password::PasswordHash;
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::credits::{EntryType, Plan};
use shared::domain::id::{CourseId, UserId};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::settings::{DELIVERIES, Deliveries};
use shared::store::OperatorChange;
use tests::stripe::{Shape, customer_of};
use tests::{Answer, PASSWORD, Person, TestApp, VOUCHER, WORKER_HASH};

use super::AT_ONCE_MAX;
use super::account::{Account, Stored, Unlocked};
use super::events::{self, Event, Payer, Says};
use super::requests::{Sent, problem};
use super::steps::{Key, QUESTIONS, Request, Step};
use super::subscriptions::Customer;

const SESSION: i64 = 7 * 86_400;

struct Student {
    person: Person,
    signed_in_until: i64,
    account: Account,
    /// The requests with a key, oldest first.
    sent: Vec<Sent>,
    customer: Customer,
    /// Whether the customer was stored, as a purchase does.
    is_customer: bool,
    /// Events that have not arrived yet.
    waiting: Vec<Event>,
    arrived: Vec<Event>,
    has_password: bool,
    is_closed: bool,
    /// The first answer to the voucher.
    redeemed: Option<Value>,
}

/// What is done at once with other actions.
#[derive(Debug, Clone)]
enum Action {
    Request(Sent),
    Event(Event),
}

pub(super) struct World {
    test: TestApp,
    /// One for each request at once.
    processes: Vec<Router>,
    students: Vec<Student>,
    /// From when on the voucher cannot be redeemed.
    voucher_ends_at: i64,
}

impl World {
    pub(super) async fn start() -> Self {
        let test = TestApp::start().await;
        // Of two processes, one still stores an item for each question.
        let single = |name: &str| (name == DELIVERIES).then(|| Some(Deliveries::Single.as_str().to_owned()));
        let processes = (0..AT_ONCE_MAX)
            .map(|number| if number % 2 == 0 { test.twin() } else { test.twin_where(single) })
            .collect();
        test.voucher().await;
        let vouchers = test.app.store.vouchers().await.unwrap();
        Self { test, processes, students: Vec::new(), voucher_ends_at: vouchers[0].ends_at }
    }

    fn now(&self) -> i64 {
        self.test.app.now().as_second()
    }

    pub(super) async fn step(&mut self, step: Step) {
        let who = match step {
            Step::Join { plan, credits } => {
                let person = self.test.member(&format!("m{}", self.students.len()), plan, credits).await;
                let account = Account::new(plan, credits.into(), EntryType::Adjustment, self.now());
                self.admit(person, account, false)
            }
            Step::Register => {
                let person = self.test.user(&format!("m{}", self.students.len())).await;
                self.admit(person, Account::new(Plan::Free, 5, EntryType::SignupBonus, self.now()), true)
            }
            Step::Ask { who, requests } => {
                let actions = self.students[who].requests(requests);
                self.act(who, actions).await;
                who
            }
            Step::Repeat { who, back, times } => {
                let sent = &self.students[who].sent;
                let again = Action::Request(sent[sent.len() - 1 - back].clone());
                self.act(who, vec![again; times]).await;
                who
            }
            Step::Look { who } => {
                self.look(who).await;
                who
            }
            Step::Stripe { who, act, which, billing, late } => {
                self.store_customer(who).await;
                let now = self.now();
                let events = self.students[who].customer.act(act, which, billing, now);
                for (place, event) in events.into_iter().enumerate() {
                    self.tell_stripe(who, &event);
                    if late.get(place).copied().unwrap_or(false) {
                        self.students[who].waiting.push(event);
                    } else {
                        self.act(who, vec![Action::Event(event)]).await;
                    }
                }
                who
            }
            Step::Deliver { who, place, times, requests } => {
                let mut actions = self.students[who].requests(requests);
                let student = &mut self.students[who];
                if !student.waiting.is_empty() {
                    let event = student.waiting.remove(place % student.waiting.len());
                    actions.extend(vec![Action::Event(event); times]);
                }
                self.act(who, actions).await;
                who
            }
            Step::DeliverAgain { who, back } => {
                let arrived = &self.students[who].arrived;
                let again = arrived.iter().rev().cycle().nth(back).cloned();
                self.act(who, again.map(Action::Event).into_iter().collect()).await;
                who
            }
            Step::Redeem { who } => {
                self.redeem(who).await;
                who
            }
            Step::Grant { who, credits, key } => {
                self.adjust(who, Adjustment::Credits(credits), key).await;
                who
            }
            Step::SetPlan { who, plan } => {
                self.adjust(who, Adjustment::Plan(plan), None).await;
                who
            }
            Step::Close { who } => {
                self.close(who).await;
                who
            }
            Step::Pass { seconds } => return self.test.pass(Duration::from_secs(seconds.into())),
            Step::PassToRefresh { who, offset } => {
                return self.pass_to(self.students[who].account.stored.refresh_at + offset);
            }
            Step::PassToPeriodEnd { who, offset } => {
                if let Some(end) = self.students[who].customer.next_end() {
                    self.pass_to(end + offset);
                }
                return;
            }
        };
        assert_eq!(self.stored(who).await, self.students[who].expected(), "the table, and what it should hold");
    }

    /// Does nothing if that time is over.
    fn pass_to(&self, time: i64) {
        self.test.pass(Duration::from_secs((time - self.now()).try_into().unwrap_or(0)));
    }

    fn admit(&mut self, person: Person, mut account: Account, has_password: bool) -> usize {
        let signed_in_until = self.now() + SESSION;
        let is_older_version = self.students.len().is_multiple_of(2);
        let shape = if is_older_version { Shape::Before } else { Shape::Since };
        account.payments.is_older_version = is_older_version;
        let customer = Customer::new(Payer { customer: customer_of(&person), user: person.id.clone(), shape });
        self.students.push(Student {
            person,
            signed_in_until,
            account,
            sent: Vec::new(),
            customer,
            is_customer: false,
            waiting: Vec::new(),
            arrived: Vec::new(),
            has_password,
            is_closed: false,
            redeemed: None,
        });
        self.students.len() - 1
    }

    /// Signs in again when the session is over.
    async fn person(&mut self, who: usize) -> Person {
        let now = self.now();
        let student = &mut self.students[who];
        if now >= student.signed_in_until && !student.is_closed {
            student.person = self.test.renewed(&student.person).await;
            student.signed_in_until = now + SESSION;
        }
        student.person.clone()
    }

    fn user(&self, who: usize) -> UserId {
        UserId(self.students[who].person.id.parse().unwrap())
    }

    /// Stores the student's customer, as a purchase does.
    async fn store_customer(&mut self, who: usize) {
        let (user, app) = (self.user(who), &self.test.app);
        let student = &mut self.students[who];
        if !student.is_customer && !student.is_closed {
            let customer = &student.customer.payer.customer;
            let adopted = app.store.adopt_customer(user, customer, app.now(), &app.random).await.unwrap();
            assert_eq!(adopted.as_ref(), Some(customer));
            student.is_customer = true;
        }
    }

    /// What Stripe answers when it is asked about the event's objects.
    fn tell_stripe(&self, who: usize, event: &Event) {
        let payer = &self.students[who].customer.payer;
        if let Says::Paid(invoice) = &event.says {
            for id in [&invoice.id, &invoice.charge] {
                self.test.stripe.set_customer(id, &payer.customer);
            }
            self.test.stripe.set_lines(&invoice.id, &events::lines(invoice, payer));
        }
    }

    /// Does all at once and finds an order that explains answers and table.
    async fn act(&mut self, who: usize, actions: Vec<Action>) {
        let person = self.person(who).await;
        let (test, payer) = (&self.test, &self.students[who].customer.payer);
        let answers = actions.iter().zip(self.processes.iter().cycle()).map(|(action, process)| {
            let (person, process) = (person.through(process.clone()), process.clone());
            async move {
                match action {
                    Action::Request(sent) => send(person, sent).await,
                    Action::Event(event) => test.webhook_through(process, &event.body(payer)).await,
                }
            }
        });
        let answers = join_all(answers).await;
        self.students[who].arrived.extend(actions.iter().filter_map(|action| match action {
            Action::Event(event) => Some(event.clone()),
            Action::Request(_) => None,
        }));
        let stored = self.stored(who).await;
        let student = &mut self.students[who];
        if student.is_closed {
            for (action, answer) in actions.iter().zip(&answers) {
                let expected = if matches!(action, Action::Event(_)) { 200 } else { 401 };
                assert_eq!(answer.status, expected, "after the deletion: {action:?} {}", answer.body);
            }
            assert_eq!(stored, None);
            return;
        }
        let now = self.test.app.now().as_second();
        let before = &student.account;
        let mut wrong = Vec::new();
        for order in orders(actions.len()) {
            // An event of which all was known does not bring a refresh that is due.
            for is_news in [true, false] {
                let mut account = before.clone();
                let company = (actions.len() > 1).then_some(before);
                let followed = order.iter().try_for_each(|at| match (&actions[*at], &answers[*at]) {
                    (Action::Request(sent), answer) => account.follow(sent, answer, now, company),
                    (Action::Event(_), answer) if answer.status != 200 => Err(format!("{}", answer.body)),
                    (Action::Event(event), _) => account.arrive(event, now, is_news),
                });
                match followed {
                    Ok(()) if Some(&account.stored) == stored.as_ref() => {
                        student.account = account;
                        return;
                    }
                    Ok(()) => wrong.push(format!("{order:?}: should be {:?}", account.stored)),
                    Err(why) => wrong.push(format!("{order:?}: {why}")),
                }
            }
        }
        let answers: Vec<_> = answers.iter().map(|answer| format!("{} {}", answer.status, answer.body)).collect();
        panic!(
            "before {:#?}\npayments {:#?}\nat {now} done {actions:#?}\nanswers {answers:#?}\nafter {stored:#?}\n\
             not explained by\n{}",
            before.stored,
            before.payments,
            wrong.join("\n")
        );
    }

    async fn adjust(&mut self, who: usize, adjustment: Adjustment, key: Option<u8>) {
        let user = self.user(who);
        let (app, student) = (&self.test.app, &mut self.students[who]);
        let now = app.now();
        let Some(profile) = app.store.profile(user).await.unwrap() else {
            assert!(student.is_closed, "only a deleted account has no profile");
            return;
        };
        let reason = AdjustmentReason::try_from("by the model").unwrap();
        let with_key = key.map(|key| IdempotencyKey::try_from(format!("grant {key}").as_str()).unwrap());
        let change = OperatorChange { adjustment, reason: &reason, key: with_key.as_ref() };
        let is_done = app.store.adjust(profile, change, now, &app.random).await.is_ok();
        let is_expected = match adjustment {
            Adjustment::Credits(credits) => student.account.grant(credits, key, now.as_second()),
            Adjustment::Plan(plan) => {
                student.account.set_plan(plan, now.as_second());
                true
            }
        };
        assert_eq!(is_done, is_expected, "{adjustment:?} {key:?}");
    }

    /// A student redeems the voucher once, before it ends, and gets the first answer again afterwards.
    async fn redeem(&mut self, who: usize) {
        let person = self.person(who).await;
        let answer = person.post("/api/credits/redeem", json!({"code": VOUCHER})).await;
        let (now, ends_at) = (self.now(), self.voucher_ends_at);
        let student = &mut self.students[who];
        if student.is_closed {
            let _ = answer.problem(401, "unauthenticated");
        } else if let Some(first) = &student.redeemed {
            assert_eq!(answer.ok(), *first);
        } else if now >= ends_at {
            let _ = answer.problem(404, "not_found");
        } else {
            let body = answer.ok();
            assert!(student.account.grant(2, None, now));
            let balance = student.account.stored.ledger.last().unwrap().2;
            assert_eq!((&body["credits_granted"], &body["credits"]), (&json!(2), &json!(balance)));
            student.redeemed = Some(body);
        }
    }

    async fn close(&mut self, who: usize) {
        let person = self.person(who).await;
        let student = &mut self.students[who];
        if !student.has_password && !student.is_closed {
            self.test.set_hash(&person, &PasswordHash::imported(WORKER_HASH.to_owned())).await;
            student.has_password = true;
        }
        let body = Some(json!({"password": PASSWORD}).to_string());
        let headers = [("content-type", "application/json")];
        let answer = person.send(Method::DELETE, "/api/auth/account", body, &headers).await;
        if student.is_closed {
            let _ = answer.problem(401, "unauthenticated");
        } else if student.account.may_close() {
            let _ = answer.ok();
            student.is_closed = true;
        } else {
            let _ = answer.problem(409, "subscription_active");
        }
    }

    /// Everything that a student can see.
    async fn look(&mut self, who: usize) {
        let person = self.person(who).await;
        let now = self.now();
        if self.students[who].is_closed {
            return problem(&person.get("/api/credits/balance").await, 401, "unauthenticated").unwrap();
        }
        let account = &mut self.students[who].account;
        account.refresh(now);
        let stored = &account.stored;

        let balance = person.get("/api/credits/balance").await.ok();
        let said = (&balance["credits"], &balance["plan"], &balance["credits_reset_at"]);
        assert_eq!(said, (&json!(stored.credits), &json!(stored.plan), &json!(stored.refresh_at)));
        assert_eq!(balance["monthly_credits"], account.shown_month());
        let payments = &account.payments;
        let subscription = if payments.is_subscribed() {
            json!({"ends_at": payments.ends_at(), "payment_failing": payments.is_failing()})
        } else {
            Value::Null
        };
        assert_eq!(balance["subscription"], subscription, "{payments:#?}");

        let page = person.get("/api/credits/transactions?limit=100").await.ok();
        let said: Vec<_> = page["transactions"].as_array().unwrap().iter().collect();
        let said: Vec<_> =
            said.iter().map(|said| json!([said["type"], said["amount"], said["balance_after"]])).collect();
        let entries = stored.ledger.iter().rev().take(100);
        assert_eq!(said, entries.map(|entry| json!(entry)).collect::<Vec<_>>());

        let page = person.get("/api/questions?course_id=algebra&limit=100").await.ok();
        let questions = page["questions"].as_array().unwrap();
        assert_eq!(questions.len(), QUESTIONS.len());
        for question in questions {
            let unlocked = stored.unlocked.get(question["id"].as_str().unwrap());
            let is_solved = unlocked.is_some_and(|unlocked| unlocked.is_solved);
            assert_eq!((&question["locked"], question["answer"].is_string()), (&json!(unlocked.is_none()), is_solved));
        }
    }

    /// What the table has; nothing of a deleted account.
    async fn stored(&self, who: usize) -> Option<Stored> {
        let user = self.user(who);
        let course = CourseId::try_from("algebra").unwrap();
        let store = &self.test.app.store;
        // Boxed: a call of the SDK is 6 KB of future.
        let reads = Box::pin(async {
            tokio::try_join!(store.profile(user), store.entries(user), store.progress(user, &course))
        });
        let (profile, entries, progress) = reads.await.unwrap();
        let Some(profile) = profile else {
            assert!(entries.is_empty() && progress.is_empty(), "something is left: {entries:?}");
            return None;
        };
        let wallet = profile.wallet;
        let unlocked = progress.into_iter().map(|(id, row)| {
            let unlocked = Unlocked {
                seen_at: row.seen_at.as_second(),
                is_solved: row.solution_at.is_some(),
                attempts: row.attempts,
                right: row.correct_attempts,
            };
            (id.to_string(), unlocked)
        });
        Some(Stored {
            plan: wallet.plan,
            credits: wallet.credits.into(),
            monthly: wallet.monthly_credits.into(),
            refresh_at: wallet.credits_reset_at,
            ledger: entries.iter().map(|entry| (entry.kind, entry.amount, entry.balance_after.into())).collect(),
            unlocked: unlocked.collect(),
        })
    }

    pub(super) async fn finish(mut self) {
        for who in 0..self.students.len() {
            self.look(who).await;
            assert_eq!(self.stored(who).await, self.students[who].expected());
        }
        self.test.assert_ledgers_are_true().await;
    }
}

impl Student {
    fn expected(&self) -> Option<Stored> {
        Some(self.account.stored.clone()).filter(|_| !self.is_closed)
    }

    fn requests(&mut self, requests: Vec<(Request, Key)>) -> Vec<Action> {
        requests.into_iter().map(|(request, key)| Action::Request(self.sent(request, key))).collect()
    }

    fn sent(&mut self, request: Request, key: Key) -> Sent {
        match key {
            Key::None => Sent { request, key: None },
            Key::Back(back) => Sent { request, key: self.sent[self.sent.len() - 1 - back].key.clone() },
            Key::New => {
                let sent = Sent { request, key: Some(format!("key {}", self.sent.len())) };
                self.sent.push(sent.clone());
                sent
            }
        }
    }
}

async fn send(person: Person, sent: &Sent) -> Answer {
    let body = sent.request.body();
    let mut headers = Vec::from_iter(sent.key.as_deref().map(|key| ("idempotency-key", key)));
    headers.extend(body.is_some().then_some(("content-type", "application/json")));
    let method = if sent.request == Request::Analysis { Method::GET } else { Method::POST };
    person.send(method, &sent.request.path(), body.map(|body| body.to_string()), &headers).await
}

/// All orders of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let longer = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, next);
                longer
            })
        };
        orders.iter().flat_map(longer).collect()
    })
}
