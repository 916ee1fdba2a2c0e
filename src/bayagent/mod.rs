//! `clubos-agent`: the small program on a bay's PC.
//!
//! Watches and restarts the simulator software, looks whether the radar answers, reboots the PC, and says
//! what it reads. Written against `docs/agent-protocol.md` alone: it shares no code with the box but
//! [`crate::clock`], so that the page is what holds the two together. Does only what its configuration
//! names, and claims only what it read.
//!
//! ```text
//! link (MQTT or HTTP) ──command──> desk ──> software | radar | pc
//!        ^  ^────────answers────────┘            │
//!        └───────────── seen ────────────────────┘
//! ```

mod boot;
mod check;
pub mod config;
mod desk;
mod link_http;
mod link_mqtt;
mod os;
mod pc;
mod probe;
mod radar;
mod software;
mod taken;
pub mod tls;
pub mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};

use crate::clock::Clock;
use config::{Config, Link};

/// A configuration that restarting cannot mend (`EX_CONFIG` of sysexits.h).
const EX_CONFIG: u8 = 78;

#[derive(Parser)]
#[command(
    name = "clubos-agent",
    version,
    about = "Runs on a bay's PC: restarts its software at the word of the club's box."
)]
struct Cli {
    /// What this PC has and may do
    #[arg(long, default_value = "/etc/clubos-agent/agent.toml", value_name = "FILE")]
    config: PathBuf,
    /// Try everything the configuration names, one honest line each, and change nothing
    #[arg(long)]
    check: bool,
}

/// What is read of this PC now. `None`: cannot be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// The simulator software runs, and answers where it can be asked.
    pub software: Option<bool>,
    /// The radar answers.
    pub radar: Option<bool>,
}

/// What becomes of a command, for the link it came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Remembered, and being done.
    Accepted,
    /// Not done, and why.
    Rejected(String),
    /// Tried, did not work, and why.
    Failed(String),
    /// All this program can do was done; no proof.
    Done,
}

/// A command with the way back.
pub struct Order {
    pub command: wire::Command,
    pub answers: mpsc::UnboundedSender<(i64, Answer)>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("CLUBOS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_env_filter(filter).init();
    // The one TLS provider of the process; a second call would only say that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = match Config::load(&cli.config) {
        Ok(config) => Arc::new(config),
        Err(problem) => {
            eprintln!("clubos-agent: {problem}");
            return ExitCode::from(EX_CONFIG);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => {
            eprintln!("clubos-agent: {problem}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async move {
        if cli.check {
            return check::run(&config).await;
        }
        tokio::select! {
            code = run(config) => code,
            () = told_to_stop() => ExitCode::SUCCESS,
        }
    })
}

/// Runs until it is told to stop. The software goes on without this program.
async fn run(config: Arc<Config>) -> ExitCode {
    let clock = Clock::system();
    let boot_id = match boot::id(&config).await {
        Ok(id) => Some(id),
        Err(problem) => {
            error!(%problem, "this boot has no name: a reboot will not be proved");
            None
        }
    };
    let taken = match taken::Taken::open(&config.state_dir) {
        Ok(taken) => taken,
        Err(problem) => {
            eprintln!("clubos-agent: {problem}");
            return ExitCode::from(EX_CONFIG);
        }
    };
    let (seen, shown) = watch::channel(Seen::default());
    let software =
        config.software.clone().map(|c| software::start(c, config.state_dir.clone(), seen.clone()));
    let radar = config.radar.clone().map(|c| radar::start(c, seen.clone()));
    let (orders, inbox) = mpsc::channel(16);
    let desk = desk::Desk::new(config.clone(), taken, clock.clone(), software, radar);
    tokio::spawn(desk.run(inbox));
    info!(bay = config.bay, can = ?config.capabilities(), "the agent runs");
    let ended = match &config.link {
        Link::Mqtt(link) => link_mqtt::run(link, &config, boot_id, clock, shown, orders).await,
        Link::Http(link) => link_http::run(link, &config, boot_id, shown, orders).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("clubos-agent: {problem}");
            ExitCode::from(EX_CONFIG)
        }
    }
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
