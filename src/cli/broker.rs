//! `clubos broker`: the club's own Mosquitto, made from the site: who may come in, what each may say and hear,
//! and the certificate. Done twice it changes nothing; what is there is kept until somebody asks for another.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::EX_CONFIG;
use crate::device::broker::{
    self, BOX_USER, BrokerPlan, HOME_ASSISTANT_USER, Hosted, OBSERVER_USER, TlsListener,
};
use crate::device::broker_certificate;
use crate::device::mqtt::{self, Account};
use crate::site::{self, BayId, LoadMode, secret};

#[derive(Subcommand)]
pub enum BrokerCommand {
    /// Write the broker's part for the bays and devices of the site; what is there already is kept
    Init(InitArgs),
    /// What is set up; of one user (bay-2, observer), everything its program needs, with the password
    Show(ShowArgs),
    /// Give one user (bay-2, tasmota-plug-1, observer, clubos) a new password, or the broker a new certificate
    Rotate(RotateArgs),
}

#[derive(Args)]
struct Places {
    /// The building
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    site: PathBuf,
    /// Hashes, rules, certificate and the users' passwords
    #[arg(long, default_value = "/etc/clubos/mosquitto", value_name = "DIR")]
    dir: PathBuf,
    /// The part of Mosquitto's configuration that is ours
    #[arg(long, default_value = "/etc/mosquitto/conf.d/clubos.conf", value_name = "FILE")]
    conf: PathBuf,
    /// Where the box's own password stands
    #[arg(long, default_value = "/etc/credstore/clubos.broker-password", value_name = "FILE")]
    box_secret: PathBuf,
}

#[derive(Args)]
pub struct InitArgs {
    #[command(flatten)]
    places: Places,
    /// Where agents come in, over TLS: the box's address on the device network, 192.0.2.10:8883 [default: as before]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// A name or address by which agents reach the broker; may be given more than once [default: --listen's]
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// Where the box itself comes in, on this machine [default: 127.0.0.1:1883, or as before]
    #[arg(long, value_name = "ADDR:PORT")]
    plain: Option<SocketAddr>,
    /// Only the box's own user: there is no site yet
    #[arg(long)]
    box_only: bool,
}

#[derive(Args)]
pub struct ShowArgs {
    #[command(flatten)]
    places: Places,
    /// bay-2, tasmota-plug-1, observer, home-assistant
    user: Option<String>,
}

#[derive(Args)]
pub struct RotateArgs {
    #[command(flatten)]
    places: Places,
    /// bay-2, observer, clubos, or certificate
    what: String,
}

/// What was asked for before; `settings.json` beside the hashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    plain: SocketAddr,
    /// `None`: no agents come in from other machines yet.
    listen: Option<SocketAddr>,
    /// What the certificate stands for.
    names: Vec<String>,
    /// Where devices that cannot do TLS come in; the site says so.
    #[serde(default)]
    plain_devices: Option<SocketAddr>,
    /// The devices of the site behind the broker.
    #[serde(default)]
    devices: Vec<Account>,
}

pub fn run(command: BrokerCommand) -> anyhow::Result<ExitCode> {
    match command {
        BrokerCommand::Init(args) => init(&args),
        BrokerCommand::Show(args) => show(&args),
        BrokerCommand::Rotate(args) => rotate(&args),
    }
}

