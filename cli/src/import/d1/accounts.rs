//! Converts users to accounts: profile, credential and ledger.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use shared::domain::account::password::PasswordHash;
use shared::domain::account::profile::Profile;
use shared::domain::account::{Email, NAME_CHARS_MAX, Name};
use shared::domain::credits::ledger::mismatches;
use shared::domain::credits::{Credits, Plan, REFRESH_PERIOD_SECONDS, Wallet};
use shared::domain::id::UserId;
use shared::domain::settings::CreditTerms;
use shared::domain::time::shown;
use shared::store::{Credential, ImportedAccount};
use uuid::{Builder, Uuid};

use super::ImportMessages;
use super::history::{self, Owner};
use super::load::Tables;
use super::schema::{self, TRANSACTIONS, USERS};
use super::values::{Row, RowError};

/// What the old service gave: its rows are completed by that. What is in force here applies from the next refresh.
const OLD_TERMS: CreditTerms = CreditTerms::DEFAULT;

/// A valid user row.
struct D1User {
    /// The id in the dump.
    d1_id: String,
    profile: Profile,
    password_hash: PasswordHash,
}

/// All accounts, in the order in which they were opened. If two have the same email, the first one is imported.
pub(super) fn accounts(tables: &mut Tables, now: Timestamp, findings: &mut ImportMessages) -> Vec<ImportedAccount> {
    let rows = tables.take(USERS);
    note_left_out(USERS, &rows, findings);
    let users = users(rows, now, findings);
    let rows = tables.take(TRANSACTIONS);
    note_left_out(TRANSACTIONS, &rows, findings);
    let known: HashSet<&str> = users.iter().map(|user| user.d1_id.as_str()).collect();
    let mut histories = history::by_user(rows, &known, findings);

    let mut accounts = Vec::with_capacity(users.len());
    for D1User { d1_id, mut profile, password_hash } in users {
        let owner = Owner {
            id: profile.id,
            d1_id: &d1_id,
            balance: profile.wallet.credits,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
        };
        match history::ledger(&owner, histories.remove(&d1_id).unwrap_or_default()) {
            Ok((entries, note)) => {
                if let Some(note) = note {
                    findings.note(format!("{USERS} {d1_id}: {note}"));
                }
                profile.entry_count = entries.last().map_or(0, |entry| entry.position);
                debug_assert_eq!(mismatches(&profile, &entries), [], "{d1_id}");
                let credential = Credential {
                    user_id: profile.id,
                    password_hash,
                    session_epoch: 0,
                    second_factor: false,
                    sign_in_told_at: None,
                    created_at: profile.created_at,
                };
                accounts.push(ImportedAccount { profile, credential, entries });
            }
            Err(reason) => findings.refuse(USERS, d1_id, reason),
        }
    }
    accounts
}

/// Why an account is refused if its lower-case email belongs to another account: only one of them could sign in.
pub(in crate::import) fn email_taken(owner: &str, credits: Credits) -> RowError {
    format!(
        "its email without regard to case is that of {owner} and keeps it; its {credits} credits are not imported: give \
         this row another email and import again, or give them to that account with `pastpaper user grant`"
    )
}

/// Says which columns of a table are not imported.
pub(super) fn note_left_out(table: &'static str, rows: &[Row], findings: &mut ImportMessages) {
    let known = schema::table(table).map_or(&[][..], |table| table.columns);
    let extra = rows.first().map(|row| row.unknown_columns(known)).unwrap_or_default();
    if !extra.is_empty() {
        findings.note(format!("{table}: extra columns left out: {}", extra.join(", ")));
    }
}

