//! Progress of long work, on standard error. `indicatif` shows nothing if that is no terminal, so a pipe or a log gets none.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

const TICK: Duration = Duration::from_millis(200);

/// A bar for `length` steps. It is cleared when it is dropped, also by an error.
pub(crate) fn bar(what: &'static str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_finish(ProgressFinish::AndClear).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}

/// The same for work whose length is not known.
pub(crate) fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_finish(ProgressFinish::AndClear).with_message(what);
    if !spinner.is_hidden() {
        spinner.enable_steady_tick(TICK);
    }
    spinner
}
