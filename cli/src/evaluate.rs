//! `pastpaper evaluate`: scores the mastery model on logs of answers.
//!
//! Learns the difficulty of topics and questions from the students of one file and predicts the answers of those in
//! another. Each attempt is predicted before its result is used. Uses no database. `docs/mastery.md` explains the scores.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use csv::StringRecord;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::domain::mastery::{AttemptResult, Calibration, Evidence, Mastery, Observation};

use crate::delimited::{Table, read_file};

use crate::output;

/// Bins of equal width for the calibration error.
const BINS: usize = 10;
/// Probabilities are kept within [1e-6, 1 − 1e-6] before a logarithm.
const LOG_MARGIN: f64 = 1e-6;
/// A number above this is a time in milliseconds: in seconds it would be the year 5138.
const SECONDS_MAX: f64 = 1e11;
/// Assumed time between two attempts in a file without times.
const PACE_SECONDS: i64 = 60;

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A delimited file (CSV) with the attempts to learn from: columns `user_id`, `item_id`, `skill_id`, `correct` and, if known, `timestamp`
    train: PathBuf,
    /// A file with attempts of other students, whose answers are predicted; the same columns
    test: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Scores the mastery model on two files and prints the result.
///
/// # Errors
/// When a file cannot be read.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut names = NumberedNames::default();
    let train = log(&arguments.train, &mut names)?;
    let test = log(&arguments.test, &mut names)?;
    let report = evaluate(&train, &test);
    let output = if arguments.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    if arguments.json {
        output::json(&output)?;
    } else {
        output::text(&output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn log(path: &Path, names: &mut NumberedNames) -> Result<AttemptLog> {
    let text = read_file(path)?;
    AttemptLog::read(&text, names).with_context(|| path.display().to_string())
}

/// A row: the names of user, skill and item are numbers.
type LoggedAttempt = Observation<usize, usize, usize>;

/// The names in both files, numbered as they come.
#[derive(Default)]
struct NumberedNames {
    users: HashMap<String, usize>,
    items: HashMap<String, usize>,
    skills: HashMap<String, usize>,
}

/// The attempts of a file, in order of time.
#[derive(Debug)]
struct AttemptLog {
    attempts: Vec<LoggedAttempt>,
    has_times: bool,
}

/// Indices of the columns.
struct AttemptColumns {
    user: usize,
    item: usize,
    skill: usize,
    correct: usize,
    time: Option<usize>,
}

impl AttemptLog {
    fn read(text: &[u8], names: &mut NumberedNames) -> Result<Self> {
        let table = Table::open(text, None)?;
        let mut columns = AttemptColumns::find(&table)?;
        let mut attempts: Vec<LoggedAttempt> = Vec::new();
        table.each_row(|row| {
            if attempts.is_empty() {
                // The first row decides whether the file has times.
                columns.time = columns.time.filter(|time| !row[*time].is_empty());
            }
            let after = attempts.last().map(|last| last.outcome.at_seconds + PACE_SECONDS);
            attempts.push(columns.attempt(row, after.unwrap_or(0), names)?);
            Ok(())
        })?;
        // Stable: attempts of one time stay in the order of the file.
        attempts.sort_by_key(|attempt| attempt.outcome.at_seconds);
        Ok(Self { attempts, has_times: columns.time.is_some() })
    }

    fn users(&self) -> HashSet<usize> {
        self.attempts.iter().map(|attempt| attempt.user).collect()
    }
}

impl AttemptColumns {
    fn find(table: &Table) -> Result<Self> {
        Ok(Self {
            user: table.column("user_id")?,
            item: table.column("item_id")?,
            skill: table.column("skill_id")?,
            correct: table.column("correct")?,
            time: table.optional_column("timestamp"),
        })
    }

    fn attempt(&self, row: &StringRecord, without_time: i64, names: &mut NumberedNames) -> Result<LoggedAttempt> {
        let at_seconds = match self.time {
            Some(time) => seconds(&row[time])?,
            None => without_time,
        };
        for (column, name) in [(self.user, "user_id"), (self.item, "item_id")] {
            ensure!(!row[column].is_empty(), "{name} is empty");
        }
        Ok(LoggedAttempt {
            user: number_of(&mut names.users, &row[self.user]),
            topic: number_of(&mut names.skills, &row[self.skill]),
            question: number_of(&mut names.items, &row[self.item]),
            difficulty: None,
            outcome: AttemptResult { correct: verdict(&row[self.correct])?, at_seconds, evidence: Evidence::Full },
        })
    }
}

fn number_of(numbers: &mut HashMap<String, usize>, name: &str) -> usize {
    if let Some(number) = numbers.get(name) {
        return *number;
    }
    let number = numbers.len();
    numbers.insert(name.to_owned(), number);
    number
}

fn verdict(text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" => Ok(true),
        "0" | "0.0" | "false" => Ok(false),
        _ => bail!("correct is {text:?}; it must be 0 or 1"),
    }
}

/// Seconds since 1970 of a number or a text; a text without a zone is taken as UTC.
fn seconds(text: &str) -> Result<i64> {
    if let Ok(number) = text.parse::<f64>() {
        let seconds = if number.abs() > SECONDS_MAX { number / 1_000.0 } else { number };
        ensure!(seconds.abs() <= SECONDS_MAX, "the timestamp {text:?} is out of range");
        return Ok(whole(seconds));
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.as_second());
    }
    let utc = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(TimeZone::UTC).ok());
    let zoned = utc.with_context(|| {
        format!(
            "the timestamp {text:?} is neither a number of seconds or milliseconds nor a date such as 2026-05-01 12:00:00"
        )
    })?;
    Ok(zoned.timestamp().as_second())
}

