//! `pastpaper bench fill`: a new database with many users, their ledgers, and courses of any size.
//!
//! Users are `user-<n>@bench.example` with one password; the tenth part is on the unlimited plan. Courses are
//! `bench-<questions>`: copies of the questions of calc2 with their own ids. The same options make the same users and
//! courses, except for the dates and the hash of the password.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use dynoxide::ImportOptions;
use dynoxide::types::{AttributeValue, Item};
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use shared::domain::account::password::PasswordHash;
use shared::domain::account::profile::Profile;
use shared::domain::account::{Email, Name, Password};
use shared::domain::catalog::draft::CatalogDraft;
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{Charge, EntryType, Plan, Wallet};
use shared::domain::id::{CourseId, ExamId, PatternId, QuestionId, TopicId, UserId};
use shared::domain::settings::CreditTerms;
use shared::store::{Credential, ImportedAccount};

use crate::database::{DataSource, Open};
use crate::import::catalog::read_catalog;
use crate::import::write_catalogs;
use crate::output::outln;
use crate::samples::SAMPLES;

/// Password of every user.
pub const PASSWORD: &str = "a password of the bench";
/// Accounts that are written together.
const CHUNK: usize = 5_000;
/// Age of the first account, less than a refresh period.
const AGE: SignedDuration = SignedDuration::from_hours(24 * 20);

/// Options of `bench fill`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    database: DataSource,
    #[command(flatten)]
    population: Population,
}

/// Numbers of items.
#[derive(Debug, Args)]
struct Population {
    /// Users
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    users: u32,
    /// Ledger entries of each user
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=i64::from(CreditTerms::DEFAULT.signup_bonus) + 1))]
    entries: u32,
    /// Questions of each course, in one list
    #[arg(long, value_delimiter = ',', default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    questions: Vec<u32>,
}

/// Makes the database and prints its contents.
///
/// # Errors
/// When the database exists, or storage fails.
pub(super) async fn run(arguments: Arguments) -> Result<ExitCode> {
    // Accounts are written without reading them first, so the database must be empty. In AWS, this would cost money.
    let directory = arguments.database.directory()?.display().to_string();
    let open = arguments.database.open().await?;
    if !open.is_new {
        open.close();
        anyhow::bail!("{directory} has a database; `bench fill` makes a new one, so name another --data directory");
    }
    let filled = fill(&open, &arguments.population).await;
    open.close();
    filled?;
    let Population { users, entries, questions } = arguments.population;
    outln!("{users} users of {entries} ledger entries each, courses of {questions:?} questions")?;
    outln!("They sign in as user-0@bench.example and so on with the password {PASSWORD:?}.")?;
    Ok(ExitCode::SUCCESS)
}

/// Fills an empty embedded database: courses with the importer, accounts without the API, which would take a hundred times
/// as long.
///
/// # Errors
/// When storage fails.
async fn fill(open: &Open, population: &Population) -> Result<()> {
    let engine = open.embedded.as_ref().context("the database is not in this process")?.engine();
    let app = &open.app;
    engine.enable_bulk_loading()?;
    for questions in &population.questions {
        let (_, refused) = write_catalogs(app, vec![course_of(*questions)?], None, false).await?;
        ensure!(refused.is_empty(), "{refused:?}");
    }
    let hash = app.hash_password(Password::from(PASSWORD.to_owned())).await?;
    let now = app.now();
    let bar = ProgressBar::new(u64::from(population.users));
    let numbers: Vec<u32> = (0..population.users).collect();
    for numbers in numbers.chunks(CHUNK) {
        let mut items = Vec::new();
        for number in numbers {
            let account = account(*number, population, &hash, now)?.items()?;
            let engines = |item: Map<String, Value>| item.into_iter().map(|(name, value)| (name, attribute(value)));
            items.extend(account.into_iter().map(|item| engines(item).collect::<Item>()));
        }
        engine.import_items(&app.config.database.table_name, items, ImportOptions::default())?;
        bar.inc(numbers.len() as u64);
    }
    bar.finish_and_clear();
    engine.disable_bulk_loading()?;
    Ok(())
}

