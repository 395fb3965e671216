//! `pastpaper backtest`: scores the forecast on an archive of past exams.
//!
//! Reads a delimited file with one row per question and uses no database. `docs/forecast.md` explains the scores.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use csv::StringRecord;
use indicatif::ProgressBar;
use serde::Serialize;
use shared::domain::forecast::{Backtest, MIN_HISTORY, PRECISION_TOPICS, PastExam, Scores, UnseenShare, backtest};

use crate::numbers::whole;
use crate::output;

use crate::delimited::{Table, parse_delimiter, read_file};

/// Options of `backtest`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A delimited file (CSV) with column names and one row per question of each past exam
    file: PathBuf,
    /// Column of the year
    #[arg(long, value_name = "COL")]
    year: String,
    /// Columns that name an exam within its year, such as month,paper
    #[arg(long, value_name = "COL[,COL]", value_delimiter = ',', required = true)]
    exam: Vec<String>,
    /// Columns that name the topic of a question
    #[arg(long, value_name = "COL[,COL]", value_delimiter = ',', required = true)]
    topic: Vec<String>,
    /// Column of the course, if the file has several
    #[arg(long, value_name = "COL")]
    course: Option<String>,
    /// Use only rows with this value; may be repeated, then all must match
    #[arg(long = "where", value_name = "COL=VALUE", value_parser = condition)]
    conditions: Vec<(String, String)>,
    /// Leave out exams with fewer questions, which are probably incomplete
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<usize>(0..=1_000_000))]
    min_questions: usize,
    /// Score an exam only if there are at least N exams of earlier years
    #[arg(long, value_name = "N", default_value_t = MIN_HISTORY, value_parser = clap::value_parser!(u32).range(1..))]
    min_history: u32,
    /// Delimiter of columns: a character or `tab`; default: comma, semicolon or tab, as in the header
    #[arg(long, value_name = "CHAR", value_parser = parse_delimiter)]
    delimiter: Option<u8>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Scores the forecast on a file and prints the result.