#[expect(clippy::cast_possible_truncation, reason = "at most 1e11, and fractions of a second do not matter")]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}

/// Learns from one log and predicts the other.
fn evaluate(train: &AttemptLog, test: &AttemptLog) -> EvaluationReport {
    let clock = Instant::now();
    let calibration = Calibration::fold(1, &train.attempts);
    let learning = clock.elapsed();

    let mut students: HashMap<usize, Mastery<usize>> = HashMap::new();
    let clock = Instant::now();
    let predict = |attempt: &LoggedAttempt| {
        let ease = calibration.ease(&attempt.topic, &attempt.question, attempt.difficulty);
        students.entry(attempt.user).or_default().attempt(attempt.topic, ease, attempt.outcome)
    };
    let model: Vec<f64> = test.attempts.iter().map(predict).collect();
    let predicting = clock.elapsed();

    let means = Means::of(&train.attempts);
    let guesses: Vec<f64> = test.attempts.iter().map(|attempt| means.of_topic(attempt.topic)).collect();
    let answers: Vec<bool> = test.attempts.iter().map(|attempt| attempt.outcome.correct).collect();
    let (train_users, test_users) = (train.users(), test.users());
    let unknown = |attempt: &&LoggedAttempt| calibration.attempts_on(&attempt.topic) == 0;
    EvaluationReport {
        train: DatasetSize { attempts: train.attempts.len(), users: train_users.len() },
        test: DatasetSize { attempts: test.attempts.len(), users: test_users.len() },
        users_in_both: train_users.intersection(&test_users).count(),
        attempts_on_unknown_skills: test.attempts.iter().filter(unknown).count(),
        times_from_order: !(train.has_times && test.has_times),
        base_rate: ratio(answers.iter().filter(|correct| **correct).count(), answers.len()),
        model: PredictionScores::of(&model, &answers),
        topic_mean: PredictionScores::of(&guesses, &answers),
        learning_ns_per_attempt: nanoseconds(learning, train.attempts.len()),
        predicting_ns_per_attempt: nanoseconds(predicting, test.attempts.len()),
    }
}

/// Rates of right answers in the log that is learnt from.
struct Means {
    overall: f64,
    topics: HashMap<usize, f64>,
}

impl Means {
    fn of(attempts: &[LoggedAttempt]) -> Self {
        let mut counts: HashMap<usize, (usize, usize)> = HashMap::new();
        for attempt in attempts {
            let (right, all) = counts.entry(attempt.topic).or_default();
            *right += usize::from(attempt.outcome.correct);
            *all += 1;
        }
        let right = counts.values().map(|(right, _)| right).sum();
        let topics = counts.into_iter().map(|(topic, (right, all))| (topic, ratio(right, all))).collect();
        Self { overall: ratio(right, attempts.len()), topics }
    }

    fn of_topic(&self, topic: usize) -> f64 {
        self.topics.get(&topic).copied().unwrap_or(self.overall)
    }
}

