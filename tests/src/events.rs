//! The payloads of `events/` and their expected responses. They are sent to the routers in a test, and to the
//! functions' binaries in `examples/replay.rs`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Person, TestApp, stripe};

/// File name without `.json`, status, and the problem code for an error.
pub const EVENTS: [(&str, u16, Option<&str>); 112] = [
    ("analysis.show_analysis", 200, None),
    ("analysis.show_analysis.prefetch", 402, Some("not_purchased")),
    ("analysis.show_analysis.unknown_course", 404, Some("not_found")),
    ("analysis.show_detailed_analysis", 200, None),
    ("assessment.find_weak_topics", 200, None),
    ("assessment.find_weak_topics.unknown_topic", 404, Some("not_found")),
    ("assessment.show_progress", 200, None),
    ("assessment.show_review", 200, None),
    ("assessment.show_review.unknown_course", 404, Some("not_found")),
    ("auth.change_password", 200, None),
    ("auth.change_password.wrong", 401, Some("invalid_credentials")),
    ("auth.confirm_email", 200, None),
    ("auth.confirm_email.forged", 400, Some("invalid_token")),
    ("auth.confirm_factor", 200, None),
    ("auth.delete_account", 200, None),
    ("auth.export_account", 200, None),
    ("auth.export_account.page", 200, None),
    ("auth.forgot_password", 200, None),
    ("auth.list_sessions", 200, None),
    ("auth.login", 200, None),
    ("auth.login.base64_body", 200, None),
    ("auth.login.wrong_method", 405, Some("method_not_allowed")),
    ("auth.login.wrong_password", 401, Some("invalid_credentials")),
    ("auth.login_with_factor", 200, None),
    ("auth.login_with_factor.over", 400, Some("invalid_token")),
    ("auth.logout", 200, None),
    ("auth.register", 200, None),
    ("auth.register.email_taken", 409, Some("email_taken")),
    ("auth.register.malformed_json", 400, Some("invalid_json")),
    ("auth.remove_factor", 200, None),
    ("auth.remove_factor.unknown", 404, Some("not_found")),
    ("auth.resend_verification", 200, None),
    ("auth.reset_password", 200, None),
    ("auth.reset_password.forged", 400, Some("invalid_token")),
    ("auth.revoke_session", 200, None),
    ("auth.revoke_session.unknown", 404, Some("not_found")),
    ("auth.send_message", 200, None),
    ("auth.setup_factor", 200, None),
    ("auth.show_me", 200, None),
    ("auth.show_me.foreign_token", 401, Some("unauthenticated")),
    ("auth.show_me.missing_token", 401, Some("unauthenticated")),
    ("auth.show_notices", 200, None),
    ("auth.undo_email_change", 200, None),
    ("auth.unsubscribe", 200, None),
    ("auth.update_me", 200, None),
    ("auth.update_me.wrong_password", 401, Some("invalid_credentials")),
    ("auth.update_notices", 200, None),
    ("auth.update_notices.essential", 422, Some("invalid_field")),
    ("auth.verify_email", 200, None),
    ("auth.verify_email.damaged", 400, Some("invalid_token")),
    ("courses.enroll", 200, None),
    ("courses.list_courses", 200, None),
    ("courses.list_exams", 200, None),
    ("courses.show_course", 200, None),
    ("courses.show_course.unknown_course", 404, Some("not_found")),
    ("courses.show_health", 200, None),
    ("courses.show_stats", 200, None),
    ("courses.show_status", 200, None),
    ("courses.show_status.head", 200, None),
    ("courses.show_status.unknown_path", 404, Some("not_found")),
    ("credits.list_prices", 200, None),
    ("credits.list_transactions", 200, None),
    ("credits.open_portal", 200, None),
    ("credits.open_portal.not_subscribed", 409, Some("not_subscribed")),
    ("credits.purchase_plan", 200, None),
    ("credits.redeem_voucher", 200, None),
    ("credits.redeem_voucher.unknown", 404, Some("not_found")),
    ("credits.show_balance", 200, None),
    ("marking.preview_answer", 200, None),
    ("marking.submit_answer", 200, None),
    ("marking.submit_midterm", 200, None),
    ("marking.submit_midterm.unknown_question", 422, Some("invalid_field")),
    ("midterm.generate_midterm", 200, None),
    ("midterm.generate_midterm.config", 200, None),
    ("midterm.generate_midterm.infeasible", 422, Some("blueprint_infeasible")),
    ("midterm.list_midterms", 200, None),
    ("midterm.list_presets", 200, None),
    ("midterm.show_midterm", 200, None),
    ("midterm.show_midterm.page", 200, None),
    ("midterm.show_midterm.unknown", 404, Some("not_found")),
    ("midterm.show_result", 200, None),
    ("midterm.show_result.page", 200, None),
    ("midterm.start_midterm", 200, None),
    ("questions.browse_questions", 200, None),
    ("questions.browse_questions.filters", 200, None),
    ("questions.browse_questions.missing_course_id", 400, Some("missing_field")),
    ("questions.bundle_questions", 200, None),
    ("questions.feature_question", 200, None),
    ("questions.feature_question.not_modified", 304, None),
    ("questions.list_course_questions", 200, None),
    ("questions.list_exam_questions", 200, None),
    ("questions.list_public_questions", 200, None),
    ("questions.practice_questions", 200, None),
    ("questions.practice_questions.missing_course_id", 400, Some("missing_field")),
    ("questions.practice_questions.preflight", 204, None),
    ("questions.report_question", 200, None),
    ("questions.report_question.not_started", 409, Some("not_started")),
    ("questions.show_figure", 200, None),
    ("questions.show_figure.forged", 404, Some("not_found")),
    ("questions.show_question", 200, None),
    ("questions.start_question", 200, None),
    ("questions.unlock_solution", 200, None),
    ("questions.unlock_solution.not_started", 409, Some("not_started")),
    ("topics.list_open_topics", 200, None),
    ("topics.list_public_topics", 200, None),
    ("topics.list_topics", 200, None),
    ("topics.list_topics.category", 200, None),
    ("topics.show_public_topic", 200, None),
    ("topics.show_topic", 200, None),
    ("webhooks.receive_event", 200, None),
    ("webhooks.receive_event.base64_body", 200, None),
    ("webhooks.receive_event.forged", 400, Some("invalid_signature")),
];