fn init(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let places = &args.places;
    let site = if args.box_only {
        None
    } else {
        match site::load(&places.site, LoadMode::Real) {
            Ok(site) => Some(site),
            Err(problems) => {
                eprintln!("{problems}");
                return Ok(ExitCode::from(EX_CONFIG));
            }
        }
    };
    let bays: Vec<BayId> = site.iter().flat_map(|site| site.bays.keys().copied()).collect();
    let before = settings(&places.dir)?;
    let mut wanted = wanted(before.clone(), args)?;
    wanted.devices = site.as_ref().map(mqtt::accounts).unwrap_or_default();
    wanted.plain_devices = site.and_then(|site| site.broker?.plain_devices);
    let group = group_of("mosquitto");
    let (chain, key) = broker_certificate::files(&places.dir);
    let fits = before.is_some_and(|b| wanted.names.iter().all(|name| b.names.contains(name)));
    let fresh = wanted.listen.is_some() && !(fits && chain.exists() && key.exists());
    if fresh {
        broker_certificate::make(&places.dir, &wanted.names, group)?;
    }
    let files = broker::generate_for(&bays, &wanted.devices, &plan(places, &wanted, group))?;
    let text = serde_json::to_string_pretty(&wanted)? + "\n";
    let path = places.dir.join("settings.json");
    if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    overview(places, &wanted, &bays);
    if fresh {
        println!("\nThe broker has a new certificate; every agent needs it: clubos broker show bay-1");
    }
    if files.changed || fresh {
        println!("\nNow let the broker read it: systemctl restart mosquitto");
    } else {
        println!("\nNothing has changed.");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is asked for now, over what was asked for before.
fn wanted(before: Option<Settings>, args: &InitArgs) -> anyhow::Result<Settings> {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 1883));
    let mut wanted = before.unwrap_or(Settings {
        plain: loopback,
        listen: None,
        names: Vec::new(),
        plain_devices: None,
        devices: Vec::new(),
    });
    wanted.plain = args.plain.unwrap_or(wanted.plain);
    wanted.listen = args.listen.or(wanted.listen);
    let address = args.listen.map(|listen| listen.ip()).filter(|ip| !ip.is_unspecified());
    if !args.names.is_empty() || address.is_some() {
        wanted.names = args.names.iter().cloned().chain(address.map(|ip| ip.to_string())).collect();
        wanted.names.dedup();
    }
    if wanted.listen.is_some() && wanted.names.is_empty() {
        bail!("say by which name or address agents reach the broker: --name 192.0.2.10");
    }
    Ok(wanted)
}

