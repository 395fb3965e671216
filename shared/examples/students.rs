//! Students with known abilities answer questions: how close do the estimates come, and are weak topics found?
//!
//!     cargo run --release -p shared --example students
//!     cargo run --release -p shared --example students -- --goals
//!     cargo run --release -p shared --example students -- --own-marks
//!     cargo run --release -p shared --example students -- --log STUDENTS SEED > log.csv
//!
//! The first prints the tables of `docs/mastery.md`. The second compares the three weakest topics with those of
//! percentages on 60 courses, and fails if a goal is missed. The third shows what a student's own marks are worth when
//! students overrate themselves. The last prints a log of attempts for `pastpaper evaluate`: students of other seeds meet
//! the same course.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use fastrand::Rng;
use shared::domain::mastery::{
    AttemptResult, Calibration, Ease, Evidence, Levels, MU_LOGITS, Mastery, Observation, Ranking, TopicCandidate,
    estimate, initial_effect, rank, sigmoid,
};

const TOPICS: usize = 12;
const QUESTIONS: usize = 60;
const COURSES: u64 = 10;
/// Students of each course whose answers calibrate it, and others whose mastery is estimated.
const STUDENTS: usize = 200;
const CALIBRATION_ATTEMPTS: usize = 10;
const CHECKPOINTS: [usize; 5] = [3, 5, 10, 20, 50];
/// How many topics are weak.
const WEAK: usize = 3;
/// Places of the ranking in which recall looks for them.
const PLACES: usize = 5;
const DAY_SECONDS: usize = 86_400;
const DAY_ATTEMPTS: usize = 20;

