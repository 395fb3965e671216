//! Rate limits of logins, registrations and passwords.

use axum::http::Method;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use pastpaper::router;
use serde_json::json;
use shared::domain::credits::Plan;
use shared::domain::limits::{LimitedAction, address_subject, email_subject};
use tests::{Answer, PASSWORD, Person, TestApp};

use crate::limits::{AT_ONCE, QUOTA_MAX, counted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_logins_to_one_account_derive_as_many_keys_as_the_policy_allows() {
    let test = TestApp::limited().await;
    let ada = test.user("ada").await;
    let before = test.app.kdf_runs();
    let logins = (0..1_000).map(|number| {
        let body = json!({"email": ada.email, "password": format!("wrong guess {number}")});
        let stranger = test.anonymous();
        async move { stranger.post("/api/auth/login", body).await }
    });
    // Another user keeps sending requests, and all succeed.
    let others = async {
        let grace = test.member("grace", Plan::Free, 5).await;
        for _ in 0..50 {
            let _ = grace.get("/api/auth/me").await.ok();
        }
    };
    let (answers, ()) = tokio::join!(stream::iter(logins).buffer_unordered(64).collect::<Vec<_>>(), others);
    let quota = LimitedAction::LoginEmail.policy().quota;
    assert_eq!(test.app.kdf_runs() - before, u64::from(quota));
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(401), count(429)), (quota as usize, 1_000 - quota as usize));
}

/// Counts `count` requests of other users at `person`'s address.
async fn count_others(test: &TestApp, action: LimitedAction, person: &Person, count: usize) {
    let window = test.app.limits.window(action, test.app.now());
    let subject = address_subject(person.address);
    let counts = (0..count).map(|_| test.app.store.count(window, &subject));
    let counted: Vec<_> = stream::iter(counts).buffer_unordered(AT_ONCE).collect().await;
    assert!(counted.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_class_of_two_hundred_registers_and_signs_in_from_one_address() {
    let test = TestApp::limited().await;
    let school = test.anonymous();
    count_others(&test, LimitedAction::RegisterAddress, &school, 197).await;
    count_others(&test, LimitedAction::LoginAddress, &school, 197).await;
    for number in 0..3 {
        let form = json!({"email": format!("student{number}@example.org"), "password": PASSWORD});
        let _ = school.post("/api/auth/register", form.clone()).await.ok();
        let _ = school.post("/api/auth/login", form).await.ok();
    }
}

#[tokio::test]
async fn guesses_from_one_address_are_limited_and_successful_logins_do_not_count() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let ada = test.user("ada").await;
    let grace = test.user("grace").await;
    let school = test.anonymous();
    let login = async |email: &str, password: &str| {
        school.post("/api/auth/login", json!({"email": email, "password": password})).await
    };
    for _ in 0..8 {
        for member in [&ada, &grace] {
            let _ = login(&member.email, PASSWORD).await.ok();
        }
    }
    for number in 0..QUOTA_MAX {
        let _ = login(&format!("{number}@example.org"), "a guess").await.problem(401, "invalid_credentials");
    }
    let derived = test.app.kdf_runs();
    let refused = login("another@example.org", "a guess").await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["login_address"]));
    let _ = login(&ada.email, PASSWORD).await.problem(429, "rate_limited");
    assert_eq!(test.app.kdf_runs(), derived, "no key is derived for what is refused");
}

/// `test` with a queue of `waiting` key derivations, and users with passwords at one address.
async fn class_before_queue(mut test: TestApp, waiting: usize, names: &[&str]) -> (TestApp, Vec<Person>) {
    test.app = test.app.with_kdf_queue(waiting);
    let school = test.anonymous().address;
    let hash = test.app.hash_password(PASSWORD.to_owned().into()).await.unwrap();
    let router = router::all(&test.app);
    let mut class = Vec::new();
    for name in names {
        let student = test.member(name, Plan::Free, 5).await.through(router.clone()).at(school);
        test.set_hash(&student, &hash).await;
        class.push(student);
    }
    (test, class)
}

const CLASS: [&str; 8] = ["ada", "grace", "emmy", "sofia", "hypatia", "maria", "rosalind", "lise"];

/// Sends all requests concurrently and retries those with 503 until none is left.
async fn until_answered<R: Future<Output = Answer>>(count: usize, request: impl Fn(usize) -> R) -> Vec<Answer> {
    let (mut left, mut answers): (Vec<usize>, Vec<Answer>) = ((0..count).collect(), Vec::new());
    while !left.is_empty() {
        let round = join_all(left.iter().map(|number| request(*number))).await;
        let (busy, done): (Vec<_>, Vec<_>) = left.drain(..).zip(round).partition(|(_, answer)| answer.status == 503);
        for (_, answer) in &busy {
            // The time in which a full queue empties.
            assert_eq!(answer.header("retry-after"), "4");
        }
        assert!(!done.is_empty(), "somebody is answered in each round");
        left = busy.into_iter().map(|(number, _)| number).collect();
        answers.extend(done.into_iter().map(|(_, answer)| answer));
    }
    answers
}

