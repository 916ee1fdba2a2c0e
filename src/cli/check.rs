//! `clubos check`: one honest verdict a line on everything the box depends on.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::mpsc;

use super::paths::Paths;
use super::{EX_CONFIG, problems};
use crate::clock::Clock;
use crate::device::Drivers;
use crate::feed::{self, Fetched, Fetcher};
use crate::intent::{LoadOptions, Understanding};
use crate::site::{self, LoadMode, Site};
use crate::sop::Library;
use crate::store::{Store, operator};
use crate::telemetry;

/// How long devices are waited for.
const DEVICES_WITHIN: Duration = Duration::from_secs(8);

#[derive(Args)]
pub struct CheckArgs {
    /// The building
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    site: PathBuf,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
    /// Let the site name simulated devices (they are not checked)
    #[arg(long)]
    simulated: bool,
}

/// What the lines have come to so far.
#[derive(Default)]
struct Report {
    bad_configuration: bool,
    failed: bool,
}

impl Report {
    fn ok(&self, what: &str, says: &str) {
        println!("ok       {what}: {says}");
    }

    fn warn(&self, what: &str, says: &str) {
        println!("warning  {what}: {says}");
    }

    fn fail(&mut self, what: &str, says: &str) {
        self.failed = true;
        println!("FAILED   {what}: {says}");
    }
}