fn users(rows: Vec<Row>, now: Timestamp, findings: &mut ImportMessages) -> Vec<D1User> {
    let mut dated: Vec<(Timestamp, Row)> = Vec::with_capacity(rows.len());
    for row in rows {
        match row.timestamp("created_at") {
            Ok(created_at) => dated.push((created_at.unwrap_or(now), row)),
            Err(reason) => findings.refuse(USERS, row.label(), reason),
        }
    }
    // The sort is stable: rows with the same timestamp keep the order of the dump.
    dated.sort_by_key(|(created_at, _)| *created_at);

    let mut users = Vec::with_capacity(dated.len());
    let mut by_email: HashMap<Email, String> = HashMap::new();
    let mut by_id: HashMap<UserId, String> = HashMap::new();
    for (created_at, row) in dated {
        let mut notes = Vec::new();
        let user = user(&row, created_at, &mut notes).and_then(|user| {
            if let Some(first) = by_id.get(&user.profile.id) {
                return Err(format!("its id is that of user {first:?}, who was there before"));
            }
            if let Some(first) = by_email.get(&user.profile.email) {
                return Err(email_taken(&format!("user {first:?}, who was there before"), user.profile.wallet.credits));
            }
            Ok(user)
        });
        match user {
            Ok(user) => {
                by_id.insert(user.profile.id, user.d1_id.clone());
                by_email.insert(user.profile.email.clone(), user.d1_id.clone());
                findings.note_row(USERS, &user.d1_id, notes);
                users.push(user);
            }
            Err(reason) => findings.refuse(USERS, row.label(), reason),
        }
    }
    users
}

fn user(row: &Row, created_at: Timestamp, notes: &mut Vec<String>) -> Result<D1User, RowError> {
    let d1_id = row.filled_text("id")?.ok_or("id is missing")?;
    let email = row.required_text("email")?;
    if email.trim().ends_with(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) {
        notes.push("its email ends with a dot, which is left out; it signs in with and without it".to_owned());
    }
    let email = Email::try_from(email.clone()).map_err(|error| format!("email {email:?} {error}"))?;
    let password_hash = PasswordHash::imported(bounded("password_hash", row.required_text("password_hash")?)?);
    if !password_hash.is_known_scheme() {
        notes.push(
            "the scheme of its password_hash is unknown: no password fits, and the user cannot sign in".to_owned(),
        );
    }
    let stripe_id = |column: &'static str| row.filled_text(column)?.map(|id| bounded(column, id)).transpose();
    let id = user_id(&d1_id, notes);
    let name = name(row.text("name")?, notes)?;
    let wallet = wallet(row, created_at, notes)?;
    let profile = Profile {
        // The import writes the entries of the dump, and counts them.
        entry_count: 0,
        stripe_customer_id: stripe_id("stripe_customer_id")?,
        stripe_subscription_id: stripe_id("stripe_subscription_id")?,
        updated_at: row.timestamp("updated_at")?.unwrap_or(created_at),
        ..Profile::open(id, email, name, wallet, created_at)
    };
    Ok(D1User { d1_id, profile, password_hash })
}

/// Maximum bytes of a password hash, and of a Stripe id.
const SHORT_BYTES_MAX: usize = 255;

/// Limits a text that is part of a key or is read at every login.
fn bounded(column: &str, text: String) -> Result<String, RowError> {
    let bytes = text.len();
    if bytes <= SHORT_BYTES_MAX {
        return Ok(text);
    }
    Err(format!("{column} has {bytes} bytes; it has at most {SHORT_BYTES_MAX}"))
}

/// Keeps a UUID. Derives a UUID from any other id, so that a second import makes the same one.
pub(super) fn user_id(d1_id: &str, notes: &mut Vec<String>) -> UserId {
    if let Ok(id) = Uuid::parse_str(d1_id.trim()) {
        return UserId(id);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(d1_id.as_bytes())[..16]);
    let id = UserId(Builder::from_custom_bytes(bytes).into_uuid());
    notes.push(format!("the id is no UUID: became {id}"));
    id
}

