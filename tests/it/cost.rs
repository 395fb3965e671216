//! `docs/cost.md`: what AWS costs a month. It follows from the budget table, the requests that a student makes, and list prices.
//! `WRITE_COST=1` writes the page; the test fails if it is stale.

use std::fmt::Write as _;

use shared::http::routes::ROUTES;

use crate::architecture::{read, root};
use crate::budget::{Row, committed};

const DOCUMENT: &str = "docs/cost.md";
/// The date on which the prices were noted.
const PRICES_OF: &str = "November 2026";

/// Requests of one student in a month of study: 20 days, with the credits of a starter plan. The name is that of a row of
/// the budget.
const REQUESTS: [(&str, f64); 33] = [
    ("register", 0.2),
    ("login", 8.0),
    ("verify_email", 0.2),
    ("forgot_password", 0.1),
    ("show_me", 60.0),
    ("show_me (refresh due)", 1.0),
    ("list_courses", 20.0),
    ("show_course", 40.0),
    ("list_exams", 10.0),
    ("list_topics", 30.0),
    ("show_topic", 30.0),
    ("browse_questions", 30.0),
    ("browse_questions (some unlocked)", 90.0),
    ("show_question", 100.0),
    ("practice_questions", 4.0),
    ("bundle_questions", 2.0),
    ("start_question", 5.0),
    ("unlock_solution", 30.0),
    ("submit_answer", 54.0),
    ("submit_answer (delivered)", 6.0),
    ("preview_answer", 120.0),
    ("show_progress", 20.0),
    ("show_review", 20.0),
    ("find_weak_topics", 8.0),
    ("show_analysis", 1.0),
    ("show_analysis (done before)", 8.0),
    ("generate_midterm", 1.0),
    ("show_midterm", 4.0),
    ("show_balance", 40.0),
    ("list_transactions", 4.0),
    ("redeem_voucher", 0.2),
    ("show_figure", 60.0),
    ("receive_event", 0.5),
];

/// List prices of us-east-1 in dollars, before any free tier.
mod price {
    /// A million requests of an HTTP API.
    pub(super) const GATEWAY_MILLION: f64 = 1.00;
    /// A million calls of a function.
    pub(super) const CALLS_MILLION: f64 = 0.20;
    /// A million read units of the table.
    pub(super) const READ_MILLION: f64 = 0.125;
    /// A gigabyte-second of a function on arm64.
    pub(super) const GIGABYTE_SECOND: f64 = 0.000_013_333_4;
    /// A gigabyte of the table, and of its point-in-time recovery, a month.
    pub(super) const TABLE_GIGABYTE: f64 = 0.25 + 0.20;
    /// A gigabyte of log lines, taken in and kept for a month.
    pub(super) const LOG_GIGABYTE: f64 = 0.50 + 0.03;
    /// A gigabyte that leaves AWS.
    pub(super) const TRANSFER_GIGABYTE: f64 = 0.09;
    /// A thousand mails.
    pub(super) const MAIL_THOUSAND: f64 = 0.10;
    /// Metrics and alarms with `Monitoring=lean` and `full` (docs/operations.md).
    pub(super) const LEAN: f64 = 1.80;
    pub(super) const FULL: f64 = 4.00;
    /// The dashboard. The first three of an account are free.
    pub(super) const DASHBOARD: f64 = 3.00;
}

/// Milliseconds that a call is billed, and the memory of its function in gigabytes: a password takes a whole processor, the search
/// of a midterm too, the rest waits for the table.
fn work(operation: &str) -> (f64, f64) {
    match operation {
        "register" | "login" => (110.0, 1.769),
        "generate_midterm" => (120.0, 1.769),
        _ => (25.0, 0.256),
    }
}
/// Bytes of the function's line and the access log's line.
const LOG_BYTES: f64 = 1_300.0;
/// Bytes of an answer as sent.
const ANSWER_BYTES: f64 = 6_000.0;
/// Bytes that a student adds to the table in a year of use: attempts, progress, ledger entries, midterms.
const STUDENT_BYTES: f64 = 400_000.0;
/// Calls of `mailer` by its schedule in a month. Each makes four queries of half a unit when no mail is due.
const MINUTES: f64 = 43_800.0;
/// Mails to a student in a month.
const MAILS: f64 = 0.5;

struct Cost {
    students: f64,
    items: Vec<(&'static str, f64)>,
}

impl Cost {
    fn of(students: f64, monitoring: f64, table: &[Row]) -> Self {
        let (mut requests, mut table_dollars, mut gigabyte_seconds) = (0.0, 0.0, 0.0);
        for (name, count) in REQUESTS {
            let row = table.iter().find(|row| row.name() == name).unwrap_or_else(|| panic!("{name} has no row"));
            requests += count * students;
            table_dollars += count * students * row.warm.dollars() / 1e6;
            let (millis, gigabytes) = work(&row.operation);
            gigabyte_seconds += count * students * millis / 1e3 * gigabytes;
        }
        let gigabytes = |bytes: f64| bytes / 1e9;
        let (millis, memory) = work("mailer");
        let scheduled = MINUTES
            * (price::CALLS_MILLION / 1e6
                + millis / 1e3 * memory * price::GIGABYTE_SECOND
                + 2.0 * price::READ_MILLION / 1e6);
        let items = vec![
            ("metrics and alarms", monitoring),
            ("dashboard", price::DASHBOARD),
            ("requests to the table", table_dollars),
            ("API Gateway", requests / 1e6 * price::GATEWAY_MILLION),
            ("functions", requests / 1e6 * price::CALLS_MILLION + gigabyte_seconds * price::GIGABYTE_SECOND),
            ("logs", gigabytes(requests * LOG_BYTES) * price::LOG_GIGABYTE),
            ("answers sent", gigabytes(requests * ANSWER_BYTES) * price::TRANSFER_GIGABYTE),
            ("the table and its recovery", gigabytes(students * STUDENT_BYTES) * price::TABLE_GIGABYTE),
            ("the mailer's schedule", scheduled),
            ("mail", students * MAILS / 1e3 * price::MAIL_THOUSAND),
        ];
        Self { students, items }
    }

