//! `clubos demo`: a whole simulated club on one machine. Real broker, real HTTPS, real model, real
//! database, real pages; every device is simulated and says so.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use tokio::sync::mpsc;

use super::demo_people;
use super::knobs::Knobs;
use super::paths::Paths;
use super::serve::{self, Setup};
use super::{cloud, phone, user};
use crate::clock::{Clock, UnixMs};
use crate::device::broker::OBSERVER_USER;
use crate::simclub::broker::SimBroker;
use crate::simclub::fake_quo::FakeQuo;
use crate::simclub::{SimHouse, SimPorts};
use crate::site::{self, BayId, E164, LoadMode, Site};
use crate::sop::Library;
use crate::store::Store;
use crate::store::booking::{self, Booking};
use crate::store::booking_source;
use crate::{telemetry, web};

/// The sample club, with simulated devices throughout.
const SAMPLE: &str = include_str!("../../tests/sites/clubhouse.toml");
/// Password of the demo's people: it listens on this machine alone, and holds nobody's data.
const PASSWORD: &str = "clubhouse-demo";

#[derive(Args)]
pub struct DemoArgs {
    /// Port of the pages, on this machine alone
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the demo keeps its state; made afresh unless --keep
    #[arg(long, default_value = "run/demo", value_name = "DIR")]
    state_dir: PathBuf,
    /// Go on with the state of the last demo
    #[arg(long)]
    keep: bool,
    /// How many times faster than real the simulated devices work
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    speed: f64,
    /// Port of the MQTT broker [default: a free one]
    #[arg(long, default_value_t = 0)]
    mqtt_port: u16,
    /// Ask the real cloud model that `[llm]` in this file names, as in site.toml [default: none]
    #[arg(long, value_name = "FILE")]
    llm: Option<PathBuf>,
    #[command(subcommand)]
    then: Option<DemoCommand>,
}

#[derive(Subcommand)]
enum DemoCommand {
    /// Switch the power or the internet line of a demo that runs, as its page /demo does
    Switch { what: Switched, to: OnOff },
}

