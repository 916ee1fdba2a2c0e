//! `clubos user add`: who may sign in.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::clock::Clock;
use crate::store::{Store, operator};
use crate::web;

/// Shorter passwords are refused (NIST SP 800-63B asks for 8 at the least).
const SHORTEST: usize = 10;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person, or give them a new password
    Add(AddArgs),
}

#[derive(Args)]
pub struct AddArgs {
    /// Short name, as in site.toml: dana
    name: String,
    #[arg(long, value_enum, default_value = "oncall")]
    role: RoleArg,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArg {
    Oncall,
    Manager,
}

/// The password comes from standard input (one line), so that it stands in no process list.
pub fn run(command: UserCommand) -> anyhow::Result<ExitCode> {
    let UserCommand::Add(args) = command;
    let right =
        !args.name.is_empty() && args.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !right {
        bail!("`{}` is no short name; use lower-case letters and digits, as in site.toml", args.name);
    }
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        print!("Password for {} ({SHORTEST} characters or more; it is shown as you type): ", args.name);
        std::io::stdout().flush()?;
    }
    let mut password = String::new();
    input.read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.chars().count() < SHORTEST {
        bail!("the password is too short: {SHORTEST} characters or more");
    }
    std::fs::create_dir_all(&args.state_dir)
        .with_context(|| format!("cannot make {}", args.state_dir.display()))?;
    let mut store = Store::open(&args.state_dir)?;
    let role = match args.role {
        RoleArg::Oncall => "oncall",
        RoleArg::Manager => "manager",
    };
    add(&mut store, &args.name, role, password)?;
    println!("{} ({role}) can sign in.", args.name);
    Ok(ExitCode::SUCCESS)
}

/// Writes the operator with a fresh hash of the password.
pub fn add(store: &mut Store, name: &str, role: &str, password: &str) -> anyhow::Result<()> {
    let password_hash = web::hash_password(password).context("the password cannot be hashed")?;
    let operator = operator::Operator { name: name.to_owned(), role: role.to_owned(), password_hash };
    let now = Clock::system().now();
    store.write(|tx| operator::put(tx, &operator, now))?;
    Ok(())
}