    fn sum(&self) -> f64 {
        self.items.iter().map(|(_, dollars)| dollars).sum()
    }

    fn greatest(&self) -> &'static str {
        self.items.iter().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap().0
    }
}

fn page(table: &[Row]) -> String {
    let sizes = [200.0, 2_000.0, 20_000.0];
    let costs = sizes.map(|students| Cost::of(students, price::LEAN, table));
    let requests: f64 = REQUESTS.iter().map(|(_, count)| count).sum();
    let mut page = format!(
        "# What it costs\n\n\
         <!-- `WRITE_COST=1 cargo test -p tests --test it -- cost::` writes this page. -->\n\
         This page is computed from the [budget table](performance.md#the-budget), from the requests that a student makes, and from \
         AWS's list\nprices for us-east-1, on demand, as noted in {PRICES_OF}: check them before you rely on a sum. It counts no free tier, which covers most of it for 200 \
         students, and the\ndashboard anywhere. Domain, certificate and Stripe's fees are not in it. Mail is.\n\n\
         A student makes {requests:.0} requests in a month of study. All amounts are dollars a month, with `Monitoring=lean`.\n\n\
         | item | 200 students | 2,000 students | 20,000 students |\n|---|---|---|---|\n"
    );
    for (place, (name, _)) in costs[0].items.iter().enumerate() {
        let cells = costs.iter().map(|cost| format!("{:.2}", cost.items[place].1)).collect::<Vec<_>>().join(" | ");
        writeln!(page, "| {name} | {cells} |").unwrap();
    }
    let row = |figure: fn(&Cost) -> String| costs.iter().map(figure).collect::<Vec<_>>().join(" | ");
    writeln!(page, "| **sum** | {} |", row(|cost| format!("**{:.2}**", cost.sum()))).unwrap();
    writeln!(page, "| per student | {} |", row(|cost| format!("{:.4}", cost.sum() / cost.students))).unwrap();
    writeln!(page, "| greatest item | {} |", row(|cost| cost.greatest().to_owned())).unwrap();
    write!(
        page,
        "\n`Monitoring=full` costs ${:.2} more.\n\n\
         ## How to lower the greatest item\n\n\
         - **Dashboard, metrics and alarms** cost the same for any number of students. `Monitoring=lean` is the default. The \
         dashboard is free in\n  an account that has at most three.\n\
         - **API Gateway** costs the same for each request. A CDN before it answers the open routes, which have `max-age=60`, and clients \
         that send\n  `If-None-Match` are answered 304, which is shorter but costs a request too. Fewer requests help: a client needs `show_me` \
         once per start.\n\
         - **Requests to the table**: `browse_questions` reads the unlocked questions of a page in full; a smaller `limit` reads fewer. \
         Previews of\n  answers on every keystroke are the most frequent request; a client should wait for a pause in typing.\n\
         - **Logs**: the lines are kept for 30 days; a shorter retention saves little, because taking them in is what costs.\n\n\
         ## What is assumed\n\n\
         A call is billed {:.0} ms with 256 MB, a password {:.0} ms and a midterm {:.0} ms with 1,769 MB. A request logs {:.1} kB and \
         is answered {:.0} kB. A student's\nitems have {:.0} kB after a year. The requests of a student in a month:\n\n\
         | request | times | of the table, $ per million |\n|---|---|---|\n",
        price::FULL - price::LEAN,
        work("").0,
        work("login").0,
        work("generate_midterm").0,
        LOG_BYTES / 1e3,
        ANSWER_BYTES / 1e3,
        STUDENT_BYTES / 1e3,
    )
    .unwrap();
    for (name, count) in REQUESTS {
        let row = table.iter().find(|row| row.name() == name).unwrap();
        writeln!(page, "| {name} | {count} | {:.2} |", row.warm.dollars()).unwrap();
    }
    page
}

#[test]
fn the_cost_page_follows_from_the_budget() {
    let fresh = page(&committed());
    if std::env::var("WRITE_COST").is_ok() {
        std::fs::write(root().join(DOCUMENT), fresh).unwrap();
    } else {
        assert!(read(DOCUMENT) == fresh, "{DOCUMENT} is stale: WRITE_COST=1 cargo test -p tests --test it -- cost::");
    }
}

#[test]
fn two_hundred_students_cost_at_most_8_dollars_a_month() {
    let table = committed();
    let (lean, full) = (Cost::of(200.0, price::LEAN, &table), Cost::of(200.0, price::FULL, &table));
    assert!(lean.sum() <= 8.0 && full.sum() <= 10.2, "{} {}", lean.sum(), full.sum());
    // The prices of monitoring are those of docs/operations.md.
    let operations = read("docs/operations.md");
    for dollars in [price::LEAN, price::FULL] {
        assert!(operations.contains(&format!("${dollars:.2}")), "{dollars}");
    }
}

#[test]
fn the_requests_of_a_student_are_those_of_known_routes() {
    for (name, _) in REQUESTS {
        let operation = name.split(" (").next().unwrap();
        assert!(ROUTES.iter().any(|route| route.operation == operation), "{name}");
    }
}
