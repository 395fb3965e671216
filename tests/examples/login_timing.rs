//! Does the time of a failed login tell whether an email has an account? Logins with a known email and a wrong password,
//! and with an unknown email, in random order, through the whole router; then Welch's t of their times. With `forgot`, the
//! same for requests for a new password.
//!
//! `cargo run -p tests --example login_timing -- 2000`. A |t| above 4.5 is a leak by the usual bound of leakage tests
//! (TVLA); below it, so many logins cannot tell the two apart.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement that is read")]

use std::time::Instant;

use serde_json::json;
use tests::{Person, TestApp};

const FORGOT: &str = "/api/auth/forgot";

/// Times of one kind of login, in milliseconds.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    fn count(&self) -> f64 {
        self.0.len() as f64
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.count()
    }

    fn variance(&self) -> f64 {
        let mean = self.mean();
        self.0.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (self.count() - 1.0)
    }

    fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    /// Without the slowest `share`, to exclude noise of the machine.
    fn without_slowest(&self, share: f64) -> Self {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        sorted.truncate((self.count() * (1.0 - share)) as usize);
        Self(sorted)
    }
}

/// Welch's t: the difference of means in units of its standard error.
fn welch(a: &Times, b: &Times) -> f64 {
    (a.mean() - b.mean()) / (a.variance() / a.count() + b.variance() / b.count()).sqrt()
}

async fn ask(person: &Person, path: &str, email: &str) -> f64 {
    let body = json!({"email": email, "password": "not the passphrase"});
    let started = Instant::now();
    let answer = person.post(path, body).await;
    let millis = started.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(answer.status, if path == FORGOT { 200 } else { 401 });
    millis
}

#[tokio::main]
async fn main() {
    let each: usize = std::env::args().nth(1).map_or(2_000, |count| count.parse().unwrap());
    let path = if std::env::args().nth(2).as_deref() == Some("forgot") { FORGOT } else { "/api/auth/login" };
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let nobody = test.anonymous();
    let mut order: Vec<bool> = (0..2 * each).map(|number| number % 2 == 0).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut order);
    let (mut known, mut unknown) = (Times::default(), Times::default());
    for is_known in order {
        if is_known {
            known.0.push(ask(&nobody, path, &ada.email).await);
        } else {
            unknown.0.push(ask(&nobody, path, "bob@example.org").await);
        }
    }
    for (what, share) in [("all", 0.0), ("without the slowest tenth", 0.1)] {
        let (known, unknown) = (known.without_slowest(share), unknown.without_slowest(share));
        println!("{what}:");
        for (name, times) in [("known email", &known), ("unknown email", &unknown)] {
            let (n, mean, median, deviation) = (times.count(), times.mean(), times.median(), times.variance().sqrt());
            println!("  {name:<15} n {n:>5}  mean {mean:.3} ms  median {median:.3} ms  sd {deviation:.3} ms");
        }
        println!("  Welch's t {:.2}", welch(&known, &unknown));
    }
}
