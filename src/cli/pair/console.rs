//! What pairing a console takes, whichever it is: its certificate, confirmed by a person; its key, tried by reading; a
//! table of `site.toml`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::places::{Places, keep_secret};
use super::{PairError, ask, quoted};
use crate::clock::Clock;
use crate::device::console::{self, ConsoleError, Key, Shown};
use crate::site::edit;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Args)]
pub struct ConsoleArgs {
    /// Its address: https://10.0.0.1, for Access with its port: https://10.0.0.1:12445
    url: String,
    /// SHA-256 of its certificate, as its own page or `openssl x509 -fingerprint -sha256` on it shows [default: you are
    /// asked]
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// Say what could be tried with it, and why it is not
    #[arg(long = "try")]
    trial: bool,
    #[command(flatten)]
    places: Places,
}

/// What one kind of console has of its own.
pub struct Console {
    /// As people call it.
    pub name: &'static str,
    /// Its table in `site.toml`.
    pub table: &'static str,
    pub secret_key: &'static str,
    /// The secret's file.
    pub secret_name: &'static str,
    /// Where its key is made.
    pub made: &'static str,
    pub bearer: bool,
    pub look: Look,
}

/// What is read there: the path, and what the answer comes to. Given what was read before it.
pub struct Look {
    pub first: &'static str,
    /// Path of what is read then, by the first answer.
    pub then: fn(&Value) -> Result<Option<String>, String>,
    /// What was found, in lines for people, by the last answer.
    pub found: fn(&Value) -> Result<Vec<String>, String>,
    /// What a person still has to write.
    pub next: &'static str,
    /// Why nothing is tried with it.
    pub untried: &'static str,
}

pub fn pair(of: &Console, args: &ConsoleArgs) -> anyhow::Result<()> {
    let places = &args.places;
    let text = places.text()?;
    let base = console::address(&args.url).map_err(PairError::from)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shown = runtime.block_on(console::certificate(&base, PATIENCE)).map_err(PairError::from)?;
    confirm(of, args, &shown)?;
    let secret = places.secret(&format!("Key of {} ({}; it is shown as you type):", of.name, of.made))?;
    let found = runtime.block_on(read(of, &base, &shown.fingerprint, &secret)).map_err(PairError::from)?;
    println!("The key is right. {} at {base} has:", of.name);
    for line in &found {
        println!("  {line}");
    }
    let (file, named) = places.secret_file(of.secret_name);
    let keys = [
        ("url", quoted(&base)),
        (of.secret_key, quoted(&named)),
        ("certificate_sha256", quoted(&shown.fingerprint)),
    ];
    let after = edit::with_table(places.written(&text), of.table, &keys).map_err(PairError::from)?;
    keep_secret(&file, &secret)?;
    println!("\nThe key is in {}, for its owner alone.", file.display());
    if let Some(more) = places.about_secret(of.secret_name) {
        println!("{more}");
    }
    let lines: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    places.finish(&text, &after, &format!("[{}]\n{}\n", of.table, lines.join("\n")))?;
    println!("{}", of.look.next);
    if args.trial {
        println!("Nothing is tried: {}", of.look.untried);
    }
    Ok(())
}

/// Nothing is sent to it before a person says that it is theirs.
fn confirm(of: &Console, args: &ConsoleArgs, shown: &Shown) -> anyhow::Result<()> {
    let plain = |text: &str| text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    println!("{} shows the certificate with SHA-256\n  {}", of.name, shown.fingerprint);
    if let Some((from, to)) = shown.valid {
        let now = Clock::system().now().timestamp();
        println!("  good from {from} to {to}, as it says of itself");
        if now > to || now < from {
            println!(
                "  By that it is not good today. ClubOS goes by the fingerprint and not by dates, so this stops \
                 nothing; when the console gets another one, pair it again."
            );
        }
    }
    if let Some(named) = &args.fingerprint {
        return match plain(named) == shown.fingerprint {
            true => Ok(()),
            false => Err(PairError::Fingerprint(shown.fingerprint.clone()).into()),
        };
    }
    if !std::io::stdin().is_terminal() {
        let why =
            "nobody is here to confirm it; give --fingerprint with the one its own page shows".to_owned();
        return Err(PairError::Usage(why).into());
    }
    let said =
        ask("Open the console's page in a browser and look at its certificate. Is it the same? (yes/no)")?;
    if said.trim() == "yes" { Ok(()) } else { Err(PairError::NotConfirmed.into()) }
}

async fn read(
    of: &Console,
    base: &str,
    fingerprint: &str,
    secret: &str,
) -> Result<Vec<String>, ConsoleError> {
    let key = || if of.bearer { Key::Bearer(secret) } else { Key::Api(secret) };
    let first = console::look(base, fingerprint, of.look.first, key(), PATIENCE).await?;
    let last = match (of.look.then)(&first).map_err(ConsoleError::Unclear)? {
        Some(path) => console::look(base, fingerprint, &path, key(), PATIENCE).await?,
        None => first,
    };
    (of.look.found)(&last).map_err(ConsoleError::Unclear)
}

/// A text of an answer, for people: one line of it.
pub fn plain(value: &Value) -> String {
    let text = value.as_str().unwrap_or("?");
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// A part of an address, of what the console calls an id.
pub fn segment(id: &str) -> Option<&str> {
    let right = !id.is_empty() && id.len() < 100;
    (right && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')).then_some(id)
}