#[derive(Clone, Copy, ValueEnum)]
enum Switched {
    /// Every simulated device goes at once; the box runs on
    Power,
    /// The line to the internet
    Line,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnOff {
    On,
    Off,
}

/// Asks the demo that runs on this machine.
async fn switch(port: u16, what: Switched, to: OnOff) -> anyhow::Result<ExitCode> {
    let url = format!("http://127.0.0.1:{port}/api/v1");
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build()?;
    let body = serde_json::json!({"name": "dana", "password": PASSWORD});
    let session = http.post(format!("{url}/session")).json(&body).send().await;
    let session =
        session.with_context(|| format!("no demo answers on port {port}; start one, or give --port"))?;
    let session: serde_json::Value =
        session.error_for_status().context("what answers there is no demo of this version")?.json().await?;
    let token = session["token"].as_str().context("what answers there is no demo of this version")?;
    let (path, body) = match what {
        Switched::Power => ("power", serde_json::json!({"on": to == OnOff::On})),
        Switched::Line => ("line", serde_json::json!({"up": to == OnOff::On})),
    };
    let answer = http.post(format!("{url}/demo/{path}")).bearer_auth(token).json(&body).send().await?;
    let answer: serde_json::Value = answer.error_for_status()?.json().await?;
    println!("{path} {answer} (simulated)");
    Ok(ExitCode::SUCCESS)
}

pub fn run(args: &DemoArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(DemoCommand::Switch { what, to }) = &args.then {
        return runtime.block_on(switch(args.port, *what, *to));
    }
    let code = runtime.block_on(club(args, paths));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}

async fn club(args: &DemoArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    let dir = state_dir(args)?;
    let library = Library::load(&paths.sops)?;
    // Found devices are checked against it, as against a club's own file.
    let written = dir.join("site.toml");
    std::fs::write(&written, SAMPLE).with_context(|| format!("cannot write {}", written.display()))?;
    let sample = site::load::read("clubhouse.toml", SAMPLE, Path::new("."), LoadMode::Simulated)?;
    let clock = Clock::system();
    let ports = SimPorts { mqtt: args.mqtt_port, ..SimPorts::default() };
    let house = SimHouse::start_equipped(&sample, &dir, clock.clone(), args.speed, ports)
        .await
        .context("the simulated club needs Mosquitto; `make setup` installs it")?;
    let mut site = house.site().clone();
    site.llm = args.llm.as_deref().map(site::llm::load).transpose()?;
    let cloud = cloud::model(&site)?;
    // Only on its own broker: the demo asks nothing of the network it runs in.
    site.discovery = Some(site::Discovery { mdns: false, mqtt: true });

    let mut store = Store::open(&dir)?;
    for (name, role) in [("dana", "manager"), ("sam", "oncall")] {
        user::add(&mut store, name, role, PASSWORD)?;
    }
    let bookings = bookings(clock.now());
    let now = clock.now();
    let counts = booking_source::Counts { bookings: bookings.len(), ..Default::default() };
    store.write(|tx| {
        booking::replace(tx, &bookings, "demo", now)?;
        booking_source::was_read(tx, "demo", booking_source::Kind::Demo, now, Some(&counts))
    })?;
    let screens = store.write(|tx| web::screen_paths(tx, &site))?;
    let links = store.write(|tx| web::bay_paths(tx, &site, now))?;

    let (services, people) = demo_people::start(&mut site, &dir).await?;

    let quo = FakeQuo::start(clock.clone())?;
    let about = |b: &Booking| {
        format!("bay {}, {} to {}", b.bay.0, local(&site, b.starts_at), local(&site, b.ends_at))
    };
    let phones = phone::Phones::of(&quo, &bookings, about);
    let (events, seen) = mpsc::channel(1024);
    let (drivers, wireless) = house.drivers(events)?;
    let knobs = Arc::new(Knobs::new(house.control().clone(), house.mains()));
    let info = web::DemoInfo {
        control: knobs.clone(),
        slack: Some(services),
        accounts: vec![("dana".into(), PASSWORD.into()), ("sam".into(), PASSWORD.into())],
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let setup = Setup {
        site: Arc::new(site),
        library: Arc::new(library),
        store,
        state_dir: dir.clone(),
        sops_dir: paths.sops.clone(),
        model_dir: paths.model.clone(),
        cache_dir: paths.cache_dir().unwrap_or_else(|| dir.join("cache")),
        clock: clock.clone(),
        safe_mode: false,
        people,
        texts: Some(phone::line(&quo, &clock)?),
        cloud,
        phones: Some(Arc::new(phones)),
        listen,
        public_url: Some(format!("http://localhost:{}", args.port)),
        site_file: web::SiteFile { path: written, mode: LoadMode::Simulated },
        bookings: None,
        line_probe: None,
        https: None,
    };
    let running = serve::start(setup, Some(Arc::new(drivers)), seen, Some(info))?;
    knobs.attach(running.desk.clone());
    telemetry::ready("demo");
    println!("{}", welcome(args.port, &screens, &links, &bookings, house.broker()));
    let ended = running.until_told().await;
    wireless.abort();
    drop((house, quo));
    ended
}

/// Makes the demo's folder, empty unless `--keep`. Only a folder that a demo made is emptied.
fn state_dir(args: &DemoArgs) -> anyhow::Result<PathBuf> {
    let dir = &args.state_dir;
    let mark = dir.join("simulated-club");
    if dir.exists() && !args.keep {
        let empty = std::fs::read_dir(dir)?.next().is_none();
        if !empty && !mark.exists() {
            anyhow::bail!("{} holds something else than a demo; name another --state-dir", dir.display());
        }
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    std::fs::write(&mark, "State of `clubos demo`. Everything in here is simulated and may be deleted.\n")?;
    Ok(dir.canonicalize()?)
}

/// A day in the demo: one session running, one about to start, one later.
fn bookings(now: UnixMs) -> Vec<Booking> {
    let one = |id: &str, phone: &str, name: &str, bay: u8, from: i64, to: i64, pin: &str| {
        let at = |minutes: i64| UnixMs(now.0 + minutes * 60_000);
        let phone: Option<E164> = phone.parse().ok();
        phone.map(|phone| Booking {
            id: id.to_owned(),
            phone: Some(phone),
            name: name.to_owned(),
            bay: BayId(bay),
            starts_at: at(from),
            ends_at: at(to),
            reference: Some(id.to_owned()),
            pin: Some(pin.to_owned()),
            source: String::new(),
            read_at: UnixMs(0),
        })
    };
    [
        one("DEMO-ALEX", "+19025550101", "Alex", 2, -30, 60, "4711"),
        one("DEMO-ROBIN", "+19025550102", "Robin", 1, 10, 100, "0815"),
        one("DEMO-KIM", "+19025550103", "Kim", 3, 180, 240, "2222"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `20:30` at the site.
fn local(site: &Site, at: UnixMs) -> String {
    site.local(at).strftime("%H:%M").to_string()
}

fn welcome(
    port: u16,
    screens: &[(BayId, String)],
    links: &[(BayId, String)],
    bookings: &[Booking],
    broker: &SimBroker,
) -> String {
    let url = format!("http://localhost:{port}");
    let mut text = format!(
        "\nThe Clubhouse, a simulated club (no device here is real)\n\n\
         Staff page      {url}/\n\
         Demo accounts   dana / {PASSWORD} (manager)   sam / {PASSWORD} (on call)\n\
         Text the club   {url}/demo/phone   the phones of simulated customers\n\
         Demo switches   {url}/demo   make devices lie, fail, go; cut the internet line\n\
         Staff's Slack   {url}/demo/slack   simulated: how people are called, with its buttons\n"
    );
    for (bay, path) in links {
        text += &format!("Bay {} page      {url}{path}   (the code changes every 10 minutes)\n", bay.0);
    }
    for (bay, path) in screens {
        text += &format!("Bay {} screen    {url}{path}\n", bay.0);
    }
    text += &format!("Door page       {url}/d/door-main\n");
    for booking in bookings {
        text += &format!(
            "Booking         {} bay {} phone {} reference {} PIN {}\n",
            booking.name,
            booking.bay.0,
            booking.phone.as_ref().map_or("-", |p| p.as_str()),
            booking.id,
            booking.pin.as_deref().unwrap_or("-")
        );
    }
    let secret = broker.secret_file(OBSERVER_USER);
    text += &format!(
        "Watch MQTT      mosquitto_sub -p {} -u {OBSERVER_USER} -P \"$(cat {})\" -t 'clubos/#' -v\n\n\
         Ctrl-C ends the club.\n",
        broker.port(),
        secret.display()
    );
    text
}
