//! The second factor of tests: an app that shows codes, and sign-ins that need one.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use shared::domain::account::factor::{STEP_SECONDS, code_of};

use crate::{Answer, PASSWORD, Person, TestApp};

/// The second factor of a person.
#[derive(Debug, Clone)]
pub struct TestFactor {
    /// The secret in base32.
    pub secret: String,
    pub recovery_codes: Vec<String>,
}

impl TestApp {
    /// The code that an app shows this many steps from now.
    #[must_use]
    pub fn code(&self, secret: &str, steps: u32) -> String {
        code_of(secret, self.app.now() + Duration::from_secs(STEP_SECONDS) * steps).unwrap()
    }

    /// Begins to set up a factor for this person, who has the password of all test users, and returns its secret.
    pub async fn begin_factor(&self, person: &Person) -> String {
        let answer = person.post("/api/auth/factor", json!({"password": PASSWORD})).await.ok();
        answer["secret"].as_str().unwrap().to_owned()
    }

    /// Gives this person a factor. The code of the present step is used up then, and that of the next one is not.
    pub async fn give_factor(&self, person: &Person) -> TestFactor {
        let secret = self.begin_factor(person).await;
        let answer = person.post("/api/auth/factor/confirm", json!({"code": self.code(&secret, 0)})).await.ok();
        let recovery_codes = serde_json::from_value(answer["recovery_codes"].clone()).unwrap();
        TestFactor { secret, recovery_codes }
    }

    /// The challenge of a login with this email and the password of all test users.
    pub async fn challenge(&self, email: &str) -> String {
        let answer = self.anonymous().post("/api/auth/login", json!({"email": email, "password": PASSWORD})).await;
        let problem = answer.problem(401, "factor_required");
        problem["challenge"].as_str().unwrap().to_owned()
    }
}

impl Person {
    /// Answers a challenge.
    pub async fn answer(&self, challenge: &str, code: &str) -> Answer {
        self.post("/api/auth/login/factor", json!({"challenge": challenge, "code": code})).await
    }

    /// DELETE with a JSON body.
    pub async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, Some(body.to_string()), &[("content-type", "application/json")]).await
    }
}