/// Shortens a name that is too long, and removes control characters: neither is a reason to lose a user.
fn name(text: Option<String>, notes: &mut Vec<String>) -> Result<Name, RowError> {
    if let Ok(name) = Name::try_from(text.clone()) {
        return Ok(name);
    }
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let clean: String = text.unwrap_or_default().trim().chars().map(visible).take(NAME_CHARS_MAX).collect();
    notes.push(format!("name was too long or had control characters: became {:?}", clean.trim()));
    Name::try_from(Some(clean)).map_err(|error| format!("name {error}"))
}

fn wallet(row: &Row, created_at: Timestamp, notes: &mut Vec<String>) -> Result<Wallet, RowError> {
    let (plan, unlimited_until) = timed(plan(row)?, row, notes)?;
    let first_refresh = created_at.as_second() + REFRESH_PERIOD_SECONDS;
    let wallet = Wallet {
        credits: credits(row, "credits", 0, notes)?.unwrap_or(OLD_TERMS.signup_bonus),
        plan,
        monthly_credits: credits(row, "monthly_credits", OLD_TERMS.monthly(plan), notes)?
            .unwrap_or(OLD_TERMS.monthly(plan)),
        credits_reset_at: row.timestamp("credits_reset_at")?.map_or(first_refresh, Timestamp::as_second),
        unlimited_until,
    };
    if wallet.is_short(&OLD_TERMS) {
        let (of_plan, of_row) = (OLD_TERMS.monthly(plan), wallet.monthly_credits);
        notes.push(format!("monthly_credits {of_row} became {of_plan}, a month of the plan {}", plan.as_str()));
    }
    Ok(wallet.with_month_of_plan(&OLD_TERMS))
}

/// The plan, and the end of an unlimited period: `has_unlimited` and `unlimited_until` of the newest schema. An
/// unlimited period without an end becomes the unlimited plan. After an end, the row's plan applies again.
fn timed(plan: Plan, row: &Row, notes: &mut Vec<String>) -> Result<(Plan, Option<i64>), RowError> {
    let has_unlimited = row.boolean("has_unlimited")?;
    let until = row.timestamp("unlimited_until")?.map(Timestamp::as_second);
    Ok(match (has_unlimited.unwrap_or(plan == Plan::Unlimited), until) {
        (false, _) => (plan, None),
        (true, None) => (Plan::Unlimited, None),
        (true, Some(until)) => {
            let after = if plan == Plan::Unlimited { Plan::Free } else { plan };
            let end = Timestamp::from_second(until).unwrap_or_default();
            notes.push(format!("unlimited until {}, then {}", shown(end), after.as_str()));
            (after, Some(until))
        }
    })
}

fn plan(row: &Row) -> Result<Plan, RowError> {
    let Some(text) = row.text("plan")? else { return Ok(Plan::Free) };
    match text.trim().to_ascii_lowercase().as_str() {
        "free" => Ok(Plan::Free),
        "starter" => Ok(Plan::Starter),
        "unlimited" => Ok(Plan::Unlimited),
        _ => Err(format!("plan {text:?} is not free, starter or unlimited")),
    }
}

