//! `clubos device`: what the devices are and do, and asking for an effect, at the running box.
//!
//! Owns the commands and their exit codes. Speaks to the box's own API as any program does, signed in as a
//! person by name: an effect stands in their name and passes the same gate as on the staff page.
//!
//! Exit codes: 0 shown, or the effect was verified; 1 the box does not answer, or nobody is signed in; 2 wrong
//! usage, also a device or effect that is not there; 3 refused or expired, nothing was sent; 4 failed;
//! 5 unknown: sent, and nobody saw what came of it.

pub(super) mod asking;
pub(super) mod link;
pub(super) mod shown;
mod watching;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::site::secret;
use link::{Link, LinkError};

const WRONG_USAGE: u8 = 2;
const NOT_SENT: u8 = 3;
const FAILED: u8 = 4;
const UNKNOWN: u8 = 5;

#[derive(Subcommand)]
#[command(
    after_help = "Exit codes: 0 shown or verified, 1 the box does not answer or nobody is signed in, 2 wrong usage, \
                        3 refused or expired (nothing was sent), 4 failed, 5 unknown (sent, and not seen to work)."
)]
pub enum DeviceCommand {
    /// Every bay, door and hall device: online, degraded, offline or unknown, since when, and what it can do
    List(Reach),
    /// One device: its last state, and its latest effects with what became of them
    Show(Of),
    /// Ask for an effect, in your name and through the gate, and wait for what is seen of it
    Do(Wanted),
    /// Take back an effect that was seen done, within the hour: lights, screens, projector, temperature
    Undo(Taken),
    /// What changes, as it happens, until Ctrl-C
    Watch(Reach),
}

/// How the box is reached, and who asks.
#[derive(Args)]
pub struct Reach {
    /// Who asks: a name that may sign in, as in `clubos user list`
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// File with their password [default: it is asked for, or one line of standard input]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The box; without https only on this machine
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// The certificate to trust (PEM), where it is one of the club's own
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// JSON instead of lines for people: one value, for `watch` one a line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Of {
    /// bay-2, door-main, lights
    target: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub struct Wanted {
    /// bay-2, door-main, lights
    target: String,
    /// sim.restart, door.unlock, thermostat.set
    effect: String,
    /// Degrees Celsius for thermostat.set
    value: Option<f32>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub struct Taken {
    /// Its number, as `clubos device show` gives it
    effect_id: i64,
    #[command(flatten)]
    reach: Reach,
}

impl DeviceCommand {
    fn reach(&self) -> &Reach {
        match self {
            DeviceCommand::List(reach) | DeviceCommand::Watch(reach) => reach,
            DeviceCommand::Show(of) => &of.reach,
            DeviceCommand::Do(wanted) => &wanted.reach,
            DeviceCommand::Undo(taken) => &taken.reach,
        }
    }
}

impl Reach {
    pub fn of(
        name: String,
        password_file: Option<PathBuf>,
        url: String,
        certificate: Option<PathBuf>,
    ) -> Reach {
        Reach { name, password_file, url, certificate, json: false }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn certificate(&self) -> Option<&std::path::Path> {
        self.certificate.as_deref()
    }

    pub fn password(&self) -> anyhow::Result<String> {
        if let Some(file) = &self.password_file {
            return Ok(secret::read(file)?);
        }
        let mut input = std::io::stdin().lock();
        if input.is_terminal() {
            eprint!("Password of {} (it is shown as you type): ", self.name);
            std::io::stderr().flush()?;
        }
        let mut line = String::new();
        input.read_line(&mut line).context("no password on standard input")?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

pub fn run(command: &DeviceCommand) -> anyhow::Result<ExitCode> {
    let reach = command.reach();
    let link = Link::to(&reach.url, reach.certificate.as_deref())?;
    let password = reach.password()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let link = match link.sign_in(&reach.name, &password).await {
            Ok(link) => link,
            Err(error) => return told(error),
        };
        let done = tokio::select! {
            done = carry_out(&link, command) => done,
            _ = tokio::signal::ctrl_c() => Ok(interrupted(command)),
        };
        link.sign_out().await;
        done.or_else(|error| match error.downcast::<LinkError>() {
            Ok(error) => told(error),
            Err(error) => Err(error),
        })
    })
}

async fn carry_out(link: &Link, command: &DeviceCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeviceCommand::List(reach) => {
            let list = link.get("/api/v1/devices").await?;
            say(&if reach.json { pretty(&list)? } else { shown::list(serde_json::from_value(list)?) })?;
            Ok(ExitCode::SUCCESS)
        }
        DeviceCommand::Show(of) => {
            let detail = link.get(&format!("/api/v1/devices/{}", link::part(&of.target)?)).await?;
            say(&if of.reach.json {
                pretty(&detail)?
            } else {
                shown::detail(&serde_json::from_value(detail)?)
            })?;
            Ok(ExitCode::SUCCESS)
        }
        DeviceCommand::Do(wanted) => asking::ask(link, wanted).await,
        DeviceCommand::Undo(taken) => asking::undo(link, taken).await,
        DeviceCommand::Watch(reach) => watching::watch(link, reach.json).await,
    }
}

/// What the box said no to, as an exit code.
fn told(error: LinkError) -> anyhow::Result<ExitCode> {
    if error.is_wrong_usage() {
        eprintln!("clubos: {error}");
        return Ok(ExitCode::from(WRONG_USAGE));
    }
    Err(error.into())
}

fn interrupted(command: &DeviceCommand) -> ExitCode {
    match command {
        DeviceCommand::Do(wanted) => {
            eprintln!("What was asked for goes on: clubos device show {}", wanted.target);
            ExitCode::FAILURE
        }
        DeviceCommand::Undo(_) => {
            eprintln!("What was asked for goes on: clubos device list");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn pretty(value: &serde_json::Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// To standard output, at once: whoever reads along sees it.
fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
