//! The sample courses, written for this project (`samples/`).

use anyhow::Result;
use shared::app::App;

use crate::import::catalog::read_catalog;
use crate::import::write_catalogs;

/// The files of `samples/`.
pub const SAMPLES: [(&str, &str); 2] = [
    ("calc2.json", include_str!("../../samples/calc2.json")),
    ("micro1.json", include_str!("../../samples/micro1.json")),
];

/// Imports both courses.
///
/// # Errors
/// When storage fails, or a file is invalid, which a test excludes.
pub async fn import_samples(app: &App) -> Result<()> {
    let mut catalogs = Vec::new();
    for (name, text) in SAMPLES {
        let read = read_catalog(text)?;
        anyhow::ensure!(read.refused.is_empty(), "{name}: {:?}", read.refused);
        catalogs.push(read.draft);
    }
    write_catalogs(app, catalogs, None, false).await?;
    Ok(())
}
