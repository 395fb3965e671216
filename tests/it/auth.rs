//! Register, login, logout, me.

use serde_json::json;
use tests::{Person, TestApp};

#[tokio::test]
async fn a_student_registers_looks_around_and_leaves() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;

    let me = ada.get("/api/auth/me").await.ok();
    assert_eq!(
        me,
        json!({"user": {
            "id": ada.id, "email": "ada@example.org", "name": "ada", "credits": 5, "plan": "free",
            "credits_reset_at": 1_774_958_400,
        }})
    );
    assert_eq!(ada.post("/api/auth/logout", json!({})).await.ok(), json!({"success": true}));
    let gone = ada.get("/api/auth/me").await.problem(401, "unauthenticated");
    assert_eq!(gone["error"], "Unauthorized");
    let _ = Person::register;
}
