//! `site.toml` to a [`Site`]: reads the file, section by section, and believes nothing.
//!
//! All or nothing, and everything that is wrong at once. No target, driver or phone number is ever
//! supplied here that the file does not name; what has a default says so in `docs/site.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::facts::FACTS;
use super::problem::{self, Problem, Problems, did_you_mean};
use super::raw::{Entry, Fields, Raw, Spot};
use super::{AccessController, Broker, E164, Effect, Hours, Housekeeping, Person, Role, Site, SitePolicy};
use super::{
    discovery, feed, home_assistant, llm, load_devices, load_notify, parse, secret, texts, validate,
};

/// One thing wrong with `site.toml`.
pub type SiteProblem = Problem;

/// Why there is no site.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} problem(s) in the site{}", .0.len(), problem::listed(.0))]
pub struct SiteProblems(pub Vec<SiteProblem>);

/// What the site is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// `serve`, `check`: a simulated driver is refused.
    Real,
    /// `demo`, `simulate` and tests: simulated drivers are accepted, beside real ones.
    Simulated,
}

/// Minutes a door may open before and after a booking at most: beyond, a person decides.
const LONGEST_WINDOW_MIN: i64 = 120;

/// Loads a site.
///
/// # Errors
/// Every problem of the file, in the order of its lines; one problem when it cannot be read.
pub fn load(path: &Path, mode: LoadMode) -> Result<Site, SiteProblems> {
    let name =
        path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let text = std::fs::read_to_string(path).map_err(|error| {
        SiteProblems(vec![Problem {
            file: path.display().to_string(),
            line: 0,
            key: String::new(),
            what: format!("cannot be read: {error}"),
            mend: "put a readable site.toml there, or name it with --site".to_owned(),
        }])
    })?;
    read(&name, &text, path.parent().unwrap_or(Path::new(".")), mode)
}

/// The same from a text. `beside` is the folder that relative `*_file` keys start from.
///
/// # Errors
/// Every problem of the text.
pub fn read(file: &str, text: &str, beside: &Path, mode: LoadMode) -> Result<Site, SiteProblems> {
    let mut problems = Problems::of(file);
    let entries = without_secrets(parse::parse(text, &mut problems), "", &mut problems);
    let mut top = Fields::new("", 1, entries, &mut problems);
    let site = build(&mut top, beside, mode, &mut problems);
    top.finish(&mut problems);
    match site {
        Some(site) if problems.is_empty() => Ok(site),
        _ => Err(SiteProblems(problems.into_sorted())),
    }
}

/// Refuses and drops every key that holds a secret inline, wherever it stands.
pub(super) fn without_secrets(entries: Vec<Entry>, path: &str, problems: &mut Problems) -> Vec<Entry> {
    const SECRETS: &[&str] = &["password", "token", "secret", "api_key", "private_key", "pin"];
    let mut kept = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let place = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        // The guests' Wi-Fi password is a fact of the house, told to everybody who asks.
        let secret =
            !path.starts_with("facts") && SECRETS.iter().any(|s| entry.key.to_lowercase().ends_with(s));
        if secret {
            let mend = format!(
                "put it into a file that only ClubOS can read and write `{}_file = \"…\"`",
                entry.key
            );
            problems.add(entry.line, place, "a secret stands in the file itself", mend);
            continue;
        }
        entry.node.value = match entry.node.value {
            Raw::Table(inner) => Raw::Table(without_secrets(inner, &place, problems)),
            Raw::List(items) => Raw::List(
                items
                    .into_iter()
                    .map(|item| match item.value {
                        Raw::Table(inner) => Spot {
                            value: Raw::Table(without_secrets(inner, &place, problems)),
                            line: item.line,
                        },
                        value => Spot { value, line: item.line },
                    })
                    .collect(),
            ),
            value => value,
        };
        kept.push(entry);
    }
    kept
}