/// A number of credits; a negative number is replaced by `instead`.
fn credits(row: &Row, column: &str, instead: Credits, notes: &mut Vec<String>) -> Result<Option<Credits>, RowError> {
    match row.integer(column)? {
        Some(number) if number < 0 => {
            let what = if column == "credits" { "balance" } else { column };
            notes.push(format!("negative {what} {number} became {instead}"));
            Ok(Some(instead))
        }
        _ => row.small(column),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dump;
    use super::super::tests::{USER, read, refused};
    use super::*;

    const HASH: &str = "000102030405060708090a0b0c0d0e0f:\
        57f2c2f0739748d516419b062a884666323c583ea4ae165504a81f7b53c62a09";

    /// A dump of one user with these values for `columns`.
    fn user_with(columns: &str, values: &str) -> Dump {
        read(&format!("INSERT INTO users (id,email,password_hash{columns}) VALUES('{USER}','a@b.c','{HASH}'{values});"))
    }

    fn profile(dump: &Dump) -> &Profile {
        &dump.accounts[0].profile
    }

    #[test]
    fn an_account_comes_whole() {
        let dump = user_with(
            ",name,plan,credits,monthly_credits,credits_reset_at,stripe_customer_id,created_at,updated_at",
            ",'Zoë O''Neill 🚀','starter','7',NULL,1735787045000,'cus_1','2025-01-02 03:04:05',1735787046",
        );
        let account = &dump.accounts[0];
        let profile = profile(&dump);
        assert_eq!(profile.id.to_string(), USER);
        assert_eq!(Option::<String>::from(profile.name.clone()).as_deref(), Some("Zoë O'Neill 🚀"));
        let (credits_reset_at, unlimited_until) = (1_735_787_045, None);
        let wallet = Wallet { credits: 7, plan: Plan::Starter, monthly_credits: 15, credits_reset_at, unlimited_until };
        assert_eq!(profile.wallet, wallet);
        assert_eq!(profile.created_at.to_string(), "2025-01-02T03:04:05Z");
        assert_eq!(profile.updated_at.to_string(), "2025-01-02T03:04:06Z");
        assert_eq!(profile.stripe_customer_id.as_deref(), Some("cus_1"));
        assert_eq!((profile.version, profile.entry_count), (1, 1));
        assert_eq!(account.credential.user_id, profile.id);
        assert_eq!(account.credential.password_hash.as_str(), HASH);
        assert_eq!(refused(&dump), Vec::<String>::new());
    }

    #[test]
    fn missing_columns_take_the_schema_defaults() {
        let dump = user_with("", "");
        let profile = profile(&dump);
        let opened: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let credits_reset_at = opened.as_second() + REFRESH_PERIOD_SECONDS;
        let plan = Plan::Free;
        let wallet = Wallet { credits: 5, plan, monthly_credits: 5, credits_reset_at, unlimited_until: None };
        assert_eq!(profile.wallet, wallet);
        assert_eq!((profile.created_at, profile.updated_at), (opened, opened));
    }

    #[test]
    fn every_change_is_reported() {
        let dump = user_with(",credits,monthly_credits,name,avatar", ",-3,-1,'a\u{7}b','x'");
        assert_eq!(profile(&dump).wallet.credits, 0);
        assert_eq!(profile(&dump).wallet.monthly_credits, 5);
        assert_eq!(
            dump.notes,
            [
                "users: extra columns left out: avatar".to_owned(),
                format!("users {USER}: name was too long or had control characters: became \"a b\""),
                format!("users {USER}: negative balance -3 became 0"),
                format!("users {USER}: negative monthly_credits -1 became 5"),
            ]
        );
        let long = user_with(",name", &format!(",'{}'", "é".repeat(101)));
        assert_eq!(Option::<String>::from(profile(&long).name.clone()), Some("é".repeat(100)));
    }

    #[test]
    fn a_month_is_at_least_that_of_the_plan() {
        for (values, monthly, note) in [
            (",'starter',5", 15, Some("monthly_credits 5 became 15, a month of the plan starter")),
            (",'starter',40", 40, None),
            (",'free',5", 5, None),
        ] {
            let dump = user_with(",credits,plan,monthly_credits", &format!(",0{values}"));
            assert_eq!(profile(&dump).wallet.monthly_credits, monthly, "{values}");
            assert_eq!(dump.notes, Vec::from_iter(note.map(|note| format!("users {USER}: {note}"))), "{values}");
        }
    }

    #[test]
    fn an_unlimited_time_is_a_plan_with_its_end() {
        for (values, plan, until) in [
            (",'free',0,1767225600", Plan::Free, None),
            (",'free',1,1767225600", Plan::Free, Some(1_767_225_600)),
            (",'starter',1,'2026-01-01'", Plan::Starter, Some(1_767_225_600)),
            (",'unlimited',1,1767225600000", Plan::Free, Some(1_767_225_600)),
            (",'unlimited',NULL,1767225600", Plan::Free, Some(1_767_225_600)),
            (",'free',1,NULL", Plan::Unlimited, None),
            (",'unlimited',NULL,NULL", Plan::Unlimited, None),
        ] {
            let dump = user_with(",credits,plan,has_unlimited,unlimited_until", &format!(",0{values}"));
            let wallet = profile(&dump).wallet;
            assert_eq!((wallet.plan, wallet.unlimited_until), (plan, until), "{values}");
            assert_eq!(dump.notes.len(), usize::from(until.is_some()), "{:?}", dump.notes);
        }
    }

    #[test]
    fn a_non_uuid_id_maps_to_a_stable_uuid() {
        let sql = "INSERT INTO users (id,email,password_hash,credits) VALUES('u7','a@b.c','$2b$12$x',0);
                   INSERT INTO credit_transactions VALUES('t1','u7',2,'purchase',NULL,NULL,1740000000);";
        let (one, two) = (read(sql), read(sql));
        let id = profile(&one).id;
        assert_eq!((id, one.accounts[0].entries.len()), (profile(&two).id, 2));
        assert_eq!(one.accounts[0].entries[0].user_id, id);
        assert_eq!(
            one.notes[..2],
            [
                "users u7: the scheme of its password_hash is unknown: no password fits, and the user cannot sign in"
                    .to_owned(),
                format!("users u7: the id is no UUID: became {id}"),
            ]
        );
    }

    #[test]
    fn the_first_of_two_users_with_one_email_is_imported() {
        let dump = read(
            "INSERT INTO users (id,email,password_hash,created_at) VALUES
                ('late','ADA@example.org','x','2025-02-01'),('first','Ada@Example.org','x','2025-01-01 10:00:00'),
                ('same','ada@example.org','x',1735725600);
             INSERT INTO credit_transactions VALUES('t1','late',2,'purchase',NULL,NULL,1740000000);",
        );
        assert_eq!(dump.accounts.len(), 1);
        assert_eq!(profile(&dump).email.as_str(), "ada@example.org");
        assert_eq!(
            refused(&dump),
            [
                &format!("users same: {}", email_taken("user \"first\", who was there before", 5)),
                &format!("users late: {}", email_taken("user \"first\", who was there before", 5)),
                "credit_transactions t1: its user \"late\" is not imported",
            ]
        );
    }

    #[test]
    fn invalid_users_are_named() {
        let long = format!(",'{}'", "x".repeat(300));
        for (columns, values, reason) in [
            (",plan", ",'gold'", "plan \"gold\" is not free, starter or unlimited"),
            (",credits", ",2.5", "credits \"2.5\" is not a whole number"),
            (",credits", ",99999999999", "credits 99999999999 is out of bounds"),
            (",created_at", ",'long ago'", "created_at \"long ago\" is not a point in time"),
            (",unlimited_until", ",'ever'", "unlimited_until \"ever\" is not a point in time"),
            (",stripe_customer_id", &long, "stripe_customer_id has 300 bytes; it has at most 255"),
        ] {
            let dump = user_with(columns, values);
            assert_eq!((refused(&dump), dump.accounts.len()), (vec![format!("users {USER}: {reason}")], 0));
        }
        let dump = read(
            "INSERT INTO users (id,email,password_hash) VALUES('u1','nobody','x'),('u2',NULL,'x'),('u3','a@b.c',NULL),\
                (NULL,'a@b.c','x'),('u5','a@b.c','x'),('u5','b@b.c','x');",
        );
        assert_eq!(
            refused(&dump),
            [
                "users u1: email \"nobody\" must be an email address of at most 254 bytes",
                "users u2: email is missing",
                "users u3: password_hash is missing",
                "users (no id): id is missing",
                "users u5: its id is that of user \"u5\", who was there before",
            ]
        );
    }
}
