//! Compares two builds of `pastpaper` in one run, or a build with the Node.js server of `node/sqlite`. A build has a `db` and a
//! `serve` of its own; the Node.js server is one process with data of its own. The two take turns, so that other work on the
//! machine slows both. The table has medians of the rounds.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::future::join_all;

use serde_json::Value;

use super::{Action, COURSE, LARGE_COURSE, User};

const ROUNDS: usize = 5;
/// Concurrent users, each with a connection.
const CONNECTIONS: usize = 16;
const USERS: usize = 6_000;
const QUESTIONS: &str = "1000,100000";

/// What a user has unlocked before the measurement.
#[derive(Clone, Copy)]
enum Unlocked {
    Nothing,
    /// So many questions, in practice requests of ten.
    Practised(usize),
    /// The first page of the course.
    Page,
}

/// A workload: what every user does first, and the requests that are measured.
struct Workload {
    name: &'static str,
    course: &'static str,
    action: Action,
    unlocked: Unlocked,
    /// Measured requests of each user in a round.
    requests: usize,
    /// Whether each round has users of its own, because a request changes what the next one costs.
    has_fresh_users: bool,
}

const fn reads(name: &'static str, action: Action, unlocked: Unlocked) -> Workload {
    Workload { name, course: COURSE, action, unlocked, requests: 150, has_fresh_users: false }
}

const fn spends(name: &'static str, course: &'static str, action: Action, unlocked: Unlocked) -> Workload {
    Workload { name, course, action, unlocked, requests: 5, has_fresh_users: true }
}

const WORKLOADS: [Workload; 9] = [
    reads("me", Action::Me, Unlocked::Nothing),
    reads("topics", Action::Topics, Unlocked::Nothing),
    reads("questions", Action::Browse, Unlocked::Nothing),
    reads("questions, a page of 20 unlocked", Action::Browse, Unlocked::Page),
    spends("bundle, fresh users", COURSE, Action::Bundle, Unlocked::Nothing),
    spends("practice of 3, 10 unlocked", COURSE, Action::Practice, Unlocked::Practised(10)),
    spends("practice of 3, 200 unlocked", COURSE, Action::Practice, Unlocked::Practised(200)),
    spends("bundle in a course of 100,000", LARGE_COURSE, Action::Bundle, Unlocked::Nothing),
    spends("practice of 3 in a course of 100,000", LARGE_COURSE, Action::Practice, Unlocked::Practised(10)),
];

/// A build under test: its processes and the address of its server.
struct Side {
    /// `None` for the Node.js server, which has its database in its own process.
    database: Option<Child>,
    server: Child,
    address: String,
    /// The next user who has sent no request.
    fresh: usize,
}

/// Processor time of a request in milliseconds.
#[derive(Clone, Copy)]
struct Cost {
    server: f64,
    database: f64,
}

