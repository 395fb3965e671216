//! `pastpaper copy`: the whole database from one machine to AWS, or back (`docs/decisions/0045`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use jiff::Timestamp;
use shared::config::{Config, Database};
use shared::domain::time::{Clock, SystemClock, shown};
use shared::store::{CopyMarker, CopyRule, Store, Tally};

use crate::embedded::{Embedded, Opened};
use crate::folder::Folder;
use crate::numbers::whole;
use crate::output::{outln, plain};
use crate::progress;

/// Items that expire within this time are not copied and not compared: the target may delete them meanwhile.
const EXPIRING_SECONDS: i64 = 6 * 3_600;
/// Items of a page: several batches of writes, and a marker for each page.
const PAGE_ITEMS: u16 = 500;
/// Partitions that are named when both tables differ.
const NAMED_MAX: usize = 10;
/// The table of a folder, if `TABLE_NAME` names none of it.
const LOCAL_TABLE: &str = "pastpaper";
/// No request is sent there: the database is in this process.
const NO_ENDPOINT: &str = "http://localhost";

/// Options of `copy`.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("source").required(true).args(["from", "from_aws"])),
    group(ArgGroup::new("target").required(true).args(["to", "to_aws"])),
    override_usage = "pastpaper copy [OPTIONS] --from <DIR> --to-aws\n       pastpaper copy [OPTIONS] --from-aws --to <DIR>"
)]
pub struct Arguments {
    /// Directory of the embedded database that is copied. No server may use it meanwhile
    #[arg(long, value_name = "DIR", requires = "to_aws")]
    from: Option<PathBuf>,
    /// Copy the table `TABLE_NAME` in AWS. Nothing may write to it meanwhile
    #[arg(long, requires = "to")]
    from_aws: bool,
    /// Directory for the copy
    #[arg(long, value_name = "DIR", requires = "from_aws")]
    to: Option<PathBuf>,
    /// Copy into the table `TABLE_NAME` in AWS, which must be empty
    #[arg(long, requires = "from")]
    to_aws: bool,
    /// Leave out the ids of Stripe, for a copy that is used to try something. Plans and balances stay
    #[arg(long)]
    without_stripe: bool,
    /// Write units (items of 1 KB) a second, at most. A new table in AWS takes 4000
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = whole::<u32>(1..=100_000))]
    units: u32,
}

/// What is copied, and how.
#[derive(Debug, Clone)]
pub struct CopyOrder {
    /// Names the source and how it is copied. A copy that was interrupted is continued by the same order only.
    pub source: String,
    /// Leaves out the ids of Stripe.
    pub without_stripe: bool,
    /// Write units a second.
    pub units: u32,
    /// Items of a page, at most. A page is the step of a copy that was interrupted.
    pub page: u16,
}

/// Result of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Items that this run wrote.
    pub written: u64,
    /// When the copy was begun, if an earlier run began it.
    pub continued: Option<Timestamp>,
    /// What both tables hold.
    pub tally: Tally,
}

/// Copies a database, or continues a copy.
///
/// # Errors
/// When a database is in use or cannot be used, the target is not empty, or both differ at the end.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let config = Config::from_env().context("the environment")?;
    let aws = Store::connect(&config.database);
    let place = config.database.endpoint_url.clone().unwrap_or_else(|| format!("AWS {}", config.database.region));
    let order = |source: String| CopyOrder {
        source: if arguments.without_stripe { format!("{source}, without Stripe") } else { source },
        without_stripe: arguments.without_stripe,
        units: arguments.units,
        page: PAGE_ITEMS,
    };
    let started = Instant::now();
    let done = match (&arguments.from, &arguments.to) {
        (Some(from), None) => {
            ensure!(Folder(from).has_database()?, "there is no data in {}", from.display());
            let source = free(Embedded::to_read(from)?, from)?;
            // The name that the marker has must not depend on the working directory.
            let name = from.canonicalize().unwrap_or_else(|_| from.clone());
            let local = local(&source, &config.database.table_name).await?;
            prepare(&aws, &config.database).await?;
            let done = copy(&local, &aws, &order(name.display().to_string()), &SystemClock).await;
            source.stop();
            done?
        }
        (None, Some(to)) => {
            ensure!(aws.has_table().await?, "there is no table {} in {place}", config.database.table_name);
            let target = free(Embedded::in_folder(to)?, to)?;
            let local = Store::through(&Database::local(NO_ENDPOINT.to_owned(), LOCAL_TABLE), target.transport());
            local.create_table().await?;
            let name = format!("{place}, table {}", config.database.table_name);
            let done = copy(&aws, &local, &order(name), &SystemClock).await;
            target.stop();
            done?
        }
        _ => bail!("name a directory and AWS: --from DIR --to-aws, or --from-aws --to DIR"),
    };
    outln!("{}", said(&done, started.elapsed()))?;
    Ok(ExitCode::SUCCESS)
}