fn build(top: &mut Fields, beside: &Path, mode: LoadMode, problems: &mut Problems) -> Option<Site> {
    let mut head = section(top, "site", "write `[site]` with id, name and zone", problems)?;
    let id = head.need_text("id", "write a short id like \"clubhouse\"", problems);
    let name = head.need_text("name", "write the name customers know", problems);
    let zone = head.need_text("zone", "write the time zone like \"America/Halifax\"", problems);
    let id = id.filter(|id| validate::short_name(id, &head.at("id"), problems));
    head.finish(problems);
    let zone = zone.and_then(|zone| time_zone(&zone, problems));
    let hours = hours(top, problems);
    let housekeeping = housekeeping(top, problems);
    let policy = policy(top, problems);
    let facts = facts(top, name.as_ref(), &policy, problems);
    let people = people(top, beside, problems);
    let notify = load_notify::notify(top, beside, problems);
    // A section that is there and wrong is complained about once, not as missing too.
    let carriers = (top.has("broker"), top.has("access"));
    let has_network = top.has("network");
    let broker = broker(top, beside, problems);
    let access = access(top, beside, problems);
    let home_assistant = home_assistant::home_assistant(top, carriers.0, problems);
    let discovery = discovery::discovery(top, carriers.0, problems);
    let network = super::network::console(top, beside, problems);
    let bookings = feed::bookings(top, beside, problems);
    let telemetry = feed::telemetry(top, beside, problems);
    let texts = texts::texts(top, beside, problems);
    let llm = llm::llm(top, beside, problems);
    let devices = load_devices::devices(top, beside, mode, problems);
    validate::needs_carriers(&devices, carriers.0, carriers.1, problems);
    super::network::fits(&devices, has_network, network.as_ref(), problems);
    let has_place = |target: &super::Target| {
        devices.bays.iter().any(|bay| target.bay() == Some(bay.value.id))
            || devices.doors.iter().any(|door| door.value.target == *target)
    };
    let protect = super::protect::protect(top, beside, has_place, problems);
    let (zone_name, zone) = zone?;
    Some(Site {
        id: id?.value,
        name: name?.value,
        zone,
        zone_name,
        bays: devices.bays.into_iter().map(|b| (b.value.id, b.value)).collect(),
        doors: devices.doors.into_iter().map(|d| (d.value.target.clone(), d.value)).collect(),
        hall: devices.hall.into_iter().map(|h| (h.value.target.clone(), h.value)).collect(),
        facts,
        policy,
        hours: hours?,
        housekeeping,
        people,
        broker,
        access,
        home_assistant,
        discovery,
        network,
        protect,
        bookings,
        telemetry,
        notify,
        texts,
        llm,
        simulated: BTreeSet::new(),
    })
}

fn section(top: &mut Fields, key: &'static str, mend: &str, problems: &mut Problems) -> Option<Fields> {
    if !top.has(key) {
        problems.add(0, key, "is missing", mend);
    }
    top.table(key, problems)
}

fn time_zone(zone: &Spot<String>, problems: &mut Problems) -> Option<(String, jiff::tz::TimeZone)> {
    match jiff::tz::TimeZone::get(&zone.value) {
        Ok(found) => Some((zone.value.clone(), found)),
        Err(_) => {
            let what = format!("there is no time zone `{}`", zone.value);
            problems.add(zone.line, "site.zone", what, "write an IANA name like \"America/Halifax\"");
            None
        }
    }
}

fn hours(top: &mut Fields, problems: &mut Problems) -> Option<Hours> {
    let mut table = section(top, "hours", "write `[hours]` with `quiet = \"22:00-08:00\"`", problems)?;
    let quiet = table.need_text("quiet", "write the quiet hours like \"22:00-08:00\"", problems);
    let digest = table.text("digest", problems);
    table.finish(problems);
    let quiet = quiet?;
    let read = || {
        let (from, to) = quiet.value.split_once('-')?;
        let (from, to) = (clock_time(from)?, clock_time(to)?);
        (from != to).then_some(Hours { quiet_from: from, quiet_to: to, digest: Some(DIGEST) })
    };
    let Some(mut hours) = read() else {
        let what = format!("`{}` is no span of a day", quiet.value);
        problems.add(
            quiet.line,
            "hours.quiet",
            what,
            "write from-to on the 24-hour clock, like \"22:00-08:00\"",
        );
        return None;
    };
    if hours.is_quiet(DIGEST) {
        hours.digest = Some(hours.quiet_to);
    }
    if let Some(digest) = digest {
        hours.digest = digest_hour(&digest, &hours, problems);
    }
    Some(hours)
}

/// What may be done to a bay every night.
const NIGHTLY: [Effect; 3] = [Effect::SimRestart, Effect::RadarReset, Effect::PcReboot];