impl Drop for Side {
    fn drop(&mut self) {
        for process in std::iter::once(&mut self.server).chain(&mut self.database) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Side {
    /// Starts a build on this data, or the Node.js server, if the name is that of a script.
    fn start(binary: &str, data: &Path) -> Self {
        if is_script(binary) {
            let (server, line) = started(Command::new("node").arg(binary), "Listening on ");
            let address = line.split(' ').nth(2).unwrap().to_owned();
            return Self { database: None, server, address, fresh: 0 };
        }
        let (database, line) =
            started(Command::new(binary).args(["db", "--port", "0", "--data"]).arg(data), "AWS_ENDPOINT");
        // Older builds print the address alone.
        let variables = line.split(' ').filter_map(|pair| pair.split_once('='));
        let mut serve = Command::new(binary);
        serve.args(["serve", "--port", "0", "--quota-times", "1000000"]).envs(variables).stderr(Stdio::null());
        let (server, line) = started(&mut serve, "Listening on ");
        let address = line.split(' ').nth(2).unwrap().to_owned();
        Self { database: Some(database), server, address, fresh: 0 }
    }

    /// Signs in users who have sent no request, and does what the workload asks for first.
    async fn users(&mut self, workload: &Workload) -> Vec<User> {
        let numbers = self.fresh..self.fresh + CONNECTIONS;
        self.fresh = numbers.end;
        assert!(self.fresh * 10 <= USERS, "too few users of the unlimited plan");
        let address = &self.address;
        let users = numbers.map(|number| async move {
            let mut user = User::sign_in(address, number).await;
            user.course = workload.course;
            match workload.unlocked {
                Unlocked::Nothing => {}
                Unlocked::Practised(count) => {
                    for _ in 0..count.div_ceil(10) {
                        user.succeed(Action::PracticeOfTen).await;
                    }
                }
                Unlocked::Page => user.start_page().await,
            }
            user
        });
        join_all(users).await
    }

    async fn measure(&self, users: &[User], action: Action, requests: usize) -> Cost {
        let run_times = || [Some(&self.server), self.database.as_ref()].map(|process| process.map_or(0.0, run_time));
        let before = run_times();
        join_all(users.iter().map(|user| async move {
            for _ in 0..requests {
                user.succeed(action).await;
            }
        }))
        .await;
        let after = run_times();
        let millis = |index: usize| (after[index] - before[index]) / (users.len() * requests) as f64;
        Cost { server: millis(0), database: millis(1) }
    }
}

impl User {
    async fn succeed(&self, action: Action) {
        let (status, body) = self.send(action).await;
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    }

    /// Starts each question of the first page of the course.
    async fn start_page(&self) {
        let (_, page) = self.send(Action::Browse).await;
        let page: Value = serde_json::from_slice(&page).unwrap();
        for question in page["questions"].as_array().unwrap() {
            let path = format!("/api/questions/{}/start", question["id"].as_str().unwrap());
            let (status, body) = self.send_request(("POST", path, None)).await;
            assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        }
    }
}

/// Starts a process and returns it with the first line of its output that has `wanted`.
fn started(command: &mut Command, wanted: &str) -> (Child, String) {
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains(wanted)).unwrap();
    // Its further output must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (process, line)
}

/// Milliseconds that the threads of a process have run (`schedstat`, in nanoseconds).
fn run_time(process: &Child) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let times = tasks.filter_map(|task| {
        let times = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e6
}

fn is_script(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "mjs")
}

/// Whether the Node.js server has what the workload needs: it has one course, and its questions cannot be started one by one.
fn is_of_five_routes(workload: &Workload) -> bool {
    workload.course == COURSE && !matches!(workload.unlocked, Unlocked::Page)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Runs the comparison and prints its table.
pub(super) async fn compare(base: &str, new: &str) {
    let folder = std::env::temp_dir().join(format!("pastpaper-against-{}", std::process::id()));
    let data = [folder.join("base"), folder.join("new")];
    let users = USERS.to_string();
    // A build reads what an older one has filled.
    let mut fill = Command::new(if is_script(base) { new } else { base });
    fill.args(["bench", "fill", "--users", &users, "--questions", QUESTIONS, "--data"]).arg(&data[0]);
    assert!(fill.stdout(Stdio::null()).status().unwrap().success());
    copy_folder(&data[0], &data[1]);
    let mut sides = [Side::start(base, &data[0]), Side::start(new, &data[1])];

    println!("{base} and {new}: {ROUNDS} rounds, {CONNECTIONS} connections. Milliseconds of processor a request.");
    println!("| request | server | database | server, new | database, new | server, new ÷ old | both, new ÷ old |");
    println!("|---|---|---|---|---|---|---|");
    for workload in &WORKLOADS {
        if is_script(base) && !is_of_five_routes(workload) {
            continue;
        }
        let mut costs: [Vec<Cost>; 2] = Default::default();
        let mut users: [Vec<User>; 2] = Default::default();
        // The first round is not counted: it fills the memory of both processes.
        for round in 0..=ROUNDS {
            for index in 0..2 {
                let side = &mut sides[index];
                if round == 0 || workload.has_fresh_users {
                    users[index] = side.users(workload).await;
                    // Fills the caches of the process.
                    side.measure(&users[index][..1], Action::Topics, 1).await;
                }
                let cost = side.measure(&users[index], workload.action, workload.requests).await;
                if round > 0 {
                    costs[index].push(cost);
                }
            }
        }
        let [old, new] = costs.map(|costs| Cost {
            server: median(costs.iter().map(|cost| cost.server)),
            database: median(costs.iter().map(|cost| cost.database)),
        });
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            workload.name,
            old.server,
            old.database,
            new.server,
            new.database,
            new.server / old.server,
            (new.server + new.database) / (old.server + old.database),
        );
    }
    drop(sides);
    fs::remove_dir_all(folder).unwrap();
}
