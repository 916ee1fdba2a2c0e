//! `clubos user`: who may sign in. Works beside the running box; what it takes away is gone at once.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::state_dir;
use crate::clock::{Clock, UnixMs};
use crate::store::journal::{self, Change};
use crate::store::{Store, StoreError, operator};
use crate::web;

/// Shorter passwords are refused (NIST SP 800-63B asks for 8 at the least).
const SHORTEST: usize = 10;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person, or give them a new role and password
    Add(AddArgs),
    /// Who is there, and who is signed in
    List(Place),
    /// Give a person a new password; whoever is signed in with the old one is out
    Password(Named),
    /// Let a person sign in no more, and end what they are signed in with
    Disable(Named),
    /// Let them sign in again
    Enable(Named),
    /// Take a person away for good; what they did stays written down
    Remove(Named),
}

#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    who: Named,
    #[arg(long, value_enum, default_value = "oncall")]
    role: RoleArg,
}

#[derive(Args)]
pub struct Named {
    /// Short name, as in site.toml: dana
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub struct Place {
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Oncall,
    Manager,
}

/// A change to one person: whether there is such a person.
type Edit = fn(&rusqlite::Connection, &str, UnixMs) -> Result<bool, StoreError>;

pub fn run(command: UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::Add(args) => added(&args)?,
        UserCommand::List(place) => list(&open(&place.state_dir)?)?,
        UserCommand::Password(who) => {
            let mut store = open(&who.place.state_dir)?;
            let hash = web::hash_password(&password(&who.name)?).context("the password cannot be hashed")?;
            edit(&mut store, &who.name, "new password", |tx, name, _| {
                operator::set_password(tx, name, &hash)
            })?;
            println!("{} has a new password; whoever was signed in with the old one is out.", who.name);
        }
        UserCommand::Disable(who) => {
            changed(&who, "disabled", operator::disable, "can sign in no more, and is signed out")?;
        }
        UserCommand::Enable(who) => {
            changed(&who, "enabled", |tx, name, _| operator::enable(tx, name), "can sign in again")?;
        }
        UserCommand::Remove(who) => {
            changed(&who, "removed", |tx, name, _| operator::remove(tx, name), "is gone")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(state_dir: &Path) -> anyhow::Result<Store> {
    state_dir::make(state_dir)?;
    Ok(Store::open(state_dir)?)
}

fn added(args: &AddArgs) -> anyhow::Result<()> {
    let name = &args.who.name;
    let right = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !right {
        bail!("`{name}` is no short name; use lower-case letters and digits, as in site.toml");
    }
    let password = password(name)?;
    let mut store = open(&args.who.place.state_dir)?;
    let role = match args.role {
        RoleArg::Oncall => "oncall",
        RoleArg::Manager => "manager",
    };
    add(&mut store, name, role, &password)?;
    println!("{name} ({role}) can sign in.");
    Ok(())
}

/// One line of standard input, so that it stands in no process list.
fn password(name: &str) -> anyhow::Result<String> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        print!("Password for {name} ({SHORTEST} characters or more; it is shown as you type): ");
        std::io::stdout().flush()?;
    }
    let mut password = String::new();
    input.read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.chars().count() < SHORTEST {
        bail!("the password is too short: {SHORTEST} characters or more");
    }
    Ok(password.to_owned())
}

/// Writes the operator with a fresh hash of the password.
pub fn add(store: &mut Store, name: &str, role: &str, password: &str) -> anyhow::Result<()> {
    let password_hash = web::hash_password(password).context("the password cannot be hashed")?;
    let operator = operator::Operator { name: name.to_owned(), role: role.to_owned(), password_hash };
    let now = Clock::system().now();
    store.write(|tx| operator::put(tx, &operator, now))?;
    Ok(())
}

fn changed(who: &Named, what: &str, change: Edit, says: &str) -> anyhow::Result<()> {
    let mut store = open(&who.place.state_dir)?;
    edit(&mut store, &who.name, what, change)?;
    println!("{} {says}.", who.name);
    if operator::managers(store.conn())? == 0 {
        println!("Nobody can sign in as a manager now: clubos user add NAME --role manager");
    }
    Ok(())
}

fn edit(
    store: &mut Store,
    name: &str,
    what: &str,
    change: impl FnOnce(&rusqlite::Connection, &str, UnixMs) -> Result<bool, StoreError>,
) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let known = store.write(|tx| {
        let known = change(tx, name, now)?;
        if known {
            let detail = format!("{name}: {what}");
            let who = "clubos user".to_owned();
            journal::change(
                tx,
                &Change { at: now, who, what: "user".into(), detail, thread_id: None, until: None },
            )?;
        }
        Ok::<_, StoreError>(known)
    })?;
    if !known {
        bail!("there is nobody called `{name}`; `clubos user list` shows who there is");
    }
    Ok(())
}

fn list(store: &Store) -> anyhow::Result<()> {
    let everybody = operator::list(store.conn(), Clock::system().now())?;
    if everybody.is_empty() {
        println!("nobody yet; add one with `clubos user add`");
    }
    for person in everybody {
        let state = match (person.disabled_at, person.sessions) {
            (Some(_), _) => "disabled".to_owned(),
            (None, 0) => "not signed in".to_owned(),
            (None, n) => format!("signed in ({n})"),
        };
        println!("{:<16} {:<8} {state}", person.name, person.role);
    }
    Ok(())
}
