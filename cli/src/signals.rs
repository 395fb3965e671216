//! When a server of ours is asked to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C, SIGTERM (a supervisor) or SIGHUP (the terminal is gone).
pub(crate) async fn stop_signal() {
    let interrupted = async {
        // Without a handler the default one ends the process, which is what was asked for.
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        () = interrupted => {}
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::hangup()), if !hangup_is_ignored() => {}
    }
}

async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

/// Whether the process was started to survive its terminal, as by `nohup`. Only Linux tells without unsafe code; elsewhere
/// the signal stops us.
fn hangup_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_recognised() {
        assert!(ignores_hangup("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hangup(""));
    }
}
