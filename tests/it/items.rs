//! Item statistics from stored attempts.

use std::time::Duration;

use axum::http::Method;
use pastpaper::calibrate::calibrate_all;
use pastpaper::items::{ItemRow, page, published, report, table};
use serde_json::json;
use shared::domain::credits::Plan;
use shared::domain::items::{Flag, ItemReport};
use tests::{PASSWORD, Person, TestApp};

async fn answer(person: &Person, question: &str, answer: &str) {
    let _ = person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await.ok();
    let path = format!("/api/questions/{question}/submit");
    let _ = person.post(&path, json!({"answer": answer, "time_spent_seconds": 40})).await.ok();
}

#[tokio::test]
async fn first_answers_count_and_questions_that_were_not_answered_do_not() {
    let test = TestApp::start().await;
    assert!(report(&test.app, "none").await.is_err());
    let nobody = report(&test.app, "algebra").await.unwrap();
    assert_eq!((nobody.students, nobody.alpha), (0, None));
    for index in 0..4 {
        let student = test.member(&format!("student-{index}"), Plan::Unlimited, 0).await;
        let is_good = index < 2;
        answer(&student, "alg-q1", if is_good { "2" } else { "5" }).await;
        // A second attempt has the solution at hand.
        answer(&student, "alg-q1", "2").await;
        answer(&student, "alg-q4", if is_good { "8" } else { "7" }).await;
        if index == 3 {
            let _ = student.send(Method::POST, "/api/questions/alg-q2/start", None, &[]).await.ok();
        } else {
            answer(&student, "alg-q2", if index == 0 { "B" } else { "A" }).await;
        }
    }
    let found = report(&test.app, "algebra").await.unwrap();
    assert_eq!(found.students, 4);
    let row = |id: &str| -> &ItemRow { found.rows.iter().find(|row| row.id.as_str() == id).unwrap() };
    let first = &row("alg-q1").statistics;
    assert_eq!((first.shown, first.right, first.blank), (4, 2, 0));
    // Those who are right on one question are right on the others.
    assert!(first.item_rest.unwrap() > 0.9, "{first:?}");
    assert_eq!(row("alg-q1").median_seconds, Some(40));
    assert_eq!(row("alg-q1").flags, [Flag::TooFewAnswers { answers: 4 }]);
    let choice = row("alg-q2");
    assert_eq!((choice.statistics.shown, choice.omitted), (3, 1));
    let chosen: Vec<_> =
        choice.statistics.options.iter().map(|option| (option.letters.as_str(), option.chosen)).collect();
    assert_eq!(chosen[..2], [("A", 2), ("B", 1)]);
    assert_eq!(choice.statistics.options.iter().filter(|option| option.is_key).count(), 1);
    // All four answered two questions.
    assert_eq!(found.alpha.map(|(_, items)| items), Some(2));
    let shown = table(&found);
    assert!(shown.contains("alg-q2") && shown.contains("Too few answers to judge it: 4"), "{shown}");
    let html = page(&found);
    assert!(html.contains("<h2>alg-q1</h2>") && html.contains("(key)") && !html.contains("<script"), "{html}");
}

async fn published_now(test: &TestApp) -> ItemReport {
    let _ = calibrate_all(&test.app).await.unwrap();
    let published = published(&test.app, "algebra").await.unwrap().unwrap();
    let now = report(&test.app, "algebra").await.unwrap();
    assert!(published.says_the_same(&now), "{published:?} is not {now:?}");
    published
}