pub fn run(args: &CheckArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    let mode = if args.simulated { LoadMode::Simulated } else { LoadMode::Real };
    let site = check_site(args, mode, &mut report);
    let library = check_sops(paths, site.as_ref(), &mut report);
    check_model(paths, site.as_ref(), library.as_ref(), &mut report);
    check_database(args, &mut report);
    if let Some(site) = &site {
        check_bookings(site, &mut report)?;
        check_telemetry(site, &mut report);
        check_people(site, &mut report);
        for bay in super::agent::without_key(site, &args.state_dir) {
            report.fail("agents", &format!("{bay} has no key; make one: clubos agent enrol {bay}"));
        }
        check_devices(site, &mut report)?;
        match super::texting::check(site) {
            Ok(says) => report.ok("texts", &says),
            Err(says) => report.fail("texts", &says),
        }
        match super::cloud::check(site) {
            Ok(says) => report.ok("cloud model", &says),
            Err(says) => report.fail("cloud model", &says),
        }
    }
    Ok(match report {
        Report { bad_configuration: true, .. } => ExitCode::from(EX_CONFIG),
        Report { failed: true, .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn check_site(args: &CheckArgs, mode: LoadMode, report: &mut Report) -> Option<Site> {
    match site::load(&args.site, mode) {
        Ok(site) => {
            let says = format!("{}, {} bays, {} doors", site.name, site.bays.len(), site.doors.len());
            report.ok("configuration", &says);
            Some(site)
        }
        Err(bad) => {
            report.bad_configuration = true;
            let all = problems::of_site(&args.site, &bad);
            report.fail("configuration", &format!("{}\n{all}", args.site.display()));
            None
        }
    }
}

fn check_sops(paths: &Paths, site: Option<&Site>, report: &mut Report) -> Option<Library> {
    match Library::load(&paths.sops) {
        Ok(library) => {
            report.ok("procedures", &format!("{} live in {}", library.sops.len(), paths.sops.display()));
            if let Some(site) = site {
                for problem in library.site_problems(&site.facts) {
                    report.fail("facts", &problem.to_string());
                }
            }
            Some(library)
        }
        Err(bad) => {
            report.bad_configuration = true;
            let all = problems::of_sops(&paths.sops, &bad);
            report.fail("procedures", &format!("{}\n{all}", paths.sops.display()));
            None
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long loading took, shown to a person")]
fn check_model(paths: &Paths, site: Option<&Site>, library: Option<&Library>, report: &mut Report) {
    let Some(library) = library else {
        return report.warn("model", "not checked: it is trained from the procedures");
    };
    let started = Instant::now();
    let cache = paths.cache_dir();
    let cache_dir = cache.as_deref();
    let options = LoadOptions { model_dir: &paths.model, cache_dir, site, library, train_on: None };
    match Understanding::load(options) {
        Ok(understanding) => {
            let took = started.elapsed().as_secs_f32();
            report.ok("model", &format!("ready in {took:.1} s from {}", paths.model.display()));
            let misses = understanding.self_test(library);
            if misses.is_empty() {
                report.ok("own examples", "every procedure's examples match it");
            }
            for miss in misses {
                let says = format!("{}: {:?} is read as {}", miss.sop, miss.example, miss.read_as);
                report.fail("own examples", &says);
            }
        }
        Err(error) => report.fail("model", &format!("{error}; `make model` builds it")),
    }
}

fn check_database(args: &CheckArgs, report: &mut Report) {
    if !args.state_dir.join("clubos.db").exists() {
        return report
            .warn("database", &format!("none yet in {}; `serve` makes it", args.state_dir.display()));
    }
    if let Some(open) = super::state_dir::open_to_others(&args.state_dir) {
        report.warn("state", &open);
    }
    match Store::open(&args.state_dir) {
        Err(error) => report.fail("database", &error.to_string()),
        Ok(store) => {
            report.ok("database", &store.path().display().to_string());
            match operator::count(store.conn()) {
                Ok(0) => report.warn("people", "nobody can sign in yet; add one with `clubos user add`"),
                Ok(n) => report.ok("people", &format!("{n} can sign in")),
                Err(error) => report.fail("people", &error.to_string()),
            }
        }
    }
}

/// Fetches the calendar once and says what is in it. Nothing is stored.
fn check_bookings(site: &Site, report: &mut Report) -> anyhow::Result<()> {
    let Some(feed) = &site.bookings.ical else { return Ok(()) };
    let fetcher = Fetcher::new(feed.url.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let text = match runtime.block_on(fetcher.fetch()) {
        Ok(Fetched::New { text, .. }) => text,
        Ok(Fetched::Same) => return Ok(()), // nothing was kept to be the same as
        Err(error) => {
            report.fail("calendar", &error.to_string());
            return Ok(());
        }
    };
    let window = feed::Window::around(Clock::system().now());
    match feed::Calendar::read(&text, &site.zone, window) {
        Err(error) => report.fail("calendar", &format!("what came {error}")),
        Ok(calendar) => {
            let mapped = feed::bookings(&calendar, site);
            let without = mapped.bookings.iter().filter(|b| b.phone.is_none()).count();
            let says =
                format!("{} bookings, {without} of them without a phone number", mapped.bookings.len());
            match mapped.skipped_count() {
                0 => report.ok("calendar", &says),
                n => report.warn("calendar", &format!("{says}; {n} entries are none: {}", mapped.why())),
            }
        }
    }
    Ok(())
}

fn check_telemetry(site: &Site, report: &mut Report) {
    let Some(file) = &site.telemetry.sentry_dsn_file else { return };
    match site::secret::read(file) {
        Err(error) => report.fail("Sentry", &error.to_string()),
        Ok(dsn) if telemetry::errors::is_dsn(&dsn) => report.ok("Sentry", "errors are sent, scrubbed"),
        Ok(_) => report.fail("Sentry", &telemetry::errors::NotADsn.to_string()),
    }
}

/// Whether the channels to people have what they need; a test call is a person's to send.
fn check_people(site: &Site, report: &mut Report) {
    let channels = super::people::check(site);
    if channels.is_empty() {
        report.warn("calls", "nobody is called but by the staff page; `[notify]` in site.toml says how");
    }
    for (name, verdict) in channels {
        match verdict {
            Ok(says) => report.ok(&format!("calls by {name}"), &says),
            Err(why) => report.fail(&format!("calls by {name}"), &why),
        }
    }
}

/// Starts the drivers, without acting, and waits for each device to be heard of.
fn check_devices(site: &Site, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (events, mut seen) = mpsc::channel(256);
        let drivers = match Drivers::start(site, events, Clock::system()) {
            Ok(drivers) => drivers,
            Err(error) => {
                report.warn("devices", &error.to_string());
                return;
            }
        };
        let deadline = tokio::time::Instant::now() + DEVICES_WITHIN;
        // Agents over HTTP ask the running box, never this check.
        let asks = |device: &crate::device::DeviceHealth| device.family == crate::device::agent_http::FAMILY;
        while drivers.health().iter().any(|d| d.online != Some(true) && !asks(d)) {
            tokio::select! {
                heard = seen.recv() => if heard.is_none() { break },
                () = tokio::time::sleep_until(deadline) => break,
            }
        }
        for device in drivers.health() {
            let what = format!("{} ({})", device.target, device.family);
            match (device.online, &device.last_error) {
                _ if asks(&device) => {
                    report.ok(&what, "asks the running box; whether it does, the staff page says")
                }
                (Some(true), _) => report.ok(&what, "answers"),
                (_, Some(error)) => report.fail(&what, error),
                (_, None) => report.fail(&what, "was not heard of; is it on, and are its credentials right?"),
            }
        }
    });
    Ok(())
}