fn housekeeping(top: &mut Fields, problems: &mut Problems) -> Option<Housekeeping> {
    let mut table = top.table("housekeeping", problems)?;
    let at = table.need_text("at", "write the hour of the night, like \"04:30\"", problems);
    let effect = table.text("effect", problems);
    table.finish(problems);
    let at = at?;
    let Some(time) = clock_time(at.value.trim()) else {
        let what = format!("`{}` is no time of day", at.value);
        problems.add(at.line, "housekeeping.at", what, "write it on the 24-hour clock, like \"04:30\"");
        return None;
    };
    let Some(effect) = effect else { return Some(Housekeeping { at: time, effect: Effect::SimRestart }) };
    match Effect::parse(&effect.value).filter(|effect| NIGHTLY.contains(effect)) {
        Some(known) => Some(Housekeeping { at: time, effect: known }),
        None => {
            let names: Vec<&str> = NIGHTLY.iter().map(|effect| effect.name()).collect();
            let what = format!("`{}` is nothing to do every night", effect.value);
            problems.add(
                effect.line,
                "housekeeping.effect",
                what,
                format!("use one of: {}", names.join(", ")),
            );
            None
        }
    }
}

/// When the daily digest is sent, if the file does not say.
const DIGEST: jiff::civil::Time = jiff::civil::time(8, 0, 0, 0);

/// `HH:MM` outside the quiet hours, or `off`.
fn digest_hour(digest: &Spot<String>, hours: &Hours, problems: &mut Problems) -> Option<jiff::civil::Time> {
    if digest.value == "off" {
        return None;
    }
    let mend = "write a time on the 24-hour clock outside the quiet hours, like \"08:00\", or \"off\"";
    match clock_time(&digest.value) {
        Some(hour) if !hours.is_quiet(hour) => return Some(hour),
        Some(_) => problems.add(digest.line, "hours.digest", "falls into the quiet hours", mend),
        None => {
            problems.add(digest.line, "hours.digest", format!("`{}` is no time of day", digest.value), mend);
        }
    }
    None
}

/// `HH:MM`, nothing else.
fn clock_time(text: &str) -> Option<jiff::civil::Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !(digits(hour) && digits(minute)) {
        return None;
    }
    jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Defaults: 15 min before and after, two unlocks a booking, no release in an emergency.
fn policy(top: &mut Fields, problems: &mut Problems) -> SitePolicy {
    let mut policy = SitePolicy {
        entry_before: minutes(15),
        entry_after: minutes(15),
        unlocks_per_booking: 2,
        emergency_release: false,
    };
    let Some(mut table) = top.table("policy", problems) else { return policy };
    if let Some(before) = table.whole("entry_before_min", 0..=LONGEST_WINDOW_MIN, problems) {
        policy.entry_before = minutes(before.value);
    }
    if let Some(after) = table.whole("entry_after_min", 0..=LONGEST_WINDOW_MIN, problems) {
        policy.entry_after = minutes(after.value);
    }
    if let Some(unlocks) = table.whole("unlocks_per_booking", 0..=5, problems) {
        policy.unlocks_per_booking = u32::try_from(unlocks.value).unwrap_or(policy.unlocks_per_booking);
    }
    policy.emergency_release = table.flag("emergency_release", problems).unwrap_or(false);
    table.finish(problems);
    policy
}

fn minutes(minutes: i64) -> Duration {
    Duration::from_secs(u64::try_from(minutes).unwrap_or(0) * 60)
}

fn facts(
    top: &mut Fields,
    name: Option<&Spot<String>>,
    policy: &SitePolicy,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    if let Some(name) = name {
        facts.insert("site".to_owned(), name.value.clone());
    }
    facts.insert("early_minutes".to_owned(), (policy.entry_before.as_secs() / 60).to_string());
    let Some(table) = top.table("facts", problems) else { return facts };
    for (key, text) in table.all_texts(problems) {
        let place = format!("facts.{key}");
        match FACTS.iter().find(|fact| fact.name == key) {
            Some(fact) if !fact.derived => {
                validate::fact(&key, &text, problems);
                facts.insert(key, text.value);
            }
            Some(_) => problems.add(
                text.line,
                place,
                "follows from another key",
                "remove it: `site` is site.name, `early_minutes` is policy.entry_before_min",
            ),
            None => {
                let guess = did_you_mean(&key, FACTS.iter().map(|f| f.name));
                let names: Vec<_> = FACTS.iter().filter(|f| !f.derived).map(|f| f.name).collect();
                problems.add(
                    text.line,
                    place,
                    format!("there is no such fact{guess}"),
                    format!("use one of: {}", names.join(", ")),
                );
            }
        }
    }
    facts
}