/// Scores of predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct PredictionScores {
    /// Probability that a correct answer was predicted higher than a wrong one; `None` when all or none are correct.
    auc: Option<f64>,
    /// Mean squared error of the predicted probability.
    brier: f64,
    /// Mean of −ln of the predicted probability of the outcome, in nats.
    log_loss: f64,
    /// Mean distance between predicted and actual rates over ten bins of probability.
    calibration_error: f64,
}

impl PredictionScores {
    fn of(probabilities: &[f64], answers: &[bool]) -> Self {
        Self {
            auc: auc(probabilities, answers),
            brier: brier(probabilities, answers),
            log_loss: log_loss(probabilities, answers),
            calibration_error: calibration_error(probabilities, answers),
        }
    }
}

/// The area under the ROC curve by ranks (Mann–Whitney); equal probabilities share their ranks.
fn auc(probabilities: &[f64], answers: &[bool]) -> Option<f64> {
    let mut order: Vec<_> = (0..answers.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let same = |a: &usize, b: &usize| probabilities[*a].total_cmp(&probabilities[*b]).is_eq();
    let (mut right, mut wrong, mut wins) = (0, 0, 0.0);
    for equals in order.chunk_by(same) {
        let right_here = equals.iter().filter(|index| answers[**index]).count();
        let wrong_here = equals.len() - right_here;
        wins += number(right_here) * (number(wrong) + number(wrong_here) / 2.0);
        right += right_here;
        wrong += wrong_here;
    }
    (right > 0 && wrong > 0).then(|| wins / number(right) / number(wrong))
}

fn brier(probabilities: &[f64], answers: &[bool]) -> f64 {
    let error = |(p, correct): (&f64, &bool)| (p - f64::from(u8::from(*correct))).powi(2);
    probabilities.iter().zip(answers).map(error).sum::<f64>() / number(answers.len())
}

fn log_loss(probabilities: &[f64], answers: &[bool]) -> f64 {
    let loss = |(p, correct): (&f64, &bool)| {
        let p = p.clamp(LOG_MARGIN, 1.0 - LOG_MARGIN);
        -if *correct { p.ln() } else { (1.0 - p).ln() }
    };
    probabilities.iter().zip(answers).map(loss).sum::<f64>() / number(answers.len())
}

fn calibration_error(probabilities: &[f64], answers: &[bool]) -> f64 {
    let mut surplus = [0.0; BINS];
    for (p, correct) in probabilities.iter().zip(answers) {
        surplus[bin_of(*p)] += p - f64::from(u8::from(*correct));
    }
    surplus.iter().map(|surplus: &f64| surplus.abs()).sum::<f64>() / number(answers.len())
}

/// The bin of a probability; a bin holds its lower end, the last one also 1.
fn bin_of(probability: f64) -> usize {
    (1..BINS).take_while(|bin| probability >= number(*bin) / number(BINS)).count()
}

fn ratio(part: usize, whole: usize) -> f64 {
    number(part) / number(whole)
}

#[expect(clippy::cast_precision_loss, reason = "rows stay far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

fn nanoseconds(elapsed: Duration, attempts: usize) -> f64 {
    (elapsed.as_secs_f64() * 1e9 / number(attempts)).round()
}

/// The output of the command.
#[derive(Debug, Serialize)]
struct EvaluationReport {
    train: DatasetSize,
    test: DatasetSize,
    /// Students in both files, who make the scores too good.
    users_in_both: usize,
    /// Attempts of the test on skills without one in training.
    attempts_on_unknown_skills: usize,
    /// Whether a file had no times, so that attempts were taken as one minute apart.
    times_from_order: bool,
    /// Share of right answers in the test.
    base_rate: f64,
    model: PredictionScores,
    /// The rate of right answers on the skill in training; the overall rate for a skill without any.
    topic_mean: PredictionScores,
    learning_ns_per_attempt: f64,
    predicting_ns_per_attempt: f64,
}

#[derive(Debug, Serialize)]
struct DatasetSize {
    attempts: usize,
    users: usize,
}

impl fmt::Display for EvaluationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { train, test, .. } = self;
        writeln!(f, "learnt from {} attempts of {} students", train.attempts, train.users)?;
        let right = 100.0 * self.base_rate;
        writeln!(f, "predicted {} attempts of {} students, {right:.1} % of them correct", test.attempts, test.users)?;
        writeln!(f, "  {:<14}{:>8}{:>9}{:>11}{:>20}", "", "AUC", "Brier", "log loss", "calibration error")?;
        for (name, scores) in [("model", &self.model), ("topic mean", &self.topic_mean)] {
            let PredictionScores { auc, brier, log_loss, calibration_error } = scores;
            let auc = auc.map_or_else(|| "-".to_owned(), |auc| format!("{auc:.3}"));
            writeln!(f, "  {name:<14}{auc:>8}{brier:>9.4}{log_loss:>11.4}{calibration_error:>20.3}")?;
        }
        let (learning, predicting) = (self.learning_ns_per_attempt, self.predicting_ns_per_attempt);
        writeln!(f, "learning takes {learning} ns per attempt, predicting and updating {predicting} ns")?;
        if self.attempts_on_unknown_skills > 0 {
            writeln!(f, "{} attempts are on skills without an attempt in training", self.attempts_on_unknown_skills)?;
        }
        if self.users_in_both > 0 {
            writeln!(f, "{} students are in both files, which makes the scores too good", self.users_in_both)?;
        }
        if self.times_from_order {
            writeln!(f, "without timestamps, attempts were taken in the order of the file, one minute apart")?;
        }
        writeln!(f, "higher is better: AUC; lower is better: Brier, log loss, calibration error")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<AttemptLog> {
        AttemptLog::read(text.as_bytes(), &mut NumberedNames::default())
    }

    fn refused(text: &str) -> String {
        format!("{:#}", parsed(text).unwrap_err())
    }

    fn times(log: &AttemptLog) -> Vec<i64> {
        log.attempts.iter().map(|attempt| attempt.outcome.at_seconds).collect()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn auc_by_hand() {
        // Of the pairs (.8, .3), (.8, .5), (.4, .3), (.4, .5) three are in order.
        near(auc(&[0.8, 0.3, 0.4, 0.5], &[true, false, true, false]).unwrap(), 0.75);
        near(auc(&[0.1, 0.9], &[false, true]).unwrap(), 1.0);
        near(auc(&[0.9, 0.1], &[false, true]).unwrap(), 0.0);
        assert_eq!(auc(&[0.9, 0.1], &[true, true]), None);
    }

    #[test]
    fn ties_count_half() {
        near(auc(&[0.5; 5], &[true, false, true, false, false]).unwrap(), 0.5);
        // (.6, .6) is a tie, (.6, .2) is in order.
        near(auc(&[0.6, 0.6, 0.2], &[true, false, false]).unwrap(), 0.75);
    }

    #[test]
    fn brier_log_loss_and_calibration_error_by_hand() {
        near(brier(&[0.8, 0.4], &[true, false]), f64::midpoint(0.04, 0.16));
        near(log_loss(&[0.8, 0.4], &[true, false]), -f64::midpoint(0.8_f64.ln(), 0.6_f64.ln()));
        near(log_loss(&[0.0], &[true]), -1e-6_f64.ln());
        // .81 and .85 share a bin: off by −.34; .4 is off by .4.
        near(calibration_error(&[0.81, 0.85, 0.4], &[true, true, false]), (0.34 + 0.4) / 3.0);
        near(calibration_error(&[0.81, 0.89], &[true, false]), 0.7 / 2.0);
        assert_eq!([0.0, 0.1, 0.95, 1.0].map(bin_of), [0, 1, 9, 9]);
    }

    #[test]
    fn columns_are_found_by_name_with_every_delimiter() {
        let commas = parsed("timestamp,correct,skill_id,item_id,user_id,more\n5,1,s,i,u,x\n3,0,t,i,v,x\n").unwrap();
        assert_eq!(times(&commas), [3, 5]);
        assert_eq!((commas.attempts[0].user, commas.attempts[1].user), (1, 0));
        assert!(commas.attempts[1].outcome.correct && commas.has_times);
        let other_order = "user_id\titem_id\tskill_id\tcorrect\ttimestamp\nu\ti\ts\t1\t5\nv\ti\tt\t0\t3\n";
        for delimiter in ["\t", ";", ","] {
            assert_eq!(parsed(&other_order.replace('\t', delimiter)).unwrap().attempts, commas.attempts, "{delimiter}");
        }
    }

    #[test]
    fn times_are_numbers_or_dates() {
        for (text, expected) in [
            ("1700000000", 1_700_000_000),
            ("1700000000.9", 1_700_000_000),
            ("1700000000123", 1_700_000_000),
            ("1.7e12", 1_700_000_000),
            ("-5", -5),
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000),
            ("2023-11-14 22:13:20", 1_700_000_000),
            ("2023-11-14 22:13:20.0", 1_700_000_000),
        ] {
            assert_eq!(seconds(text).unwrap(), expected, "{text}");
        }
        for bad in ["yesterday", "", "inf", "NaN", "1e300", "2023-13-01 00:00:00"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_times_the_order_of_the_file_counts() {
        let log = parsed("user_id,item_id,skill_id,correct\nu,i,s,1\nu,j,s,0\nu,k,s,1\n").unwrap();
        assert_eq!(times(&log), [0, 60, 120]);
        let log = parsed("user_id,item_id,skill_id,correct,timestamp\nu,i,s,1,\nu,j,s,0,\n").unwrap();
        assert_eq!((times(&log), log.has_times), (vec![0, 60], false));
    }

    #[test]
    fn errors_name_their_cause() {
        const HEADER: &str = "user_id,item_id,skill_id,correct,timestamp\n";
        assert_eq!(refused(""), "the file is empty");
        assert_eq!(refused(HEADER), "the file has column names and no rows");
        assert_eq!(
            refused("user,item_id,skill_id,correct\nu,i,s,1\n"),
            "there is no column \"user_id\"; the columns are user, item_id, skill_id, correct",
        );
        let row = |row: &str| refused(&format!("{HEADER}u,i,s,1,5\n{row}\n"));
        assert_eq!(row("u,i,s,0.5,6"), "row 3: correct is \"0.5\"; it must be 0 or 1");
        assert_eq!(row("u,i,s,1"), "row 3: 4 columns instead of 5");
        assert_eq!(row(",i,s,1,6"), "row 3: user_id is empty");
        assert!(row("u,i,s,1,").starts_with("row 3: the timestamp \"\" is neither a number"));
    }

    /// All students are always right on a, and always wrong on b.
    #[test]
    fn a_log_is_scored() {
        let mut names = NumberedNames::default();
        let log = |user: &str, names: &mut NumberedNames| {
            let row = |n: usize| {
                let (skill, correct) = if n.is_multiple_of(2) { ("a", 1) } else { ("b~~c", 0) };
                format!("{user}{},{skill}{},{skill},{correct}\n", n % 4, n % 10)
            };
            let rows: String = (0..40).map(row).collect();
            AttemptLog::read(format!("user_id,item_id,skill_id,correct\n{rows}").as_bytes(), names).unwrap()
        };
        let train = log("u", &mut names);
        let test = log("v", &mut names);
        let report = evaluate(&train, &test);
        near(report.base_rate, 0.5);
        near(report.topic_mean.auc.unwrap(), 1.0);
        near(report.topic_mean.brier, 0.0);
        near(report.topic_mean.log_loss, -(1.0 - 1e-6_f64).ln());
        near(report.model.auc.unwrap(), 1.0);
        assert!(report.model.log_loss < 0.3, "{report:?}");
        assert_eq!((report.train.users, report.test.attempts, report.users_in_both), (4, 40, 0));
        let table = report.to_string();
        assert!(table.contains("AUC    Brier   log loss   calibration error"), "{table}");
        assert!(table.starts_with("learnt from 40 attempts of 4 students\npredicted 40 attempts"), "{table}");
        assert!(table.contains("one minute apart") && !table.contains("both files"), "{table}");

        let new = log("w", &mut NumberedNames::default());
        let mut other = parsed("user_id,item_id,skill_id,correct\nx,i,new,1\nx,j,new,1\n").unwrap();
        for attempt in &mut other.attempts {
            attempt.topic += 10;
        }
        let report = evaluate(&new, &other);
        assert_eq!((report.attempts_on_unknown_skills, report.users_in_both), (2, 1));
        assert_eq!(report.model.auc, None);
        near(report.topic_mean.log_loss, -0.5_f64.ln());
        let json = serde_json::to_value(&report).unwrap();
        assert!(json["model"]["auc"].is_null() && json["topic_mean"]["log_loss"].is_f64());
    }
}
