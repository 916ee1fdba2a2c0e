//! What the program says about itself: log lines, and its state to systemd.
//!
//! Owns the subscriber. May use nothing of the house. Log lines hold no message text, phone number or
//! secret above DEBUG; `WARN` is worth waking somebody at three in the morning.

pub mod memory;

use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub mod errors;

/// Starts logging to standard error: plain text for people, one JSON object a line with `json`.
/// `CLUBOS_LOG` (default `info`) takes tracing's filter syntax.
pub fn init(json: bool) {
    let filter = EnvFilter::try_from_env("CLUBOS_LOG").unwrap_or_else(|_| EnvFilter::new("info,ort=warn"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if json { lines.json().boxed() } else { lines.with_target(false).boxed() };
    let started =
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(errors::layer()).try_init();
    if let Err(error) = started {
        eprintln!("logging was started before: {error}");
    }
}

/// Tells systemd that the service is ready (`Type=notify`). Does nothing where there is no systemd.
pub fn ready(status: &str) {
    tell(&[("READY", "1"), ("STATUS", status)]);
}

/// A line for `systemctl status`.
pub fn status(status: &str) {
    tell(&[("STATUS", status)]);
}

/// The service is going down.
pub fn stopping() {
    tell(&[("STOPPING", "1")]);
}

/// One beat for systemd's watchdog.
pub fn alive() {
    tell(&[("WATCHDOG", "1")]);
}

/// How often [`alive`] is due: half of what systemd waits, `None` if it does not watch.
pub fn watchdog_interval() -> Option<Duration> {
    let wait = systemd::daemon::watchdog_enabled().ok().filter(|us| *us > 0)?;
    Some(Duration::from_micros(wait / 2))
}

fn tell(state: &[(&'static str, &str)]) {
    if let Err(error) = systemd::daemon::notify(state.iter()) {
        tracing::debug!(%error, "systemd does not listen");
    }
}
