//! `pastpaper mail`: lists the outbox, sends dead mails again, shows what mails look like.

pub mod courier;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use jiff::Timestamp;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::mail::language::Language;
use shared::domain::mail::letter::{Letter, link};
use shared::domain::mail::message::{ExtraHeaders, Message};
use shared::domain::mail::notices::unsubscribe_url;
use shared::domain::mail::{Mail, MailId, MailKind, MailState};
use shared::domain::time::shown;
use uuid::Uuid;

use self::courier::LocalCourier;
use crate::database::{DataSource, DatabaseUse};
use crate::output::{self, outln, plain};

/// How often `serve` looks for mail that is due.
const ROUND: Duration = Duration::from_secs(1);
/// Pause after an error, which is logged.
const PAUSE: Duration = Duration::from_secs(15);
/// The client of a preview.
const PREVIEW_URL: &str = "https://app.example.org";
/// The API of a preview.
const PREVIEW_API_URL: &str = "https://api.example.org";

/// The subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the mails of the outbox, without addresses
    List {
        /// Also those that were sent or are not to be sent
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        database: DataSource,
    },
    /// Send dead mails again, with new links
    Retry {
        /// Ids of mails, as `list` shows them; all dead mails if there is none
        ids: Vec<Uuid>,
        #[command(flatten)]
        database: DataSource,
    },
    /// Send mail again to an address that rejected it or complained
    Allow {
        /// The email of the account
        email: String,
        #[command(flatten)]
        database: DataSource,
    },
    /// Show what a mail looks like
    Preview(Preview),
}

/// Options of `preview`.
#[derive(Debug, Args)]
pub struct Preview {
    /// The kind, such as verify, reset or `email_changed`
    #[arg(value_parser = kind)]
    kind: MailKind,
    /// en or de
    #[arg(long, value_parser = language, default_value = "en")]
    language: Language,
    /// The form
    #[arg(long = "as", value_enum, default_value_t = Form::Text)]
    form: Form,
    /// Write to a file instead of printing
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A form of a mail.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Subject and plain text
    Text,
    /// The page
    Html,
    /// The whole message
    Eml,
}

fn kind(name: &str) -> Result<MailKind, String> {
    let names = MailKind::ALL.map(MailKind::as_str).join(", ");
    MailKind::ALL.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| format!("must be one of {names}"))
}

fn language(tag: &str) -> Result<Language, &'static str> {
    Language::ALL.into_iter().find(|language| language.tag() == tag).ok_or("must be en or de")
}

/// Runs the subcommand.
///
/// # Errors
/// When storage fails, or a mail cannot be sent again.
pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::List { all, database } => {
            let open = database.open_to(DatabaseUse::Read).await?;
            let listed = list(&open.app, all).await;
            open.close();
            outln!("{}", listed?)?;
        }
        Command::Retry { ids, database } => {
            let open = database.open_to(DatabaseUse::Change).await?;
            let retried = retry(&open.app, &ids).await;
            open.close();
            outln!("{} mails will be sent again.", retried?)?;
        }
        Command::Allow { email, database } => {
            let open = database.open_to(DatabaseUse::Change).await?;
            let allowed = allow(&open.app, &email).await;
            open.close();
            outln!("{}", allowed?)?;
        }
        Command::Preview(preview) => show(&preview)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The outbox as a table.
///
/// # Errors
/// When storage fails.
pub async fn list(app: &App, all: bool) -> Result<String> {
    // A mail that bounced stays sent, and has the reason as its trouble.
    let is_done = |mail: &Mail| matches!(mail.state, MailState::Sent | MailState::Dropped) && mail.trouble.is_none();
    let is_listed = |mail: &Mail| all || !is_done(mail);
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["id", "kind", "state", "asked at", "tries", "user", "trouble"]);
    let mails: Vec<_> = app.store.mails().await?.into_iter().filter(|stored| is_listed(&stored.mail)).collect();
    if mails.is_empty() {
        return Ok("The outbox has no such mail.".to_owned());
    }
    for Mail { id, kind, state, asked_at, claims, user_id, trouble, .. } in mails.iter().map(|stored| &stored.mail) {
        table.add_row([
            id.to_string(),
            kind.as_str().to_owned(),
            state.as_str().to_owned(),
            shown(Timestamp::from_second(*asked_at)?),
            claims.to_string(),
            user_id.map(|user| user.to_string()).unwrap_or_default(),
            plain(trouble.as_deref().unwrap_or_default()).into_owned(),
        ]);
    }
    Ok(table.to_string())
}

