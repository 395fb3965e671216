//! One mailbox has one account, and a password matches in every Unicode form.

use pastpaper::import::import_d1;
use pastpaper::user;
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::domain::account::Email;
use shared::domain::account::password::PasswordHash;
use shared::domain::credits::Plan;
use tests::{Answer, PASSWORD, Person, TestApp, WORKER_HASH};

const IN_UNICODE: &str = "user@bücher.example";
const IN_ASCII: &str = "user@xn--bcher-kva.example";

async fn register(test: &TestApp, email: &str, name: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "name": name});
    test.anonymous().post("/api/auth/register", body).await
}

async fn login(test: &TestApp, email: &str, password: &str) -> Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

/// An account stored under this exact spelling, as older accounts are.
async fn stored(test: &TestApp, email: &str, hash: &str) -> Person {
    let person = test.member_as(email, email, Plan::Free, 5).await;
    test.set_hash(&person, &PasswordHash::imported(hash.to_owned())).await;
    person
}

#[tokio::test]
async fn a_mailbox_has_one_account_however_its_address_is_spelled() {
    let test = TestApp::empty().await;
    for (first, others) in [
        (IN_UNICODE, vec![IN_ASCII, "USER@BÜCHER.example", "user@bu\u{308}cher.example", "user@XN--BCHER-KVA.EXAMPLE"]),
        ("jose\u{301}@example.org", vec!["josé@example.org", "JOSÉ@example.org", "josé@ｅxample.org"]),
    ] {
        let user = register(&test, first, "One").await.ok()["user"].clone();
        for other in others {
            let _ = register(&test, other, "Two").await.problem(409, "email_taken");
            assert_eq!(login(&test, other, PASSWORD).await.ok()["user"], user, "{other}");
        }
        assert_eq!(login(&test, first, PASSWORD).await.ok()["user"], user);
        assert_eq!(user::find(&test.app, first).await.unwrap().id.to_string(), user["id"].as_str().unwrap());
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_account_that_is_stored_in_another_spelling_keeps_its_mailbox() {
    let test = TestApp::empty().await;
    let old = stored(&test, IN_UNICODE, WORKER_HASH).await;
    for spelling in [IN_UNICODE, IN_ASCII] {
        let _ = register(&test, spelling, "Other").await.problem(409, "email_taken");
        assert_eq!(login(&test, spelling, PASSWORD).await.ok()["user"]["id"], old.id.as_str(), "{spelling}");
    }
    // It can be changed and deleted under any stored spelling.
    let change = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    let _ = old.post("/api/auth/password", change).await.ok();
    let _ = login(&test, IN_ASCII, "another good passphrase").await.ok();
}

#[tokio::test]
async fn two_accounts_of_one_mailbox_keep_their_spellings_and_are_reported() {
    let test = TestApp::empty().await;
    let ours = test.app.hash_password("a passphrase of another".to_owned().into()).await.unwrap();
    let first = stored(&test, IN_UNICODE, WORKER_HASH).await;
    let second = stored(&test, IN_ASCII, ours.as_str()).await;
    for (email, password, person) in [(IN_UNICODE, PASSWORD, &first), (IN_ASCII, "a passphrase of another", &second)] {
        assert_eq!(login(&test, email, password).await.ok()["user"]["id"], person.id.as_str(), "{email}");
    }
    for (email, password) in [(IN_ASCII, PASSWORD), (IN_UNICODE, "a passphrase of another")] {
        let _ = login(&test, email, password).await.problem(401, "invalid_credentials");
    }
    let findings = check_all(&test.app).await.unwrap();
    assert_eq!((findings.mismatches(), findings.notes.len()), (0, 1), "{findings:?}");
    assert!(findings.notes[0].contains(&first.id) && findings.notes[0].contains(&second.id), "{findings:?}");
    assert!(findings.report().contains("note: users "), "{}", findings.report());
}

#[tokio::test]
async fn an_import_normalises_emails_and_reports_collisions() {
    let test = TestApp::empty().await;
    let dump = format!(
        "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, created_at TEXT);
         INSERT INTO users VALUES
            ('00000000-0000-4000-8000-000000000001', '{IN_UNICODE}', '{WORKER_HASH}', '2024-01-01T00:00:00Z'),
            ('00000000-0000-4000-8000-000000000002', '{IN_ASCII}', '{WORKER_HASH}', '2024-01-02T00:00:00Z'),
            ('00000000-0000-4000-8000-000000000003', 'jose\u{301}@example.org', '{WORKER_HASH}', '2024-01-03T00:00:00Z');"
    );
    for _ in 0..2 {
        let summary = import_d1(&test.app, &dump, false).await.unwrap();
        assert!(summary.refused.is_empty(), "{summary}");
        let notes: Vec<_> = summary.notes.iter().filter(|note| note.contains("one mailbox")).collect();
        assert_eq!(notes.len(), 1, "{summary}");
        assert!(notes[0].contains("000000000001") && notes[0].contains("000000000002"), "{summary}");
    }
    for (email, user) in
        [(IN_UNICODE, '1'), (IN_ASCII, '2'), ("josé@example.org", '3'), ("JOSE\u{301}@example.org", '3')]
    {
        let answer = login(&test, email, PASSWORD).await.ok();
        assert!(answer["user"]["id"].as_str().unwrap().ends_with(user), "{email}: {answer}");
    }
    let normal = Email::try_from("josé@example.org".to_owned()).unwrap();
    assert!(test.app.store.credential(&normal).await.unwrap().is_some());
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_import_of_one_email_in_two_cases_is_explained() {
    let test = TestApp::empty().await;
    let dump = |second: &str| {
        format!(
            "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, created_at TEXT, credits INTEGER);
             INSERT INTO users VALUES
                ('00000000-0000-4000-8000-000000000001', 'ada@b\u{fc}cher.example', '{WORKER_HASH}', '2026-02-21T00:00:00Z', 3),
                ('00000000-0000-4000-8000-000000000002', '{second}', '{WORKER_HASH}', '2026-02-22T00:00:00Z', 7);"
        )
    };
    let summary = import_d1(&test.app, &dump("ADA@B\u{dc}CHER.example"), false).await.unwrap();
    let [refused] = summary.refused.as_slice() else { panic!("{summary}") };
    for told in ["user \"00000000-0000-4000-8000-000000000001\"", "keeps it", "7 credits", "import again"] {
        assert!(refused.reason.contains(told), "{refused:?}");
    }
    // The same holds across two dumps.
    let row = |id: char, email: &str| {
        format!(
            "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, created_at TEXT, credits INTEGER);
             INSERT INTO users VALUES
                ('00000000-0000-4000-8000-00000000000{id}', '{email}', '{WORKER_HASH}', '2026-02-21T00:00:00Z', 7);"
        )
    };
    let summary = import_d1(&test.app, &row('3', "bob@example.org"), false).await.unwrap();
    assert!(summary.refused.is_empty(), "{summary}");
    let summary = import_d1(&test.app, &row('4', "BOB@Example.org"), false).await.unwrap();
    let [refused] = summary.refused.as_slice() else { panic!("{summary}") };
    for told in ["stored account 00000000-0000-4000-8000-000000000003", "keeps it", "7 credits", "import again"] {
        assert!(refused.reason.contains(told), "{refused:?}");
    }
    let summary = import_d1(&test.app, &dump("ada.2@b\u{fc}cher.example"), false).await.unwrap();
    assert!(summary.refused.is_empty(), "{summary}");
    for (email, user, credits) in [("ADA@B\u{dc}CHER.example", '1', 3), ("ada.2@b\u{fc}cher.example", '2', 7)] {
        let user_of = login(&test, email, PASSWORD).await.ok()["user"].clone();
        assert!(user_of["id"].as_str().unwrap().ends_with(user), "{email}: {user_of}");
        assert_eq!(user_of["credits"], credits);
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_email_with_dots_of_another_form_is_imported_and_signs_in() {
    let test = TestApp::empty().await;
    let dump = format!(
        "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, created_at TEXT);
         INSERT INTO users VALUES
            ('00000000-0000-4000-8000-000000000001', 'ada@example.org.', '{WORKER_HASH}', '2024-01-01T00:00:00Z'),
            ('00000000-0000-4000-8000-000000000002', 'eve@example\u{3002}org', '{WORKER_HASH}', '2024-01-02T00:00:00Z');"
    );
    for _ in 0..2 {
        let summary = import_d1(&test.app, &dump, false).await.unwrap();
        assert!(summary.refused.is_empty(), "{summary}");
        assert!(summary.notes.iter().any(|note| note.contains("ends with a dot")), "{summary}");
    }
    for (email, user) in [
        ("ada@example.org.", '1'),
        ("Ada@Example.org", '1'),
        ("ada@example.org\u{3002}", '1'),
        ("eve@example\u{3002}org", '2'),
        ("eve@example.org", '2'),
    ] {
        let answer = login(&test, email, PASSWORD).await.ok();
        assert!(answer["user"]["id"].as_str().unwrap().ends_with(user), "{email}: {answer}");
    }
    assert_eq!(register(&test, "ada@example.org.", "Ada").await.problem(409, "email_taken")["status"], 409);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn registration_refuses_invisible_characters() {
    let test = TestApp::empty().await;
    let refused = async |email: &str, name: &str| -> Value {
        register(&test, email, name).await.problem(422, "invalid_field")["field"].clone()
    };
    for invisible in [
        "\u{200b}",
        "\u{200e}",
        "\u{202e}",
        "\u{2066}",
        "\u{ad}",
        "\u{feff}",
        "\u{2060}",
        "\u{e0041}",
        "\u{fe00}",
        "\u{fe0f}",
        "\u{34f}",
        "\u{115f}",
        "\u{1160}",
        "\u{3164}",
        "\u{ffa0}",
        "\u{180b}",
        "\u{180f}",
        "\u{17b4}",
        "\u{17b5}",
        "\u{2065}",
        "\u{e0100}",
        "\u{e01ef}",
        "\u{e0fff}",
        "\u{2800}",
    ] {
        assert_eq!(refused(&format!("a{invisible}da@example.org"), "Ada").await, "email", "{invisible:?}");
        assert_eq!(refused(&format!("ada@exam{invisible}ple.org"), "Ada").await, "email", "{invisible:?}");
        assert_eq!(refused("ada@example.org", &format!("A{invisible}da")).await, "name", "{invisible:?}");
    }
    assert_eq!(refused("ada@xn--a.example", "Ada").await, "email");
    let _ = register(&test, "ada@example.org", "Ада 👩").await.ok();
}

#[tokio::test]
async fn a_password_matches_in_every_unicode_form() {
    let test = TestApp::empty().await;
    let (composed, decomposed) = ("une cl\u{e9} tr\u{e8}s s\u{fb}re", "une cle\u{301} tre\u{300}s su\u{302}re");
    let body = json!({"email": "ada@example.org", "password": decomposed});
    let _ = test.anonymous().post("/api/auth/register", body).await.ok();
    for typed in [composed, decomposed] {
        let _ = login(&test, "ada@example.org", typed).await.ok();
    }
    let _ = login(&test, "ada@example.org", "une cle tres sure").await.problem(401, "invalid_credentials");

    // A hash of what was typed, before passwords had a normal form: `hashlib.pbkdf2_hmac("sha256", "cle\u0301
    // cle\u0301".encode(), bytes(range(16)), 100_000, 32)` of Python. The first login replaces the hash; then both
    // forms work.
    let old = stored(&test, "old@example.org", OLD_HASH).await;
    let _ = login(&test, &old.email, "cl\u{e9} cl\u{e9}").await.problem(401, "invalid_credentials");
    for typed in ["cle\u{301} cle\u{301}", "cl\u{e9} cl\u{e9}", "cle\u{301} cle\u{301}"] {
        let _ = login(&test, &old.email, typed).await.ok();
    }
}

const OLD_HASH: &str = "000102030405060708090a0b0c0d0e0f:\
    1e9b5d52f9b09e83bca45a1d556e0e7e70335cc00673d7fd8234ca7f225c6ee8";