/// Events on a question that must be started before.
const AFTER_START: [&str; 4] =
    ["marking.preview_answer", "questions.report_question", "marking.submit_answer", "questions.unlock_solution"];

/// The committed text of an event.
#[must_use]
pub fn text(name: &str) -> String {
    let file = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Stands for the token in the link of a mail.
pub const LINK_TOKEN: &str = "{{link_token}}";

/// Stands for a code of the reader's second factor.
pub const CODE: &str = "{{code}}";

/// A code for the event, of a reader who has just registered: that of an app, or a recovery code.
pub async fn code(test: &TestApp, reader: &Person, name: &str) -> String {
    if name.contains("confirm_factor") {
        let secret = test.begin_factor(reader).await;
        return test.code(&secret, 0);
    }
    test.give_factor(reader).await.recovery_codes.swap_remove(0)
}

/// A token for the event, from a mail to a reader who has just registered, or the challenge of a login.
pub async fn link_token(test: &TestApp, reader: &Person, name: &str) -> String {
    let new = format!("new.{}", reader.email);
    match name {
        name if name.contains("reset") => test.reset_token(reader).await,
        name if name.contains("login_with_factor") => test.challenge(&reader.email).await,
        name if name.contains("confirm_email") => test.confirm_token(reader, &new).await,
        name if name.contains("unsubscribe") => test.unsubscribe_token(reader).await,
        name if name.contains("undo_email") => test.undo_token(reader, &new).await,
        _ => test.token_for(reader).await,
    }
}

/// Creates the users for the login and register events, and the voucher.
pub async fn prepare(test: &TestApp) {
    let _ada = test.user("ada").await;
    test.voucher().await;
}

/// An event ready to be sent, for a new user who meets its preconditions.
pub async fn payload(test: &TestApp, name: &str) -> Value {
    if text(name).contains(LINK_TOKEN) || text(name).contains(CODE) {
        let reader = test.user(name).await;
        let mut event = text(name);
        if event.contains(CODE) {
            event = event.replace(CODE, &code(test, &reader, name).await);
        }
        if event.contains(LINK_TOKEN) {
            event = event.replace(LINK_TOKEN, &link_token(test, &reader, name).await);
        }
        return fill(name, event, &reader, test.app.now()).await;
    }
    if !text(name).contains("{{token}}") {
        return filled(name, &test.anonymous(), test.app.now()).await;
    }
    let reader = test.user(name).await;
    if AFTER_START.contains(&name) {
        let _ = reader.post("/api/questions/alg-q2/start", json!({})).await.ok();
    }
    if name == "credits.open_portal" {
        let _ = reader.post("/api/credits/purchase", json!({"plan": "starter"})).await.ok();
    }
    filled(name, &reader, test.app.now()).await
}

/// An event with the user's values filled in, signed at `now`.
pub async fn filled(name: &str, reader: &Person, now: Timestamp) -> Value {
    fill(name, text(name), reader, now).await
}

/// The same for a given text.
pub async fn fill(name: &str, mut text: String, reader: &Person, now: Timestamp) -> Value {
    if text.contains("{{midterm}}") {
        let id = reader.midterm().await;
        if name.starts_with("marking.submit_midterm") || name.starts_with("midterm.show_result") {
            let _ = reader.post(&format!("/api/midterm/{id}/start"), json!({})).await.ok();
        }
        if name.starts_with("midterm.show_result") {
            let answers = json!({"answers": {"alg-q1": {"answer": "3"}, "alg-q4": {"answer": "8"}}});
            let _ = reader.post(&format!("/api/midterm/{id}/submit"), answers).await.ok();
        }
        text = text.replace("{{midterm}}", &id);
    }
    text = text.replace("{{session}}", &reader.session_id());
    text = text.replace("{{token}}", reader.token.as_deref().unwrap_or_default());
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    if name.starts_with("webhooks.") && !name.ends_with(".forged") {
        let body = payload["body"].as_str().unwrap();
        let is_encoded = payload["isBase64Encoded"] == true;
        let body = if is_encoded { BASE64_STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() };
        payload["headers"]["stripe-signature"] = json!(stripe::signature(&body, stripe::WEBHOOK_SECRETS[0], now));
    }
    payload
}