#[tokio::test]
async fn each_calibration_publishes_the_statistics_of_all_answers() {
    let test = TestApp::start().await;
    assert!(published(&test.app, "algebra").await.unwrap().is_none());
    assert!(published(&test.app, "none").await.unwrap().is_none());
    let (ada, bob) = (test.member("ada", Plan::Unlimited, 0).await, test.user("bob").await);
    answer(&ada, "alg-q1", "2").await;
    answer(&ada, "alg-q4", "7").await;
    let first = published_now(&test).await;
    assert_eq!((first.students, first.made_at), (1, test.app.now()));
    assert!(table(&first).contains("; as of "), "{}", table(&first));

    // A run that finds nothing new writes nothing.
    test.pass(Duration::from_mins(1));
    assert_eq!(published_now(&test).await.made_at, first.made_at);
    // Later attempts on the same question are nothing new.
    answer(&ada, "alg-q1", "5").await;
    assert_eq!(published_now(&test).await.made_at, first.made_at);

    answer(&bob, "alg-q1", "5").await;
    let _ = bob.post("/api/questions/alg-q2/start", json!({})).await.ok();
    let second = published_now(&test).await;
    let row = |report: &ItemReport, id: &str| report.rows.iter().find(|row| row.id.as_str() == id).unwrap().clone();
    let both = row(&second, "alg-q1").statistics;
    assert_eq!((second.students, both.shown, both.right, second.made_at), (2, 2, 1, test.app.now()));
    assert_eq!(row(&second, "alg-q2").omitted, 1);
    // A run that began earlier and ends later does not replace it.
    let course = "algebra".to_owned().try_into().unwrap();
    assert!(!test.app.store.publish_item_report(&course, &first).await.unwrap());

    // Two runs at once publish the same.
    answer(&bob, "alg-q4", "8").await;
    let _ = tokio::join!(calibrate_all(&test.app), calibrate_all(&test.app));
    assert_eq!(row(&published_now(&test).await, "alg-q4").statistics.shown, 2);

    // Nothing of a deleted account is left after the next run.
    let _ = bob.delete("/api/auth/account", json!({"password": PASSWORD})).await.ok();
    let last = published_now(&test).await;
    assert_eq!((last.students, row(&last, "alg-q1").statistics.shown, row(&last, "alg-q2").omitted), (1, 1, 0));
}

async fn items_of_the_table(test: &TestApp) -> usize {
    let (mut count, mut after) = (0, None);
    loop {
        let page = test.app.store.scan_raw(after.as_ref(), 1_000).await.unwrap();
        count += page.items.len();
        after = page.next;
        if after.is_none() {
            return count;
        }
    }
}

/// A report that does not fit in an item. Its texts hardly compress.
fn large(seed: u64, small: &ItemReport) -> ItemReport {
    let mut random = fastrand::Rng::with_seed(seed);
    let row = small.rows[0].clone();
    let mut text = || std::iter::repeat_with(|| random.alphanumeric()).take(300).collect::<String>();
    let rows = (0..2_000).map(|_| ItemRow { preview: text(), ..row.clone() }).collect();
    ItemReport { rows, ..small.clone() }
}

#[tokio::test]
async fn a_large_report_is_stored_in_parts_and_leaves_none_behind() {
    let test = TestApp::start().await;
    let course = "algebra".to_owned().try_into().unwrap();
    let small = report(&test.app, "algebra").await.unwrap();
    let publish = async |report: &ItemReport| test.app.store.publish_item_report(&course, report).await.unwrap();
    let read = async || published(&test.app, "algebra").await.unwrap().unwrap();
    let before = items_of_the_table(&test).await;
    assert!(publish(&small).await);
    assert_eq!((items_of_the_table(&test).await, read().await.says_the_same(&small)), (before + 1, true));

    let [first, second] = [1, 2].map(|seed| large(seed, &small));
    assert!(publish(&first).await);
    let with_parts = items_of_the_table(&test).await;
    assert!(with_parts > before + 2 && read().await.says_the_same(&first));
    // The same again, and another one in its place.
    assert!(publish(&first).await && read().await.says_the_same(&first));
    assert!(publish(&second).await && read().await.says_the_same(&second));
    assert_eq!(items_of_the_table(&test).await, with_parts);
    // One that began earlier is refused, and its parts do not stay.
    let made_at = small.made_at - Duration::from_secs(1);
    assert!(!publish(&ItemReport { made_at, ..first }).await && read().await.says_the_same(&second));
    assert_eq!(items_of_the_table(&test).await, with_parts);
    assert!(publish(&small).await && read().await.says_the_same(&small));
    assert_eq!(items_of_the_table(&test).await, before + 1);
}
