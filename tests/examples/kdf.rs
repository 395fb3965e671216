//! `cargo run --release -p tests --example kdf`: one hash of a password, 600,000 iterations of PBKDF2-HMAC-SHA256,
//! beside the same by OpenSSL (`hashlib` of `python3`) and by Node.js (`node`), each on this machine, one after
//! another. Medians of `RUNS`, and the ratio of our time to theirs.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]

use std::process::Command;
use std::time::Instant;

use shared::domain::account::Password;
use shared::domain::account::password;

const RUNS: usize = 15;

const PYTHON: &str = "import hashlib, time
for _ in range(15):
    begin = time.perf_counter()
    hashlib.pbkdf2_hmac('sha256', b'a quite good passphrase', bytes(16), 600_000, 32)
    print((time.perf_counter() - begin) * 1e3)";

const NODE: &str = "const { pbkdf2Sync } = require('node:crypto');
for (let run = 0; run < 15; run++) {
  const begin = performance.now();
  pbkdf2Sync('a quite good passphrase', Buffer.alloc(16), 600000, 32, 'sha256');
  console.log(performance.now() - begin);
}";

fn ours() -> Vec<f64> {
    let password = Password::from("a quite good passphrase".to_owned());
    let mut millis = Vec::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        password::hash(password::derive, &password, [0; 16]).unwrap();
        millis.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    millis
}

fn theirs(program: &str, option: &str, script: &str) -> Vec<f64> {
    let output = Command::new(program).args([option, script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let ours = median(ours());
    println!("| PBKDF2-HMAC-SHA256, 600,000 iterations | ms | ours / theirs |\n|---|---|---|");
    println!("| `shared::domain::account::password` | {ours:.1} | |");
    for (name, program, option, script) in
        [("OpenSSL, by Python's `hashlib`", "python3", "-c", PYTHON), ("Node.js, `pbkdf2Sync`", "node", "-e", NODE)]
    {
        let millis = median(theirs(program, option, script));
        println!("| {name} | {millis:.1} | {:.2} |", ours / millis);
    }
}