fn said(done: &Copied, took: Duration) -> String {
    let Copied { written, continued, tally } = done;
    let seconds = took.as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = *written as f64 / seconds;
    let began = continued.map_or_else(String::new, |at| format!(" of a copy begun at {}", shown(at)));
    format!(
        "{written} items{began} written, both read and compared in {seconds:.1} s ({rate:.0} items/s)\n\
         equal: {} items in {} partitions, digest {}\n\
         Not copied: figure.key, mail.key and factor.key of the directory, which are parameters in AWS.",
        tally.items(),
        tally.partitions(),
        tally.digest(),
    )
}

fn free(opened: Opened, directory: &Path) -> Result<Embedded> {
    match opened {
        Opened::Here(embedded) => Ok(embedded),
        Opened::Busy => bail!("{} is in use by another process: stop that one first", directory.display()),
    }
}

/// The table of a folder: the one that `TABLE_NAME` names, or the one of a server without that variable.
async fn local(embedded: &Embedded, name: &str) -> Result<Store> {
    for table in [name, LOCAL_TABLE] {
        let store = Store::through(&Database::local(NO_ENDPOINT.to_owned(), table), embedded.transport());
        if store.has_table().await? {
            return Ok(store);
        }
    }
    bail!("the directory has neither a table {name} nor a table {LOCAL_TABLE}")
}

/// Creates the table of a database that is not AWS's. In AWS, the stack creates it.
async fn prepare(target: &Store, database: &Database) -> Result<()> {
    if database.endpoint_url.is_some() {
        target.create_table().await?;
    } else {
        ensure!(target.has_table().await?, "there is no table {}: deploy the stack first", database.table_name);
    }
    Ok(())
}

/// Copies `source` into `target`, or continues that, and compares both.
///
/// # Errors
/// When the target holds something else, storage fails, or both differ at the end.
pub async fn copy(source: &Store, target: &Store, order: &CopyOrder, clock: &impl Clock) -> Result<Copied> {
    if let Some(other) = source.copy_marker().await? {
        bail!("the source is itself a copy that is not complete, of {}", plain(&other.source));
    }
    let found = target.copy_marker().await?;
    let continued = found.as_ref().map(|marker| marker.started_at);
    let mut marker = match found {
        Some(marker) if marker.source == order.source => marker,
        Some(other) => bail!("the target holds a copy of {} that is not complete", plain(&other.source)),
        None => {
            ensure!(target.is_empty().await?, "the target is not empty: a copy needs an empty table");
            let source = order.source.clone();
            CopyMarker { source, started_at: clock.now(), items: 0, place: None, is_written: false }
        }
    };
    let rule = CopyRule {
        without_stripe: order.without_stripe,
        expires_after: clock.now().as_second().saturating_add(EXPIRING_SECONDS),
    };
    let before = marker.items;
    target.put_copy_marker(&marker).await?;
    if !marker.is_written {
        write_pages(source, target, (&rule, order), &mut marker).await?;
    }
    let (of_source, of_target) = tokio::try_join!(tally(source, &rule, order.page), tally(target, &rule, order.page))?;
    let unlike = of_source.differences(&of_target);
    if !unlike.is_empty() {
        // The next run writes everything again.
        target.put_copy_marker(&CopyMarker { items: 0, place: None, is_written: false, ..marker }).await?;
        let names: Vec<_> = unlike.iter().take(NAMED_MAX).map(|name| plain(name)).collect();
        bail!(
            "{} partitions differ, such as {}: something wrote meanwhile. Run the command again; if they still differ, begin with \
             an empty table",
            unlike.len(),
            names.join(", ")
        );
    }
    let deleted = target.delete_copy_marker().await;
    // An answer that was lost: the next run may find a complete copy, and no marker.
    deleted.context("both are equal, but the marker may be left: the copy is complete if the next run says that the target is not empty")?;
    Ok(Copied { written: marker.items - before, continued, tally: of_source })
}

async fn write_pages(
    source: &Store,
    target: &Store,
    (rule, order): (&CopyRule, &CopyOrder),
    marker: &mut CopyMarker,
) -> Result<()> {
    let bar: ProgressBar = progress::spinner("copying");
    loop {
        let page = source.scan_raw(marker.place.as_ref(), order.page).await?;
        let items: Vec<_> = page.items.into_iter().filter_map(|item| rule.apply(item)).collect();
        let (count, cost) = (items.len() as u64, items.iter().map(shared::store::RawItem::write_units).sum::<u64>());
        let began = Instant::now();
        target.put_raw(items).await?;
        marker.items += count;
        marker.is_written = page.next.is_none();
        marker.place = page.next;
        target.put_copy_marker(marker).await?;
        bar.inc(count);
        if marker.is_written {
            return Ok(());
        }
        let least = Duration::from_millis(cost.saturating_mul(1_000) / u64::from(order.units));
        tokio::time::sleep(least.saturating_sub(began.elapsed())).await;
    }
}

async fn tally(store: &Store, rule: &CopyRule, page: u16) -> Result<Tally> {
    let (mut tally, mut place) = (Tally::default(), None);
    loop {
        let found = store.scan_raw(place.as_ref(), page).await?;
        found.items.into_iter().filter_map(|item| rule.apply(item)).for_each(|item| tally.add(&item));
        place = found.next;
        if place.is_none() {
            return Ok(tally);
        }
    }
}