fn people(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for mut table in top.tables("people", problems) {
        let name = table.need_text("name", "write a short name like \"dana\"", problems);
        let role = table.need_text("role", "write \"manager\" or \"on-call\"", problems);
        let phone = table
            .text("phone", problems)
            .and_then(|phone| phone_number(&phone, &table.at("phone"), problems));
        let slack = table
            .text("slack", problems)
            .and_then(|id| load_notify::slack_user(&id, &table.at("slack"), problems));
        let ntfy_topic_file = load_notify::optional_file(&mut table, "ntfy_topic_file", beside, problems);
        let name = name.filter(|name| validate::short_name(name, &table.at("name"), problems));
        let role = role.and_then(|role| role_of(&role, &table.at("role"), problems));
        if let Some(name) = name.as_ref().filter(|name| people.iter().any(|p| p.name == name.value)) {
            problems.add(
                name.line,
                table.at("name"),
                format!("two people are called `{}`", name.value),
                "give each a name of their own",
            );
        }
        table.finish(problems);
        if let (Some(name), Some(role)) = (name, role) {
            people.push(Person { name: name.value, role, phone, slack, ntfy_topic_file });
        }
    }
    if people.is_empty() {
        problems.add(
            0,
            "people",
            "nobody can be called",
            "write at least one `[[people]]` with name, role and phone",
        );
    }
    people
}

fn role_of(role: &Spot<String>, key: &str, problems: &mut Problems) -> Option<Role> {
    match role.value.as_str() {
        "manager" => Some(Role::Manager),
        "on-call" => Some(Role::OnCall),
        other => {
            let guess = did_you_mean(other, ["manager", "on-call"]);
            problems.add(
                role.line,
                key,
                format!("there is no role `{other}`{guess}"),
                "write \"manager\" or \"on-call\"",
            );
            None
        }
    }
}

pub(super) fn phone_number(phone: &Spot<String>, key: &str, problems: &mut Problems) -> Option<E164> {
    let number = phone.value.parse().ok();
    if number.is_none() {
        // The number itself is not repeated: problems reach logs.
        problems.add(phone.line, key, "is no phone number", "write it in the form \"+19025550101\"");
    }
    number
}

fn broker(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<Broker> {
    let mut table = top.table("broker", problems)?;
    let host = table.need_text("host", "write the broker's host name or address", problems);
    let host = host.filter(|host| validate::host(host, &table.at("host"), problems));
    let port = table.whole("port", 1..=65_535, problems).and_then(|p| u16::try_from(p.value).ok());
    let username = table.need_text("username", "write the box's user at the broker", problems);
    let password = secret_file(&mut table, "password_file", beside, problems);
    let plain_devices = table.text("plain_devices", problems).and_then(|at| {
        let address = at.value.parse().ok().filter(|address: &SocketAddr| !address.ip().is_unspecified());
        if address.is_none() {
            let mend = "write the box's own address on the device network, like \"192.0.2.10:1883\"";
            problems.add(
                at.line,
                table.at("plain_devices"),
                format!("`{}` is no such address", at.value),
                mend,
            );
        }
        address
    });
    table.finish(problems);
    Some(Broker {
        host: host?.value,
        port: port.unwrap_or(1883),
        username: username?.value,
        password_file: password?,
        plain_devices,
    })
}

fn access(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<AccessController> {
    let mut table = top.table("access", problems)?;
    let url = table.need_text("url", "write the console's address like \"https://10.0.0.2:12445\"", problems);
    let url = url.filter(|url| validate::https(url, &table.at("url"), problems));
    let token = secret_file(&mut table, "token_file", beside, problems);
    let mend = "write the SHA-256 of the console's certificate, 64 hex digits";
    let certificate = table.need_text("certificate_sha256", mend, problems);
    let certificate =
        certificate.and_then(|c| validate::sha256(&c, &table.at("certificate_sha256"), problems));
    let webhook_secret_file = load_notify::optional_file(&mut table, "webhook_secret_file", beside, problems);
    table.finish(problems);
    Some(AccessController {
        url: url?.value.trim_end_matches('/').to_owned(),
        token_file: token?,
        certificate_sha256: certificate?,
        webhook_secret_file,
    })
}

pub(super) fn secret_file(
    table: &mut Fields,
    key: &'static str,
    beside: &Path,
    problems: &mut Problems,
) -> Option<std::path::PathBuf> {
    let written = table.need_text(key, "write the path of the file that holds it", problems)?;
    Some(secret::find(&written.value, beside))
}