#[tokio::test]
async fn a_login_or_registration_that_finds_the_queue_full_is_not_counted() {
    let (_test, class) = class_before_queue(TestApp::limited_to(QUOTA_MAX).await, 0, &CLASS).await;
    let answers = until_answered(class.len(), |number| {
        class[number].post("/api/auth/login", json!({"email": class[number].email, "password": PASSWORD}))
    });
    assert!(answers.await.iter().all(|answer| answer.status == 200));
    let answers = until_answered(class.len(), |number| {
        let form = json!({"email": format!("student{number}@example.org"), "password": PASSWORD});
        let student = &class[number];
        async move { student.post("/api/auth/register", form).await }
    });
    assert!(answers.await.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn a_password_guess_counts_once_a_key_was_derived() {
    let (test, class) = class_before_queue(TestApp::limited().await, 0, &["ada"]).await;
    let ada = &class[0];
    let derived = test.app.kdf_runs();
    let change = json!({"current_password": "a guess", "new_password": "another good passphrase"});
    let quota = LimitedAction::Password.policy().quota as usize;
    let answers = until_answered(quota, |number| {
        let (change, form) = (change.clone(), json!({"password": "a guess"}).to_string());
        async move {
            if number % 2 == 0 {
                ada.post("/api/auth/password", change).await
            } else {
                let json = [("content-type", "application/json")];
                ada.send(Method::DELETE, "/api/auth/account", Some(form), &json).await
            }
        }
    });
    for answer in answers.await {
        let _ = answer.problem(401, "invalid_credentials");
    }
    // A request refused before a password comparison is not counted, like one that finds the queue full.
    let refused = ada.post("/api/auth/password", change).await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["password"]));
    assert_eq!(test.app.kdf_runs() - derived, quota as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnected_client_is_counted_for_derived_keys_and_wrong_guesses() {
    let (test, class) = class_before_queue(TestApp::limited().await, 8, &["ada", "grace"]).await;
    let school = address_subject(class[0].address);
    let mut wrong = 0;
    for (student, password) in [(&class[0], PASSWORD), (&class[1], "a guess")] {
        let before = test.app.kdf_runs();
        for patience in 0..8 {
            let (person, form) = (student.clone(), json!({"email": student.email, "password": password}));
            let login = tokio::spawn(async move { person.post("/api/auth/login", form).await });
            for _ in 0..patience {
                // About the duration of one step of a login.
                let _ = counted(&test, LimitedAction::OpenRead, "nobody").await;
            }
            login.abort();
            let _ = login.await;
        }
        let mut seen = (0, 0, 1);
        for _ in 0..10_000 {
            let derived = test.app.kdf_runs() - before;
            let by_email = counted(&test, LimitedAction::LoginEmail, &email_subject(&student.email)).await;
            let by_address = counted(&test, LimitedAction::LoginAddress, &school).await;
            seen = (by_email, by_address, derived);
            if seen == (derived, wrong + if password == PASSWORD { 0 } else { derived }, derived) {
                break;
            }
        }
        wrong += if password == PASSWORD { 0 } else { seen.2 };
        assert_eq!((seen.0, seen.1), (seen.2, wrong), "{password}");
    }
}

#[tokio::test]
async fn refused_guesses_at_one_account_do_not_count_for_the_address() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let school = test.anonymous();
    let guess =
        async |email: &str| school.post("/api/auth/login", json!({"email": email, "password": "a guess"})).await;
    let quota = LimitedAction::LoginEmail.policy().quota;
    for number in 0..40 {
        let answer = guess("flooded@example.org").await;
        if number < quota {
            let _ = answer.problem(401, "invalid_credentials");
        } else {
            assert_eq!(answer.problem(429, "rate_limited")["violated_policies"], json!(["login_email"]));
        }
    }
    for number in quota..QUOTA_MAX {
        let _ = guess(&format!("{number}@example.org")).await.problem(401, "invalid_credentials");
    }
    assert_eq!(
        guess("last@example.org").await.problem(429, "rate_limited")["violated_policies"],
        json!(["login_address"])
    );
}

#[tokio::test]
async fn every_spelling_of_an_email_is_counted_as_one() {
    let test = TestApp::limited().await;
    let spellings = ["josé@bücher.example", "JOSE\u{301}@BÜCHER.example", "josé@xn--bcher-kva.example"];
    let quota = LimitedAction::LoginEmail.policy().quota;
    for number in 0..=quota {
        let form = json!({"email": spellings[number as usize % spellings.len()], "password": "a guess"});
        let answer = test.anonymous().post("/api/auth/login", form).await;
        assert_eq!(answer.status == 429, number == quota, "{number}: {}", answer.body);
    }
}
