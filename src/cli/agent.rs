//! `clubos agent`: keys of the bays' agents that ask over HTTP. Works beside the running box; a key is shown
//! once, when it is made.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{EX_CONFIG, problems, state_dir};
use crate::clock::{Clock, UnixMs};
use crate::site::{self, BayId, DriverKind, LoadMode, Site, Target};
use crate::store::journal::{self, Change};
use crate::store::{Store, StoreError, agent_key};
use crate::web;

#[derive(Subcommand)]
pub enum AgentCommand {
    /// Make a key for a bay's agent and show it, once; the one before is good no more
    Enrol(EnrolArgs),
    /// Which bays have a key
    List(Place),
    /// Take a bay's key away
    Revoke(Named),
}

#[derive(Args)]
pub struct EnrolArgs {
    #[command(flatten)]
    bay: Named,
    /// The building
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    site: PathBuf,
}

#[derive(Args)]
pub struct Named {
    /// The bay: bay-2
    bay: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub struct Place {
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
}

pub fn run(command: AgentCommand) -> anyhow::Result<ExitCode> {
    match command {
        AgentCommand::Enrol(args) => return enrol(&args),
        AgentCommand::List(place) => {
            let keys = agent_key::list(open(&place.state_dir)?.conn())?;
            if keys.is_empty() {
                println!("no bay has a key yet; make one with `clubos agent enrol bay-2`");
            }
            for (bay, since) in keys {
                println!("{bay}  since {since}");
            }
        }
        AgentCommand::Revoke(named) => {
            let bay = bay(&named.bay)?;
            let mut store = open(&named.place.state_dir)?;
            let now = Clock::system().now();
            let had = store.write(|tx| {
                let had = agent_key::remove(tx, bay)?;
                if had {
                    note(tx, &format!("{bay}: key taken away"), now)?;
                }
                Ok::<_, StoreError>(had)
            })?;
            if !had {
                bail!("{bay} has no key; `clubos agent list` shows which have");
            }
            println!("{bay}'s key is good no more.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn enrol(args: &EnrolArgs) -> anyhow::Result<ExitCode> {
    let site = match site::load(&args.site, LoadMode::Real) {
        Ok(site) => site,
        Err(bad) => {
            eprintln!("{}", problems::of_site(&args.site, &bad));
            return Ok(ExitCode::from(EX_CONFIG));
        }
    };
    let bay = bay(&args.bay.bay)?;
    if !asks(&site, bay) {
        bail!("{} names no agent over HTTP for {bay}; write `driver = \"agent-http\"`", args.site.display());
    }
    let key = web::new_key().context("no key can be made")?;
    let mut store = open(&args.bay.place.state_dir)?;
    let now = Clock::system().now();
    store.write(|tx| {
        agent_key::put(tx, bay, &web::key_sha256(&key), now)?;
        note(tx, &format!("{bay}: new key"), now)
    })?;
    eprintln!("The key of {bay}'s agent, shown this once (header x-device-key):");
    println!("{key}");
    Ok(ExitCode::SUCCESS)
}

/// Bays whose agents ask over HTTP and have no key; for `clubos check`.
pub fn without_key(site: &Site, state_dir: &Path) -> Vec<BayId> {
    let store = state_dir.join("clubos.db").exists().then(|| Store::open(state_dir).ok()).flatten();
    let keys = store.and_then(|store| agent_key::list(store.conn()).ok()).unwrap_or_default();
    let has = |bay: &BayId| keys.iter().any(|(known, _)| known == bay);
    site.bays.keys().copied().filter(|bay| asks(site, *bay) && !has(bay)).collect()
}

fn asks(site: &Site, bay: BayId) -> bool {
    site.bays.get(&bay).is_some_and(|bay| bay.drivers.values().any(|d| *d == DriverKind::AgentHttp))
}

fn bay(name: &str) -> anyhow::Result<BayId> {
    Target::new(name).bay().with_context(|| format!("`{name}` is no bay; write it like bay-2"))
}

fn open(state_dir: &Path) -> anyhow::Result<Store> {
    state_dir::make(state_dir)?;
    Ok(Store::open(state_dir)?)
}

fn note(conn: &rusqlite::Connection, detail: &str, now: UnixMs) -> Result<(), StoreError> {
    let who = "clubos agent".to_owned();
    let detail = detail.to_owned();
    journal::change(
        conn,
        &Change { at: now, who, what: "agent".into(), detail, thread_id: None, until: None },
    )
}
