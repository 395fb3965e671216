//! Lists of accounts for operators.

use std::time::Duration;

use pastpaper::user_list::{Order, csv, has, rows, sorted};
use serde_json::json;
use shared::domain::credits::Plan;
use tests::TestApp;

#[tokio::test]
async fn accounts_are_listed_by_plan_text_and_the_time_they_were_seen() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 7).await;
    let _ben = test.member("ben", Plan::Free, 2).await;
    test.pass(Duration::from_hours(24));
    let _carl = test.member("carl", Plan::Free, 0).await;
    test.pass(Duration::from_hours(24));
    // A spend, and a sign-in.
    let ada = test.renewed(&ada).await;
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();

    let all = sorted(rows(&test.app, |_, _| true).await.unwrap(), Order::Email);
    let emails = |rows: &[pastpaper::user_list::Row]| rows.iter().map(|row| row.email.clone()).collect::<Vec<_>>();
    assert_eq!(emails(&all), ["ada@example.org", "ben@example.org", "carl@example.org"]);
    assert_eq!((all[0].id.as_str(), all[0].plan, all[0].credits), (ada.id.as_str(), "starter", 6));
    assert_eq!(all[0].last_seen_at, "2026-03-03T12:00:00.000Z");
    let by_time = sorted(all.clone(), Order::Seen);
    assert_eq!(emails(&by_time), ["ada@example.org", "carl@example.org", "ben@example.org"]);
    let free = rows(&test.app, |profile, now| profile.wallet.plan_at(now) == Plan::Free).await.unwrap();
    assert_eq!(free.len(), 2);
    for (part, found) in [("CARL", 1), ("example.org", 3), (" ben@ ", 1), ("nobody", 0)] {
        assert_eq!(rows(&test.app, |profile, _| has(profile, part)).await.unwrap().len(), found, "{part}");
    }
    // A balance is what the user sees, after the refresh that is due.
    test.pass(Duration::from_hours(24 * 30));
    let later = sorted(rows(&test.app, |_, _| true).await.unwrap(), Order::Email);
    assert_eq!(later.iter().map(|row| row.credits).collect::<Vec<_>>(), [15, 5, 5]);
}

#[tokio::test]
async fn a_csv_has_a_header_and_no_formulas() {
    let test = TestApp::start().await;
    assert_eq!(csv(Vec::new()).unwrap(), "id,email,name,plan,credits,created_at,last_seen_at\n");
    let body = json!({"name": "=1+1, Eve", "email": "eve@example.org", "password": tests::PASSWORD});
    let _ = test.anonymous().post("/api/auth/register", body).await.ok();
    let table = csv(rows(&test.app, |_, _| true).await.unwrap()).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("id,email,name,plan,credits,created_at,last_seen_at"));
    assert!(lines.next().is_some_and(|line| line.contains(",\"'=1+1, Eve\",free,5,")), "{table}");
}
