//! `pastpaper voucher`: codes that users redeem for credits.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use shared::app::App;
use shared::domain::credits::Credits;
use shared::domain::time::shown;
use shared::domain::vouchers::{CREDITS_MAX, USES_MAX, Voucher, VoucherCode, VoucherId, VoucherNote};

use crate::database::{DataSource, DatabaseUse};
use crate::output::{outln, plain};

/// The subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a voucher and print its code, which is not shown again
    Create(Create),
    /// List the vouchers, oldest first, with how often each was redeemed
    List(DataSource),
    /// Stop a voucher: nobody redeems it any more. What was redeemed stays
    Stop {
        /// Id of the voucher as `voucher list` shows it, or its code
        voucher: String,
        #[command(flatten)]
        database: DataSource,
    },
}

/// Options of `voucher create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Credits for each user who redeems it
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(CREDITS_MAX)))]
    pub credits: Credits,
    /// How many users may redeem it
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(USES_MAX)))]
    pub uses: u32,
    /// Last day on which it can be redeemed, such as 2026-12-31, in UTC
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub until: Date,
    /// A code of your own, 6 to 32 letters and digits; without it, a random code. A code that is easily guessed is a gift to
    /// everybody, up to the number of uses
    #[arg(long, value_parser = own_code)]
    pub code: Option<String>,
    /// A note for `voucher list`
    #[arg(long, value_parser = note)]
    pub note: Option<VoucherNote>,
    #[command(flatten)]
    pub database: DataSource,
}

fn day(text: &str) -> Result<Date, &'static str> {
    text.trim().parse().map_err(|_| "must be a date such as 2026-12-31")
}

fn own_code(text: &str) -> Result<String, &'static str> {
    VoucherCode::own(text).map(|_| text.to_owned())
}

fn note(text: &str) -> Result<VoucherNote, &'static str> {
    VoucherNote::try_from(text)
}

/// Runs the subcommand.
///
/// # Errors
/// When the voucher cannot be created, none has the id or code, or storage fails.
pub async fn run(command: Command) -> Result<ExitCode> {
    let (database, purpose) = match &command {
        Command::Create(create) => (&create.database, DatabaseUse::Change),
        Command::List(database) => (database, DatabaseUse::Read),
        Command::Stop { database, .. } => (database, DatabaseUse::Change),
    };
    let open = database.open_to(purpose).await?;
    let done = match &command {
        Command::Create(order) => create(&open.app, order).await,
        Command::List(_) => list(&open.app).await,
        Command::Stop { voucher, .. } => stop(&open.app, voucher).await,
    };
    open.close();
    outln!("{}", done?)?;
    Ok(ExitCode::SUCCESS)
}

/// Creates a voucher, and returns its code and its id.
///
/// # Errors
/// When the day is over, a voucher has the code already, or storage fails.
pub async fn create(app: &App, order: &Create) -> Result<String> {
    let end: Timestamp = order.until.checked_add(1.day())?.to_zoned(TimeZone::UTC)?.timestamp();
    ensure!(app.now() < end, "--until {} is over", order.until);
    let code = match &order.code {
        Some(own) => VoucherCode::own(own).map_err(|rule| anyhow::anyhow!("--code {rule}"))?,
        None => VoucherCode::random(app.random.bytes()),
    };
    let voucher = Voucher {
        id: code.id(),
        credits: order.credits,
        uses_max: order.uses,
        uses: 0,
        ends_at: end.as_second(),
        note: order.note.clone(),
        created_at: app.now(),
        stopped_at: None,
    };
    ensure!(app.store.create_voucher(&voucher).await?, "a voucher has this code already");
    Ok(format!("code  {}\nid    {}", code.shown(), voucher.id.shown()))
}

/// The vouchers, a line for each.
///
/// # Errors
/// When storage fails.
pub async fn list(app: &App) -> Result<String> {
    let mut vouchers = app.store.vouchers().await?;
    vouchers.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    if vouchers.is_empty() {
        return Ok("There is no voucher.".to_owned());
    }
    let line = |voucher: &Voucher| {
        let end = Timestamp::from_second(voucher.ends_at).map_or_else(|_| voucher.ends_at.to_string(), shown);
        let used = format!("{} of {}", voucher.uses, voucher.uses_max);
        let state = voucher.state(app.now()).as_str();
        let note = plain(voucher.note.as_ref().map_or("", VoucherNote::as_str)).into_owned();
        let line = format!(
            "{}  {state:<8}  {:>4} credits  {used:>16} used  until {end}  {note}",
            voucher.id.shown(),
            voucher.credits
        );
        line.trim_end().to_owned()
    };
    Ok(vouchers.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Stops the voucher with this id or code.
///
/// # Errors
/// When none has it, or storage fails.
pub async fn stop(app: &App, voucher: &str) -> Result<String> {
    let by_code = VoucherCode::typed(voucher).id();
    let by_id = voucher.trim().to_ascii_lowercase();
    let vouchers = app.store.vouchers().await?;
    let is_meant = |id: &VoucherId| *id == by_code || id.shown() == by_id;
    let found: Vec<&Voucher> = vouchers.iter().filter(|voucher| is_meant(&voucher.id)).collect();
    let [found] = found.as_slice() else {
        match found.len() {
            0 => bail!("no voucher has this id or code"),
            count => bail!("{count} vouchers have this id or code"),
        }
    };
    ensure!(app.store.stop_voucher(&found.id, app.now()).await?, "the voucher does not exist any more");
    Ok(format!("Stopped {}; it was redeemed {} times.", found.id.shown(), found.uses))
}