///
/// # Errors
/// When the file cannot be read, or no exam has enough earlier exams.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let text = read_file(&arguments.file)?;
    let report = score(&text, arguments).with_context(|| arguments.file.display().to_string())?;
    let output = if arguments.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    if arguments.json {
        output::json(&output)?;
    } else {
        output::text(&output)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn score(text: &[u8], arguments: &Arguments) -> Result<BacktestReport> {
    let archive = Archive::read(text, arguments)?;
    let mut report =
        BacktestReport { courses: Vec::new(), total: None, rows_without_topic: archive.rows_without_topic };
    let mut total = Backtest::default();
    let bar = ProgressBar::new(archive.courses.len() as u64);
    for (name, rows) in archive.courses {
        let topics = rows.topics.len();
        let exams = rows.exams(arguments.min_questions);
        let tested = backtest(&exams, arguments.min_history);
        total.add(&tested);
        report.courses.push(CourseReport {
            course: arguments.course.is_some().then_some(name),
            exams: exams.len(),
            questions: exams.iter().map(|exam| exam.topics.len()).sum(),
            topics,
            scored: Scored::of(&tested),
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.total = Scored::of(&total);
    ensure!(
        report.total.is_some(),
        "not enough exams to score: an exam is scored from {} exams of earlier years on, and no course has that many \
         (the most has {} exams)",
        arguments.min_history,
        report.courses.iter().map(|course| course.exams).max().unwrap_or(0),
    );
    Ok(report)
}

/// The rows of a file that match the conditions, by course.
struct Archive {
    courses: BTreeMap<String, CourseRows>,
    rows_without_topic: usize,
}

/// Exams by year and name: the topics of their questions.
#[derive(Default)]
struct CourseRows {
    exams: BTreeMap<(u64, Vec<String>), (f64, Vec<String>)>,
    topics: BTreeSet<String>,
}

/// Indices of the columns.
struct ExamColumns {
    year: usize,
    exam: Vec<usize>,
    topic: Vec<usize>,
    course: Option<usize>,
    conditions: Vec<(usize, String)>,
}

impl Archive {
    fn read(text: &[u8], arguments: &Arguments) -> Result<Self> {
        let table = Table::open(text, arguments.delimiter)?;
        let columns = ExamColumns::find(&table, arguments)?;
        let mut archive = Self { courses: BTreeMap::new(), rows_without_topic: 0 };
        let mut used = 0;
        let rows = table.each_row(|row| {
            if !columns.conditions.iter().all(|(column, value)| row[*column] == **value) {
                return Ok(());
            }
            used += 1;
            archive.add(row, &columns)
        })?;
        ensure!(used > 0, "none of the {rows} rows matches --where");
        ensure!(used > archive.rows_without_topic, "none of the {used} rows has a topic");
        Ok(archive)
    }

    fn add(&mut self, row: &StringRecord, columns: &ExamColumns) -> Result<()> {
        let year = year(&row[columns.year])?;
        let topic = joined(row, &columns.topic);
        if columns.topic.iter().all(|column| row[*column].is_empty()) {
            self.rows_without_topic += 1;
            return Ok(());
        }
        let course = columns.course.map(|column| row[column].to_owned()).unwrap_or_default();
        let rows = self.courses.entry(course).or_default();
        let name = columns.exam.iter().map(|column| row[*column].to_owned()).collect();
        // Float bits, because floats cannot be map keys; the order does not matter.
        let (_, topics) = rows.exams.entry((year.to_bits(), name)).or_insert_with(|| (year, Vec::new()));
        topics.push(topic.clone());
        rows.topics.insert(topic);
        Ok(())
    }
}

impl CourseRows {
    /// Topics are numbered alphabetically, so that the order of the rows does not matter.
    fn exams(self, min_questions: usize) -> Vec<PastExam> {
        let index: BTreeMap<&String, usize> =
            self.topics.iter().enumerate().map(|(index, name)| (name, index)).collect();
        let whole = self.exams.values().filter(|(_, topics)| topics.len() >= min_questions);
        whole
            .map(|(time, topics)| PastExam { time: *time, topics: topics.iter().map(|name| index[name]).collect() })
            .collect()
    }
}

impl ExamColumns {
    fn find(table: &Table, arguments: &Arguments) -> Result<Self> {
        let column = |name: &String| table.column(name);
        let columns = |names: &[String]| names.iter().map(column).collect::<Result<Vec<_>>>();
        let condition = |(name, value): &(String, String)| Ok((column(name)?, value.clone()));
        Ok(Self {
            year: column(&arguments.year)?,
            exam: columns(&arguments.exam)?,
            topic: columns(&arguments.topic)?,
            course: arguments.course.as_ref().map(column).transpose()?,
            conditions: arguments.conditions.iter().map(condition).collect::<Result<_>>()?,
        })
    }
}

fn year(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        // 0.0 is added because −0 and 0 differ in their bits.
        Ok(year) if year.is_finite() => Ok(year + 0.0),
        _ => bail!("the year {text:?} is not a number"),
    }
}

fn joined(row: &StringRecord, columns: &[usize]) -> String {
    columns.iter().map(|column| &row[*column]).collect::<Vec<_>>().join(" / ")
}

fn condition(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or("must be COL=VALUE")?;
    Ok((column.trim().to_owned(), value.trim().to_owned()))
}

/// The output of the command.
#[derive(Debug, Serialize)]
struct BacktestReport {
    courses: Vec<CourseReport>,
    /// All courses together, each prediction counting once.
    total: Option<Scored>,
    rows_without_topic: usize,
}

#[derive(Debug, Serialize)]
struct CourseReport {
    course: Option<String>,
    exams: usize,
    questions: usize,
    topics: usize,
    /// `None` when there are too few exams.
    scored: Option<Scored>,
}

#[derive(Debug, Serialize)]
struct Scored {
    exams: usize,
    predictions: usize,
    base_rate: f64,
    forecast: Scores,
    raw_frequency: Scores,
    last_exam: Scores,
    /// Scores for questions on topics never asked before.
    unseen_share: UnseenShare,
}

impl Scored {
    fn of(tested: &Backtest) -> Option<Self> {
        Some(Self {
            exams: tested.model.exams(),
            predictions: tested.model.predictions(),
            base_rate: tested.model.base_rate()?,
            forecast: tested.model.scores()?,
            raw_frequency: tested.raw_frequency.scores()?,
            last_exam: tested.last_exam.scores()?,
            unseen_share: tested.unseen_share()?,
        })
    }
}

impl fmt::Display for BacktestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for course in &self.courses {
            if let Some(name) = &course.course {
                write!(f, "{name}: ")?;
            }
            writeln!(f, "{} exams, {} questions, {} topics", course.exams, course.questions, course.topics)?;
            match &course.scored {
                Some(scored) => writeln!(f, "{scored}")?,
                None => writeln!(f, "not enough exams to score\n")?,
            }
        }
        if let Some(total) = self.total.as_ref().filter(|_| self.courses.len() > 1) {
            writeln!(f, "total\n{total}")?;
        }
        if self.rows_without_topic > 0 {
            writeln!(f, "{} rows without a topic were left out", self.rows_without_topic)?;
        }
        writeln!(f, "lower is better: Brier, log score, calibration error; higher is better: skill, precision")
    }
}

impl fmt::Display for Scored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exams, predictions, base_rate, .. } = self;
        writeln!(f, "{exams} exams scored, {predictions} predictions, {:.1} % of them appeared", 100.0 * base_rate)?;
        let precision = format!("precision@{PRECISION_TOPICS}");
        writeln!(
            f,
            "  {:<14}{:>8}{:>11}{:>8}{:>19}{precision:>13}",
            "", "Brier", "log score", "skill", "calibration error"
        )?;
        for (name, scores) in
            [("forecast", &self.forecast), ("raw frequency", &self.raw_frequency), ("last exam", &self.last_exam)]
        {
            let Scores { brier, log_score, skill, calibration_error, precision_at_5 } = scores;
            let skill = skill.map_or_else(|| "-".to_owned(), |skill| format!("{skill:.3}"));
            writeln!(
                f,
                "  {name:<14}{brier:>8.4}{log_score:>11.4}{skill:>8}{calibration_error:>19.3}{precision_at_5:>13.3}"
            )?;
        }
        let UnseenShare { measured, expected } = self.unseen_share;
        writeln!(
            f,
            "  questions on topics never asked before: {:.1} % (expected {:.1} %)",
            100.0 * measured,
            100.0 * expected
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::Value;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn arguments(options: &[&str]) -> Arguments {
        let basic = ["backtest", "file.csv", "--year", "year", "--exam", "month", "--topic", "topic"];
        Cli::try_parse_from(basic.iter().chain(options)).unwrap().arguments
    }

    fn scored(text: &str, options: &[&str]) -> Value {
        serde_json::to_value(score(text.as_bytes(), &arguments(options)).unwrap()).unwrap()
    }

    fn refused(text: &str, options: &[&str]) -> String {
        format!("{:#}", score(text.as_bytes(), &arguments(options)).unwrap_err())
    }

    /// One exam per year; A is on every exam, B on every second one.
    fn archive(separator: &str, years: std::ops::Range<u32>) -> String {
        let mut text = ["year", "month", "course", "topic"].join(separator) + "\n";
        for year in years {
            for topic in if year % 2 == 0 { ["A", "B"] } else { ["A", "A"] } {
                text += &[&year.to_string(), "may", "algebra", topic].join(separator);
                text.push('\n');
            }
        }
        text
    }

    #[test]
    fn scores_follow_from_the_rows() {
        let report = scored(&archive(",", 2010..2016), &[]);
        assert_eq!(report["courses"][0]["course"], Value::Null);
        assert_eq!(report["courses"][0]["exams"], 6);
        assert_eq!(report["courses"][0]["questions"], 12);
        assert_eq!(report["courses"][0]["topics"], 2);
        // 2014 and 2015 are scored. B: predicted 2/4 and appears, then 3/5 and does not; A: predicted 1 and appears.
        let brier = report["total"]["raw_frequency"]["brier"].as_f64().unwrap();
        assert!((brier - (0.25 + 0.36) / 4.0).abs() < 1e-12, "{brier}");
        // The last-exam baseline is always wrong for B.
        assert_eq!(report["total"]["last_exam"]["brier"], 0.5);
        assert_eq!(report["total"]["predictions"], 4);
        assert_eq!(report["total"]["base_rate"], 0.75);
        assert_eq!(report["courses"][0]["scored"], report["total"]);
    }

    #[test]
    fn delimiters_and_order_of_rows_do_not_matter() {
        let commas = archive(",", 2010..2020);
        let expected = scored(&commas, &[]);
        assert_eq!(scored(&archive("\t", 2010..2020), &[]), expected);
        assert_eq!(scored(&archive(";", 2010..2020), &[]), expected);
        assert_eq!(scored(&archive("|", 2010..2020), &["--delimiter", "|"]), expected);
        let (header, rows) = commas.split_once('\n').unwrap();
        let reversed: Vec<_> = rows.lines().rev().collect();
        assert_eq!(scored(&format!("\u{feff}{header}\r\n{}", reversed.join("\r\n")), &[]), expected);
    }

    #[test]
    fn a_condition_names_a_column_and_a_value() {
        assert_eq!(condition(" month = may=june "), Ok(("month".to_owned(), "may=june".to_owned())));
        assert!(condition("ab").is_err());
    }

    #[test]
    fn courses_are_scored_separately_and_in_total() {
        let mut text = archive(",", 2010..2018);
        text += archive(",", 2010..2016).replace("algebra", "logic").split_once('\n').unwrap().1;
        text += "2017,may,short,A\n2017,may,short,\n";
        let report = scored(&text, &["--course", "course"]);
        let names: Vec<_> = report["courses"].as_array().unwrap().iter().map(|course| &course["course"]).collect();
        assert_eq!(names, ["algebra", "logic", "short"]);
        let predictions = |part: &Value| part["predictions"].as_u64();
        assert_eq!(predictions(&report["courses"][0]["scored"]), Some(8));
        assert_eq!(predictions(&report["courses"][1]["scored"]), Some(4));
        assert_eq!(report["courses"][2]["scored"], Value::Null);
        assert_eq!(predictions(&report["total"]), Some(12));
        assert_eq!(report["rows_without_topic"], 1);
        let table = score(text.as_bytes(), &arguments(&["--course", "course"])).unwrap().to_string();
        assert!(table.contains("short: 1 exams, 1 questions, 1 topics\nnot enough exams to score"), "{table}");
        assert!(table.contains("total\n6 exams scored"), "{table}");
        assert!(table.contains("1 rows without a topic were left out"), "{table}");

        let only = scored(&text, &["--where", "course=logic", "--where", "month=may"]);
        assert_eq!(only["total"], report["courses"][1]["scored"]);
    }

    #[test]
    fn several_columns_can_name_exams_and_topics() {
        let mut text = archive(",", 2010..2016);
        text += "2015,june,algebra,A\n2015,june,logic,A\n2015,july,algebra,A\n";
        let exams = |options: &[&str]| scored(&text, options)["courses"][0]["exams"].as_u64();
        assert_eq!((exams(&[]), exams(&["--exam", "course"])), (Some(8), Some(9)));
        assert_eq!(exams(&["--min-questions", "2"]), Some(7));
        let topics = |options: &[&str]| scored(&text, options)["courses"][0]["topics"].as_u64();
        assert_eq!((topics(&[]), topics(&["--topic", "course"])), (Some(2), Some(3)));
        assert_eq!(scored(&text, &["--min-history", "5"])["total"]["exams"], 3);
    }

    #[test]
    fn errors_name_their_cause() {
        assert_eq!(refused("", &[]), "the file is empty");
        assert_eq!(refused("\n\n", &[]), "the file is empty");
        assert_eq!(refused("year,month,topic\n", &[]), "the file has column names and no rows");
        assert_eq!(
            refused("year,month,chapter\n2010,may,A\n", &[]),
            "there is no column \"topic\"; the columns are year, month, chapter",
        );
        assert_eq!(
            refused("year,month,topic\n2010,may,\"A\nB\"\nMMX,may,A\n", &[]),
            "row 3: the year \"MMX\" is not a number",
        );
        assert_eq!(refused("year,month,topic\n2010,may,\n", &[]), "none of the 1 rows has a topic");
        assert_eq!(refused("year,month,topic\r\n2010,may\r\n", &[]), "row 2: 2 columns instead of 3");
        assert!(refused("year,month,topic\ninf,may,A\n", &[]).contains("not a number"));
        assert_eq!(refused(&archive(",", 2010..2012), &["--where", "topic=C"]), "none of the 4 rows matches --where",);
        assert_eq!(
            refused(&archive(",", 2010..2014), &[]),
            "not enough exams to score: an exam is scored from 4 exams of earlier years on, and no course has that \
             many (the most has 4 exams)",
        );
    }
}