/// In the engine's representation.
fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::NULL(true),
        Value::Bool(is) => AttributeValue::BOOL(is),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(attribute).collect()),
        Value::Object(map) => {
            AttributeValue::M(map.into_iter().map(|(name, value)| (name, attribute(value))).collect())
        }
    }
}

/// The account with a number: opened with the bonus, which it then spends credit by credit.
fn account(number: u32, population: &Population, hash: &PasswordHash, now: Timestamp) -> Result<ImportedAccount> {
    let mut random = fastrand::Rng::with_seed(number.into());
    let id = UserId(uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid());
    let created_at = now - AGE * i32::try_from(population.users - number)? / i32::try_from(population.users)?;
    let mut ledger = Wallet::open(created_at, &CreditTerms::DEFAULT);
    let charge = Charge {
        price: CreditTerms::DEFAULT.practice_question,
        kind: EntryType::QuestionView,
        description: "1 practice question".to_owned(),
    };
    for _ in 1..population.entries {
        let spend = ledger.wallet.spend(&charge, created_at)?;
        ledger.wallet = spend.wallet;
        ledger.movements.extend(spend.movements);
    }
    let mut entries = Vec::with_capacity(ledger.movements.len());
    for (position, movement) in (1..).zip(&ledger.movements) {
        let at = created_at + SignedDuration::from_mins(10) * i32::try_from(position - 1)?;
        let entry_id = shared::domain::id::EntryId::new(position, at, random.u64(..).to_be_bytes());
        entries.push(Entry::of(movement, entry_id, id, position, at));
    }
    if number.is_multiple_of(10) {
        ledger.wallet.plan = Plan::Unlimited;
    }
    let name = Name::try_from(Some(format!("User {number}")))?;
    let email = Email::try_from(format!("user-{number}@bench.example"))?;
    let profile = Profile {
        version: entries.len() as u64,
        entry_count: entries.len() as u64,
        ..Profile::open(id, email, name, ledger.wallet, created_at)
    };
    let credential = Credential {
        user_id: id,
        password_hash: hash.clone(),
        session_epoch: 0,
        second_factor: false,
        sign_in_told_at: None,
        created_at,
    };
    Ok(ImportedAccount { profile, credential, entries })
}

/// A course with a number of questions.
fn course_of(questions: u32) -> Result<CatalogDraft> {
    let (_, text) = SAMPLES[0];
    let mut course = read_catalog(text)?.draft;
    // Each id belongs to one course.
    let mark = |id: &str| format!("bench-{questions}-{id}");
    course.course.id = CourseId::try_from(format!("bench-{questions}"))?;
    course.course.name = format!("{questions} questions");
    for exam in &mut course.exams {
        exam.id = ExamId::try_from(mark(exam.id.as_str()))?;
    }
    for topic in &mut course.topics {
        topic.id = TopicId::try_from(mark(topic.id.as_str()))?;
    }
    for pattern in &mut course.patterns {
        pattern.id = PatternId::try_from(mark(pattern.id.as_str()))?;
        pattern.topic_id = TopicId::try_from(mark(pattern.topic_id.as_str()))?;
        pattern.example_question_id = None;
    }
    let originals = std::mem::take(&mut course.questions);
    for (number, original) in (0..questions).zip(originals.iter().cycle()) {
        let mut question = original.clone();
        question.id = QuestionId::try_from(mark(&number.to_string()))?;
        question.topic_id = TopicId::try_from(mark(question.topic_id.as_str()))?;
        question.exam_id = question.exam_id.map(|id| ExamId::try_from(mark(id.as_str()))).transpose()?;
        question.pattern_id = question.pattern_id.map(|id| PatternId::try_from(mark(id.as_str()))).transpose()?;
        course.questions.push(question);
    }
    course.questions.first().context("a course has questions")?;
    Ok(course)
}