/// A way to practise.
#[derive(Clone, Copy, PartialEq)]
enum Habit {
    /// As `Even`, with harder questions on topics where the student is better.
    Matched,
    /// As many attempts on each topic; abilities stay as they are.
    Even,
    /// From a fifth to nearly twice as many; each attempt on a topic adds 0.02 logits to its ability.
    Learning,
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let written = match words.as_slice() {
        [] => tables(&mut io::stdout()),
        ["--goals"] => match goals(&mut io::stdout()) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::FAILURE,
            Err(error) => Err(error),
        },
        ["--own-marks"] => own_marks(&mut io::stdout()),
        ["--log", students, seed] => match (students.parse(), seed.parse()) {
            (Ok(students), Ok(seed)) => log(students, seed, &mut BufWriter::new(io::stdout())),
            _ => return usage(),
        },
        _ => return usage(),
    };
    match written {
        // `head` has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

#[expect(clippy::print_stderr, reason = "a command-line tool")]
fn usage() -> ExitCode {
    eprintln!("usage: students [--goals | --own-marks | --log STUDENTS SEED]");
    ExitCode::from(2)
}

/// The true course; the model only knows the ratings.
struct Course {
    topics: Vec<f64>,
    /// By topic: rating and true effect.
    questions: Vec<Vec<(u8, f64)>>,
}

impl Course {
    fn new(random: &mut Rng) -> Self {
        let question = |random: &mut Rng| {
            let rating = random.u8(1..=5);
            (rating, initial_effect(Some(rating)) + 0.4 * normal(random))
        };
        Self {
            topics: (0..TOPICS).map(|_| 0.6 * normal(random)).collect(),
            questions: (0..TOPICS).map(|_| (0..QUESTIONS).map(|_| question(random)).collect()).collect(),
        }
    }

    fn p(&self, ability: f64, topic: usize, question: usize) -> f64 {
        sigmoid(MU_LOGITS + ability - self.topics[topic] - self.questions[topic][question].1)
    }

    /// The share of a topic's questions that a student of this ability gets right.
    fn mastery(&self, ability: f64, topic: usize) -> f64 {
        mean((0..QUESTIONS).map(|question| self.p(ability, topic, question)))
    }
}

type Log = Vec<Observation<usize, usize, (usize, usize)>>;

/// A student's attempts, and the ability in each topic after them.
struct Student {
    attempts: Log,
    abilities: Vec<f64>,
}

impl Student {
    /// Answers about `each` questions of every topic, none of them twice.
    fn practise(course: &Course, user: usize, each: usize, habit: Habit, random: &mut Rng) -> Self {
        let level = 0.8 * normal(random);
        let mut abilities: Vec<f64> = (0..TOPICS).map(|_| level + 0.6 * normal(random)).collect();
        let mut next = Vec::new();
        for (topic, ability) in abilities.iter().enumerate() {
            let count = match habit {
                Habit::Even | Habit::Matched => each,
                Habit::Learning => (each * random.usize(4..36)).div_ceil(20).min(QUESTIONS),
            };
            let mut questions: Vec<_> = (0..QUESTIONS).collect();
            random.shuffle(&mut questions);
            if habit == Habit::Matched {
                let off = |question: &usize| {
                    let logits = course.questions[topic][*question].1 - ability;
                    logits.abs()
                };
                questions.sort_by(|a, b| off(a).total_cmp(&off(b)));
            }
            next.extend(questions.into_iter().take(count).map(|question| (topic, question)));
        }
        random.shuffle(&mut next);
        let mut attempts = Log::new();
        for (number, (topic, question)) in next.into_iter().enumerate() {
            let correct = random.f64() < course.p(abilities[topic], topic, question);
            let at_seconds = number / DAY_ATTEMPTS * DAY_SECONDS + number % DAY_ATTEMPTS * 60;
            let at_seconds = i64::try_from(at_seconds).unwrap_or(i64::MAX);
            let outcome = AttemptResult { correct, at_seconds, evidence: Evidence::Full };
            let difficulty = Some(course.questions[topic][question].0);
            attempts.push(Observation { user, topic, question: (topic, question), difficulty, outcome });
            if habit == Habit::Learning {
                abilities[topic] += 0.02;
            }
        }
        Self { attempts, abilities }
    }

    fn now(&self) -> i64 {
        self.attempts.last().map_or(0, |attempt| attempt.outcome.at_seconds)
    }
}

/// What was measured, summed over students.
#[derive(Default)]
struct Measured {
    students: f64,
    model_error: f64,
    /// Sum of estimate − truth.
    model_bias: f64,
    raw_error: f64,
    covered: f64,
    enough: f64,
    model: Found,
    raw: Found,
    random: Found,
}

/// Number of weak topics in the first places of a ranking.
#[derive(Default)]
struct Found {
    precision: f64,
    recall: f64,
}

impl Found {
    fn add(&mut self, ranking: &[usize], weak: &[usize]) {
        let hits = |places: usize| ranking.iter().take(places).filter(|topic| weak.contains(topic)).count();
        self.precision += ratio(hits(WEAK), WEAK);
        self.recall += ratio(hits(PLACES), weak.len());
    }
}

impl Measured {
    fn add(
        &mut self,
        course: &Course,
        calibration: &Calibration<usize, (usize, usize)>,
        student: &Student,
        random: &mut Rng,
    ) {
        let mut mastery = Mastery::default();
        let mut raw = [(0, 0); TOPICS];
        for attempt in &student.attempts {
            let ease = calibration.ease(&attempt.topic, &attempt.question, attempt.difficulty);
            mastery.attempt(attempt.topic, ease, attempt.outcome);
            raw[attempt.topic].0 += usize::from(attempt.outcome.correct);
            raw[attempt.topic].1 += 1;
        }
        let raw = raw.map(|(right, all)| ratio(right, all));
        let truth: Vec<_> = (0..TOPICS).map(|topic| course.mastery(student.abilities[topic], topic)).collect();

        let levels = Levels::of(&mastery, |topic| calibration.attempts_on(topic));
        let mut candidates = Vec::new();
        for topic in 0..TOPICS {
            let rated = course.questions[topic].iter().enumerate();
            let effects: Vec<_> =
                rated.map(|(question, (rating, _))| calibration.effect(&(topic, question), Some(*rating))).collect();
            let base = Ease { logits: calibration.base(&topic), practice: calibration.practice_on(&topic) };
            let found = estimate(&mastery, &topic, base, &effects, student.now());
            let share = 1.0 / number(TOPICS);
            self.model_error += share * (found.mastery - truth[topic]).abs();
            self.model_bias += share * (found.mastery - truth[topic]);
            self.raw_error += share * (raw[topic] - truth[topic]).abs();
            self.covered += if (found.low..=found.high).contains(&truth[topic]) { share } else { 0.0 };
            self.enough += if found.enough_data { share } else { 0.0 };
            candidates.push(TopicCandidate::new(&topic, &levels, calibration, &effects, student.now()));
        }
        self.students += 1.0;

        let weak = &ascending(&truth, random)[..WEAK];
        let ranked = in_one_list(rank(candidates));
        self.model.add(&ranked, weak);
        self.raw.add(&ascending(&raw, random), weak);
        self.random.add(&ascending(&[0.0; TOPICS], random), weak);
    }

    fn row(&self, attempts: usize) -> String {
        let of = |sum: f64| sum / self.students;
        let found = |found: &Found| format!("{:.2} / {:.2}", of(found.precision), of(found.recall));
        format!(
            "| {attempts} | {:.3} | {:.3} | {} | {} | {} | {:.0} % | {:.0} % |",
            of(self.model_error),
            of(self.raw_error),
            found(&self.model),
            found(&self.raw),
            found(&self.random),
            100.0 * of(self.covered),
            100.0 * of(self.enough),
        )
    }
}

/// Weak topics first, then the others.
fn in_one_list(ranking: Ranking<usize>) -> Vec<usize> {
    let Ranking { weak, untried, good } = ranking;
    weak.into_iter().chain(untried).chain(good).map(|topic| topic.topic).collect()
}

/// Courses, students and attempts on each topic of the goals.
const GOAL_COURSES: u64 = 60;
const GOAL_CHECKPOINTS: [usize; 4] = [3, 5, 10, 20];

/// Precision of the three weakest topics as a multiple of that of percentages: the mean over courses, its standard
/// error and the goal. Returns whether all goals are met.
fn goals(out: &mut impl Write) -> io::Result<bool> {
    let mut met = true;
    writeln!(out, "| calibrated | attempts a topic | percentage | model | ratio | standard error | goal |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for (name, calibration_students) in [("yes", STUDENTS), ("by a tenth", STUDENTS / 10), ("no", 0)] {
        for each in GOAL_CHECKPOINTS {
            let mut differences = Vec::new();
            let (mut of_model, mut of_raw) = (0.0, 0.0);
            for seed in 0..GOAL_COURSES {
                let mut random = Rng::with_seed(seed);
                let course = Course::new(&mut random);
                let calibration = calibrated(&course, calibration_students, Habit::Even, &mut random);
                let mut measured = Measured::default();
                for user in 0..STUDENTS {
                    let student = Student::practise(&course, user, each, Habit::Even, &mut random);
                    measured.add(&course, &calibration, &student, &mut random);
                }
                let [model, raw] = [&measured.model, &measured.raw].map(|found| found.precision / measured.students);
                differences.push(model - raw);
                of_model += model;
                of_raw += raw;
            }
            let courses = number(differences.len());
            let (of_model, of_raw) = (of_model / courses, of_raw / courses);
            let ratio = of_model / of_raw;
            let spread = mean(differences.iter().map(|one| (one - (of_model - of_raw)).powi(2)));
            let error = (spread / (courses - 1.0)).sqrt() / of_raw;
            let goal = match (name, each) {
                ("no", _) => 1.0,
                (_, 3) => 1.15,
                (_, 5) => 1.10,
                _ => 1.0 - 2.0 * error,
            };
            met &= ratio >= goal;
            writeln!(
                out,
                "| {name} | {each} | {of_raw:.3} | {of_model:.3} | {ratio:.3} | {error:.3} | {goal:.2}{} |",
                if ratio >= goal { "" } else { " missed" }
            )?;
        }
    }
    Ok(met)
}

/// Students who mark half of their answers themselves. Of what is wrong, each calls a share right that lies between 10 %
/// and 60 %; of what is right, all call 5 % wrong.
fn own_marks(out: &mut impl Write) -> io::Result<()> {
    const COURSES: u64 = 30;
    writeln!(out, "| attempts a topic | own marks count as | precision of three | error of the mastery | bias |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    let rules: [(&str, [Evidence; 2]); 4] = [
        ("right 1, wrong 1", [Evidence::Full, Evidence::Full]),
        ("right 0.5, wrong 0.5", [Evidence::Half, Evidence::Half]),
        ("right 0.3, wrong 0.5 (chosen)", [Evidence::Claimed, Evidence::Half]),
        ("right 0.3, wrong 1", [Evidence::Claimed, Evidence::Full]),
    ];
    for each in GOAL_CHECKPOINTS {
        for (name, [right, wrong]) in rules {
            let mut measured = Measured::default();
            for seed in 0..COURSES {
                let mut random = Rng::with_seed(seed);
                let course = Course::new(&mut random);
                let calibration = calibrated(&course, STUDENTS / 2, Habit::Even, &mut random);
                for user in 0..STUDENTS / 2 {
                    let mut student = Student::practise(&course, user, each, Habit::Even, &mut random);
                    let overrates = 0.1 + 0.5 * random.f64();
                    for attempt in &mut student.attempts {
                        let (is_own, luck) = (random.f64() < 0.5, random.f64());
                        let AttemptResult { correct, evidence, .. } = &mut attempt.outcome;
                        if is_own {
                            *correct = if *correct { luck >= 0.05 } else { luck < overrates };
                            *evidence = if *correct { right } else { wrong };
                        }
                    }
                    measured.add(&course, &calibration, &student, &mut random);
                }
            }
            let of = |sum: f64| sum / measured.students;
            writeln!(
                out,
                "| {each} | {name} | {:.3} | {:.4} | {:+.4} |",
                of(measured.model.precision),
                of(measured.model_error),
                of(measured.model_bias)
            )?;
        }
    }
    Ok(())
}

fn calibrated(course: &Course, students: usize, habit: Habit, random: &mut Rng) -> Calibration<usize, (usize, usize)> {
    let mut attempts = Log::new();
    for user in 0..students {
        attempts.extend(Student::practise(course, user, CALIBRATION_ATTEMPTS, habit, random).attempts);
    }
    Calibration::fold(1, &attempts)
}

fn tables(out: &mut impl Write) -> io::Result<()> {
    for (name, habit, calibration_students) in [
        ("As many attempts on each topic, abilities as they are", Habit::Even, STUDENTS),
        ("Uneven attempts, abilities that grow", Habit::Learning, STUDENTS),
        ("Harder questions where the student is better", Habit::Matched, STUDENTS),
        ("As the first, calibrated by a tenth of the students", Habit::Even, STUDENTS / 10),
        ("As the first, without a calibration", Habit::Even, 0),
    ] {
        writeln!(out, "{name}:\n")?;
        writeln!(
            out,
            "| attempts a topic | error: model | percentage | weak: model | percentage | random | in the interval \
             | enough data |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|")?;
        let mut measured: Vec<Measured> = CHECKPOINTS.iter().map(|_| Measured::default()).collect();
        for seed in 0..COURSES {
            let mut random = Rng::with_seed(seed);
            let course = Course::new(&mut random);
            let calibration = calibrated(&course, calibration_students, habit, &mut random);
            for (each, measured) in CHECKPOINTS.iter().zip(&mut measured) {
                for user in 0..STUDENTS {
                    let student = Student::practise(&course, user, *each, habit, &mut random);
                    measured.add(&course, &calibration, &student, &mut random);
                }
            }
        }
        for (each, measured) in CHECKPOINTS.iter().zip(&measured) {
            writeln!(out, "{}", measured.row(*each))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "error: mean distance from the true mastery. weak: precision of the first {WEAK} places / recall in the first \
         {PLACES}, the weak topics being the {WEAK} of {TOPICS} with the lowest true mastery."
    )
}

fn log(students: usize, seed: u64, out: &mut impl Write) -> io::Result<()> {
    let course = Course::new(&mut Rng::with_seed(0));
    // A seed far from the course's seed.
    let mut random = Rng::with_seed(seed.wrapping_add(1 << 32));
    writeln!(out, "user_id,item_id,skill_id,correct,timestamp")?;
    for user in 0..students {
        for attempt in Student::practise(&course, user, 10, Habit::Learning, &mut random).attempts {
            let AttemptResult { correct, at_seconds, .. } = attempt.outcome;
            let (topic, question) = attempt.question;
            let at_seconds = 1_700_000_000 + at_seconds;
            writeln!(out, "s{seed}-{user},t{topic}-q{question},t{topic},{},{at_seconds}", u8::from(correct))?;
        }
    }
    out.flush()
}

/// The topics by value, the lowest first; equals are drawn by lot.
fn ascending(values: &[f64], random: &mut Rng) -> Vec<usize> {
    let mut topics: Vec<_> = (0..values.len()).collect();
    random.shuffle(&mut topics);
    topics.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    topics
}

/// Box–Muller; 1 − u is never 0.
fn normal(random: &mut Rng) -> f64 {
    (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = number(values.len());
    values.sum::<f64>() / count
}

fn ratio(part: usize, whole: usize) -> f64 {
    number(part) / number(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}
