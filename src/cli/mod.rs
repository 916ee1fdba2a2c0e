//! The commands. The only room that puts the others together; nothing imports it.
//!
//! Exit codes are a contract: 0 all well, 1 something failed, 2 wrong usage, 78 (`EX_CONFIG` of
//! sysexits.h) a configuration that restarting cannot mend (`RestartPreventExitStatus` in the unit).

mod agent;
mod backup;
mod bookings;
mod broker;
mod cameras;
pub mod check;
pub mod classify;
mod cloud;
pub mod demo;
mod demo_people;
mod device;
pub mod eval;
mod https;
pub mod knobs;
mod learn;
mod pair;
pub mod paths;
mod people;
mod phone;
mod plug;
mod problems;
mod reload;
mod safe;
pub mod serve;
pub mod sop_check;
mod state_dir;
mod texting;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::replay;
use paths::Paths;

/// A configuration that restarting cannot mend.
pub const EX_CONFIG: u8 = 78;

#[derive(Parser)]
#[command(
    name = "clubos",
    version,
    about = "One box that runs an unstaffed indoor-golf club.",
    after_help = "Start with `clubos demo`: a whole simulated club on http://localhost:8080."
)]
struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Places {
    /// The club's procedures [default: sops/ here, else the installed ones]
    #[arg(long, global = true, value_name = "DIR")]
    sops: Option<PathBuf>,
    /// The sentence encoder and its runtime [default: models/ here, else the installed ones]
    #[arg(long, global = true, value_name = "DIR")]
    model_dir: Option<PathBuf>,
    /// One JSON object a log line
    #[arg(long, global = true)]
    log_json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the box: pages, messages, devices
    Serve(serve::ServeArgs),
    /// Run a whole simulated club on this machine, to try everything out
    Demo(demo::DemoArgs),
    /// Read messages (JSON Lines) and say what they are about
    Classify(ClassifyArgs),
    /// Measure the understanding on labelled messages
    Eval(EvalArgs),
    /// Run written-down conversations through the real engine on virtual time
    Simulate(SimulateArgs),
    /// Work with the procedures
    #[command(subcommand)]
    Sop(SopCommand),
    /// Check everything this box depends on, one honest line each
    Check(check::CheckArgs),
    /// Work with the people who may sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// What the devices are and do, and asking for an effect, at the running box
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Test a device or console, keep its secret, and say what belongs into site.toml
    #[command(subcommand)]
    Pair(pair::PairCommand),
    /// Set up the club's MQTT broker for the bays of the site
    #[command(subcommand)]
    Broker(broker::BrokerCommand),
    /// Keys of the bays' agents that ask over HTTP
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Write a checked copy of the database, while the box runs
    Backup(backup::BackupArgs),
    /// Put such a copy in place of the database, while the box is stopped
    Restore(backup::RestoreArgs),
}

#[derive(Args)]
struct ClassifyArgs {
    /// File of {"id","text"} lines [default: standard input]
    file: Option<PathBuf>,
    /// Let a line's "context" count: {"pending"?, "last_intent"?, "closed"?, "device"?, "booking"?, "quiet"?}
    #[arg(long)]
    context: bool,
    /// Use no cloud model (the default; here so that scripts can say it)
    #[arg(long)]
    no_llm: bool,
    /// The site whose names for bays and doors count [default: tests/sites/clubhouse.toml, if there]
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
}

#[derive(Args)]
struct EvalArgs {
    /// File of {"text","accept":[ids],"bay"?,"context"?} lines
    #[arg(required_unless_present = "cv")]
    file: Option<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// Let a line's "context" count, as in `classify`
    #[arg(long)]
    context: bool,
    /// Train the head on this file instead of the procedures
    #[arg(long, value_name = "TRAIN.jsonl")]
    train: Option<PathBuf>,
    /// Write a page for people
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Cross-validate over the training texts in this many parts, instead of reading a file
    #[arg(long, value_name = "PARTS", conflicts_with = "file", value_parser = clap::value_parser!(u64).range(2..=20))]
    cv: Option<u64>,
    /// With --cv: train on this percentage of the texts kept
    #[arg(long, default_value_t = 100, requires = "cv", value_parser = clap::value_parser!(u64).range(1..=100))]
    share: u64,
    /// Let slip this percentage of the letters of the texts read
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    typos: f64,
    /// Of slips and parts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The site whose names for bays and doors count [default: tests/sites/clubhouse.toml, if there]
    #[arg(long, value_name = "FILE")]
    site: Option<PathBuf>,
}

#[derive(Args)]
struct SimulateArgs {
    /// Scenario files (YAML); with --conversations, files of conversations (JSON Lines)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print what happened as JSON Lines instead of the expectations
    #[arg(long)]
    trace: bool,
    /// The files hold whole conversations; say how many needed a person
    #[arg(long)]
    conversations: bool,
}

#[derive(Subcommand)]
enum SopCommand {
    /// Check every procedure in a folder; names file, line and mend
    Check {
        /// Folder [default: as --sops]
        dir: Option<PathBuf>,
        /// Also train the model on them and see that each of their examples is read as it should be
        #[arg(long)]
        examples: bool,
        /// The site whose names for bays and doors count [default: tests/sites/clubhouse.toml, if there]
        #[arg(long, value_name = "FILE")]
        site: Option<PathBuf>,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    crate::telemetry::init(cli.places.log_json);
    // The one TLS provider of the process; a second call would only say that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let paths = Paths::find(cli.places.sops, cli.places.model_dir);
    match run(cli.command, &paths) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("clubos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, paths: &Paths) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(&args, paths),
        Command::Demo(args) => demo::run(&args, paths),
        Command::Classify(args) => learn::classify(&args, paths),
        Command::Eval(args) => learn::eval(&args, paths),
        Command::Simulate(args) => {
            let setup = replay::Setup {
                trace: args.trace,
                sops: paths.sops.clone(),
                model_dir: paths.model.clone(),
                cache_dir: paths.cache_dir(),
            };
            let mut out = std::io::stdout().lock();
            let mut err = std::io::stderr().lock();
            if !args.conversations {
                return Ok(replay::simulate(&args.files, &setup, &mut out, &mut err)?);
            }
            let site = paths::sample_site().context("no tests/sites/clubhouse.toml here")?;
            let mut code = ExitCode::SUCCESS;
            for file in &args.files {
                let this = replay::conversations::conversations(file, &site, &setup, &mut out, &mut err)?;
                code = if this == ExitCode::SUCCESS { code } else { this };
            }
            Ok(code)
        }
        Command::Sop(SopCommand::Check { dir, examples, site }) => {
            let dir = dir.unwrap_or_else(|| paths.sops.clone());
            let mut out = std::io::stdout().lock();
            let code = match sop_check::run(&dir, &mut out)? {
                0 if examples => sop_check::examples(&dir, site, paths, &mut out)?,
                code => code,
            };
            Ok(ExitCode::from(code))
        }
        Command::Check(args) => check::run(&args, paths),
        Command::User(command) => user::run(command),
        Command::Device(command) => device::run(&command),
        Command::Pair(command) => pair::run(command),
        Command::Broker(command) => broker::run(command),
        Command::Agent(command) => agent::run(command),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
    }
}