/// Makes dead mails pending again: those named, or all. Returns how many.
///
/// # Errors
/// When one of them is not there or not dead, or storage fails.
pub async fn retry(app: &App, ids: &[Uuid]) -> Result<usize> {
    let mails = app.store.mails().await?;
    let is_named = |id: MailId| ids.is_empty() || ids.contains(&id.0);
    let named: Vec<_> = mails.iter().filter(|stored| is_named(stored.mail.id)).collect();
    for id in ids {
        let found = named.iter().find(|stored| stored.mail.id.0 == *id);
        let state = found.map(|stored| stored.mail.state).with_context(|| format!("there is no mail {id}"))?;
        ensure!(state == MailState::Dead, "the mail {id} is {}: only dead ones are sent again", state.as_str());
    }
    let mut retried = 0;
    for stored in named {
        let now = app.now();
        let Some(again) = stored.mail.retried(MailId(app.random.uuid_v7(now)), now.as_second()) else { continue };
        retried += usize::from(app.store.change_mail(stored, &again).await?);
    }
    Ok(retried)
}

/// Lets mail be sent again to the address of an account, and says why it was stopped.
///
/// # Errors
/// When there is no such account, its mail is not stopped, or storage fails.
pub async fn allow(app: &App, email: &str) -> Result<String> {
    let mailbox = Email::try_from(email.to_owned()).map(Mailbox::of).ok().context("this is no email")?;
    let found = app.store.credential_of(&mailbox).await?;
    let (email, credential) = found.context("there is no account with this email")?;
    let profile = app.store.profile(credential.user_id).await?.context("there is no account with this email")?;
    let stop = profile.mail_stopped.context("mail to this address is not stopped")?;
    ensure!(app.store.allow_mail(profile.id, &email).await?, "the account changed meanwhile: try again");
    Ok(format!("Mail is sent to the address again. It was stopped on {}: {}.", shown(stop.at), stop.reason.as_str()))
}

fn show(preview: &Preview) -> Result<()> {
    let token = preview.kind.purpose().map(|_| "pm_this-is-a-preview");
    let link = link(PREVIEW_URL, preview.kind, token.filter(|_| preview.kind.optional().is_none()));
    let letter = Letter::compose(preview.kind, preview.language, &link).context("a text is missing")?;
    let text = match preview.form {
        Form::Text => format!("{}\n\n{}", letter.subject, letter.text),
        Form::Html => letter.html.unwrap_or_default(),
        Form::Eml => {
            let at = Timestamp::UNIX_EPOCH;
            let (from, to) = ("no-reply@example.org", "ada@example.org");
            let unsubscribe = preview.kind.optional().zip(token);
            let unsubscribe = unsubscribe.map(|(notice, token)| unsubscribe_url(PREVIEW_API_URL, notice, token));
            let extra = ExtraHeaders { reply_to: None, unsubscribe: unsubscribe.as_deref() };
            let message = Message::build(MailId(Uuid::nil()), from, to, extra, &letter, at);
            String::from_utf8(message.bytes)?
        }
    };
    match &preview.output {
        Some(path) => {
            let mut file = std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            file.write_all(text.as_bytes())?;
        }
        // Unchanged: a message ends its lines with CR and LF. All of it is our own text.
        None => output::json(&text)?,
    }
    Ok(())
}

/// Delivers mail until the process ends.
pub async fn keep_delivering(app: App, courier: LocalCourier) {
    loop {
        let pause = match app.deliver_due_mail(&courier).await {
            Ok(_) => ROUND,
            Err(error) => {
                tracing::error!(%error, "mail is not delivered");
                PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}