fn plan(places: &Places, settings: &Settings, group: Option<u32>) -> BrokerPlan {
    let (certificate, key) = broker_certificate::files(&places.dir);
    BrokerPlan {
        dir: places.dir.clone(),
        plain: settings.plain,
        tls: settings.listen.map(|listen| TlsListener { listen, certificate, key }),
        plain_devices: settings.plain_devices,
        run_as: None,
        hosted: Some(Hosted { config: places.conf.clone(), box_secret: places.box_secret.clone(), group }),
    }
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let (places, settings) = (&args.places, known(&args.places.dir)?);
    let bays = bays(&places.dir)?;
    match &args.user {
        None => overview(places, &settings, &bays),
        Some(user) => of_user(places, &settings, &bays, user)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn overview(places: &Places, settings: &Settings, bays: &[BayId]) {
    println!(
        "the box       {} on this machine, user {BOX_USER}, password in {}",
        settings.plain,
        places.box_secret.display()
    );
    match settings.listen {
        Some(listen) => println!("agents        {listen} over TLS, as {}", settings.names.join(", ")),
        None => println!(
            "agents        cannot come in from other machines yet: clubos broker init --listen ADDR:8883"
        ),
    }
    if let Some(plain) = settings.plain_devices {
        println!(
            "devices       {plain} without TLS, as broker.plain_devices says; their passwords can be read on the way"
        );
    }
    let (chain, _) = broker_certificate::files(&places.dir);
    if let Some(print) = fs::read_to_string(chain).ok().and_then(|pem| broker_certificate::fingerprint(&pem))
    {
        println!("certificate   SHA-256 {print}");
    }
    let users: Vec<String> = bays
        .iter()
        .map(|bay| broker::bay_user(*bay))
        .chain(settings.devices.iter().map(|device| device.user.clone()))
        .chain([OBSERVER_USER, HOME_ASSISTANT_USER].map(str::to_owned))
        .collect();
    println!("users         {}", users.join(", "));
    println!("configuration {}", places.conf.display());
}

fn of_user(places: &Places, settings: &Settings, bays: &[BayId], user: &str) -> anyhow::Result<()> {
    let file = user_file(places, bays, &settings.devices, user)?;
    let password = secret::read(&file)?;
    let port = settings.listen.map(|listen| listen.port());
    match (port, settings.names.first()) {
        (Some(port), Some(name)) => println!("address    {name}:{port}, MQTT 3.1.1 over TLS"),
        _ => println!("address    {} on this machine", settings.plain),
    }
    let device = settings.devices.iter().find(|device| device.user == user);
    if let Some(plain) = settings.plain_devices.filter(|_| device.is_some()) {
        println!("           {plain}, MQTT 3.1.1 without TLS, if the device can do nothing else");
    }
    println!("user       {user}");
    println!("password   {password}");
    println!("client id  {}", broker::client_id(user)?);
    if let Some(device) = device {
        println!("tells on   {}", device.writes.join(", "));
        println!("is told on {}", device.reads.join(", "));
    }
    let (chain, _) = broker_certificate::files(&places.dir);
    if settings.listen.is_some() {
        let pem = fs::read_to_string(&chain).with_context(|| format!("cannot read {}", chain.display()))?;
        println!(
            "certificate to trust, SHA-256 {}:",
            broker_certificate::fingerprint(&pem).unwrap_or_default()
        );
        print!("{pem}");
    }
    Ok(())
}

fn rotate(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    let (places, settings) = (&args.places, known(&args.places.dir)?);
    let (bays, group) = (bays(&places.dir)?, group_of("mosquitto"));
    if args.what == "certificate" {
        if settings.listen.is_none() {
            bail!("there is no listener for agents yet: clubos broker init --listen ADDR:8883");
        }
        broker_certificate::make(&places.dir, &settings.names, group)?;
        println!("a new certificate; every agent needs it: clubos broker show bay-1");
        println!("now: systemctl restart mosquitto");
        return Ok(ExitCode::SUCCESS);
    }
    let file = user_file(places, &bays, &settings.devices, &args.what)?;
    if file.exists() {
        fs::remove_file(&file).with_context(|| format!("cannot replace {}", file.display()))?;
    }
    broker::generate_for(&bays, &settings.devices, &plan(places, &settings, group))?;
    println!("{} has a new password, in {}", args.what, file.display());
    let then = if args.what == BOX_USER { " && systemctl restart clubos" } else { "" };
    println!("now: systemctl restart mosquitto{then}");
    Ok(ExitCode::SUCCESS)
}

fn user_file(places: &Places, bays: &[BayId], devices: &[Account], user: &str) -> anyhow::Result<PathBuf> {
    if user == BOX_USER {
        return Ok(places.box_secret.clone());
    }
    if ![OBSERVER_USER, HOME_ASSISTANT_USER].contains(&user)
        && !bays.iter().any(|bay| broker::bay_user(*bay) == user)
        && !devices.iter().any(|device| device.user == user)
    {
        bail!("the broker knows no `{user}`; `clubos broker show` names who it knows");
    }
    Ok(places.dir.join("secrets").join(user))
}

fn known(dir: &Path) -> anyhow::Result<Settings> {
    settings(dir)?.with_context(|| format!("no broker is set up in {}: clubos broker init", dir.display()))
}

fn settings(dir: &Path) -> anyhow::Result<Option<Settings>> {
    let path = dir.join("settings.json");
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        Ok(text) => {
            let read = serde_json::from_str(&text);
            Ok(Some(read.with_context(|| format!("{} is damaged; remove it and run init", path.display()))?))
        }
    }
}

/// The bays the broker was last set up for.
fn bays(dir: &Path) -> anyhow::Result<Vec<BayId>> {
    let path = dir.join("passwords");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let users = text.lines().filter_map(|line| line.split(':').next()?.strip_prefix("bay-")?.parse().ok());
    Ok(users.map(BayId).collect())
}

/// The number of a system group, for root alone: nobody else may give files away, and their broker is their own.
/// Where there is none, files stay their owner's.
fn group_of(name: &str) -> Option<u32> {
    fs::metadata("/proc/self").ok().filter(|process| process.uid() == 0)?;
    let groups = fs::read_to_string("/etc/group").ok()?;
    let line = groups.lines().find(|line| line.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}
