//! What `site.toml` says about bookings and about telemetry: `[bookings]` and `[telemetry]`.
//!
//! Where an address is a secret (most calendar links are), it stands in a file of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;

use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};
use super::secret;

const HOUR: Duration = Duration::from_secs(3600);

/// How bookings reach the box, and how long they are good for.
#[derive(Debug, Clone)]
pub struct Bookings {
    pub ical: Option<IcalFeed>,
    /// A door opens by a list that was read within this; by an older one a person decides. Default 48 h.
    pub limit: Duration,
    /// Country calling code of numbers that are written without one, digits only. Default `1`.
    pub calling_code: String,
    /// How bay, phone, name, reference and PIN are found in an event of a calendar.
    pub map: EventMap,
}

impl Default for Bookings {
    fn default() -> Bookings {
        Bookings { ical: None, limit: HOUR * 48, calling_code: "1".into(), map: EventMap::default() }
    }
}

/// A calendar that is fetched.
#[derive(Debug, Clone)]
pub struct IcalFeed {
    pub url: FeedUrl,
    /// From the end of one look to the next. Default 5 min, at least 1 min.
    pub every: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedUrl {
    /// Written in the file: no secret.
    Plain(String),
    /// The file that holds it.
    File(PathBuf),
}

/// Where in an event something is looked for: rules in order, the first that finds something decides.
#[derive(Debug, Clone)]
pub struct EventMap {
    pub bay: Vec<Rule>,
    pub phone: Vec<Rule>,
    pub name: Vec<Rule>,
    pub reference: Vec<Rule>,
    pub pin: Vec<Rule>,
}

/// A property of an event, and what of its value counts.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `SUMMARY`, `LOCATION`, `X-BAY` …; `ATTENDEE` also gives the numbers of `tel:` addresses, and
    /// `ATTENDEE;CN` the names.
    pub property: String,
    /// Its first group counts, or all of it; without one the whole value does.
    pub pattern: Option<Regex>,
}

/// A line of its own, `Phone: …`, however it is capitalised.
macro_rules! line_of {
    ($words:literal, $value:literal) => {
        concat!(r"(?im)^[ \t]*(?:", $words, r")[ \t]*[:=][ \t]*", $value)
    };
}

const BAY: &str =
    r"(?i)\b(?:bay|box|sim(?:ulator)?|station|suite)[ \t]*(?:no\.?|number|#)?[ \t]*([0-9]{1,2})\b";

/// The defaults; `docs/bookings.md` lists them.
const BAY_FROM: &[&str] = &["X-BAY", "LOCATION", "RESOURCES", "SUMMARY", "CATEGORIES", "DESCRIPTION"];

impl Default for EventMap {
    fn default() -> EventMap {
        let pattern = |text: &str| Regex::new(text).ok();
        let rule = |property: &str, text: &str| Rule { property: property.into(), pattern: pattern(text) };
        let whole = |property: &str| Rule { property: property.into(), pattern: None };
        let mut bay = vec![whole("X-BAY")];
        bay.extend(BAY_FROM[1..].iter().map(|property| rule(property, BAY)));
        EventMap {
            bay,
            phone: vec![
                whole("X-PHONE"),
                whole("ATTENDEE"),
                whole("CONTACT"),
                rule(
                    "DESCRIPTION",
                    line_of!("phone|tel(?:ephone)?|mobile|cell|phone number", r"(\+?\(?[0-9][^\r\n]{6,24})"),
                ),
            ],
            name: vec![
                whole("X-NAME"),
                rule("DESCRIPTION", line_of!("name|customer|guest|booked by", r"([^\r\n]{1,80})")),
                whole("ATTENDEE;CN"),
                rule(
                    "SUMMARY",
                    r"(?i)^(?:(?:bay|box|sim(?:ulator)?|station|suite)[ \t]*#?[0-9]{1,2}[ \t]*[-–:|,]?[ \t]*)?([^-–:|,(+0-9]{1,80})",
                ),
            ],
            reference: vec![
                whole("X-REFERENCE"),
                rule(
                    "DESCRIPTION",
                    line_of!(
                        "reference|ref|booking(?: (?:id|number|no\\.?))?|confirmation(?: (?:code|number))?",
                        r"([A-Za-z0-9-]{2,40})"
                    ),
                ),
            ],
            pin: vec![
                whole("X-PIN"),
                rule("DESCRIPTION", line_of!("pin|pin code|door code", r"([0-9]{3,10})")),
            ],
        }
    }
}

/// What the box tells of itself to others.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    /// File with the DSN of a Sentry project. Without it nothing is sent.
    pub sentry_dsn_file: Option<PathBuf>,
}

pub(super) fn bookings(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Bookings {
    let mut bookings = Bookings::default();
    let Some(mut table) = top.table("bookings", problems) else { return bookings };
    if let Some(hours) = table.whole("limit_h", 1..=720, problems) {
        bookings.limit = HOUR * u32::try_from(hours.value).unwrap_or(48);
    }
    if let Some(code) = table.text("calling_code", problems) {
        match calling_code(&code.value) {
            Some(digits) => bookings.calling_code = digits,
            None => problems.add(
                code.line,
                table.at("calling_code"),
                format!("`{}` is no calling code", code.value),
                "write it like \"+1\" or \"+44\"",
            ),
        }
    }
    let every = table.text("every", problems);
    let written = every.as_ref().map(|spot| (spot, length(&spot.value)));
    if let Some((spot, None)) = &written {
        problems.add(
            spot.line,
            table.at("every"),
            format!("`{}` is no time from 1m to 24h", spot.value),
            "write it like \"5m\"",
        );
    }
    let every = written.and_then(|(_, length)| length).unwrap_or(Duration::from_secs(300));
    bookings.ical = ical_url(&mut table, beside, problems).map(|url| IcalFeed { url, every });
    rules(&mut table, "bay_from", &mut bookings.map.bay, problems);
    rules(&mut table, "phone_from", &mut bookings.map.phone, problems);
    rules(&mut table, "name_from", &mut bookings.map.name, problems);
    rules(&mut table, "reference_from", &mut bookings.map.reference, problems);
    rules(&mut table, "pin_from", &mut bookings.map.pin, problems);
    table.finish(problems);
    bookings
}

pub(super) fn telemetry(top: &mut Fields, beside: &Path, problems: &mut Problems) -> Telemetry {
    let Some(mut table) = top.table("telemetry", problems) else { return Telemetry::default() };
    let file = table.text("sentry_dsn_file", problems);
    table.finish(problems);
    Telemetry { sentry_dsn_file: file.map(|file| located(&file.value, beside)) }
}

fn located(written: &str, beside: &Path) -> PathBuf {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    secret::locate(written, beside, credentials.as_deref())
}

fn ical_url(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<FeedUrl> {
    let plain = table.text("ical_url", problems);
    let file = table.text("ical_url_file", problems);
    match (plain, file) {
        (Some(plain), Some(_)) => {
            let mend = "keep one of ical_url and ical_url_file";
            problems.add(plain.line, table.at("ical_url"), "the calendar is named twice", mend);
            None
        }
        (Some(plain), None) if is_allowed(&plain.value) => Some(FeedUrl::Plain(plain.value)),
        (Some(plain), None) => {
            let mend = "write an address that begins with https://";
            problems.add(plain.line, table.at("ical_url"), "is no https address", mend);
            None
        }
        (None, Some(file)) => Some(FeedUrl::File(located(&file.value, beside))),
        (None, None) => None,
    }
}

/// Only `https`, or `http` on this machine itself (a bridge that runs on the box).
pub fn is_allowed(url: &str) -> bool {
    let here =
        ["http://127.0.0.1:", "http://127.0.0.1/", "http://localhost:", "http://localhost/", "http://[::1]:"];
    url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        || here.iter().any(|start| url.starts_with(start))
}

fn calling_code(written: &str) -> Option<String> {
    let digits = written.trim().strip_prefix('+').unwrap_or(written.trim());
    let right = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (right && !digits.starts_with('0')).then(|| digits.to_owned())
}

/// `90s`, `5m`, `2h`; 1 min to 24 h.
fn length(written: &str) -> Option<Duration> {
    let written = written.trim();
    let split = written.len().checked_sub(1)?;
    let (number, unit) = (written.get(..split)?, written.get(split..)?);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let length = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (Duration::from_secs(60)..=HOUR * 24).contains(&length).then_some(length)
}

/// `["X-BAY", "SUMMARY ~ Bay ([0-9]+)"]` in place of the defaults.
fn rules(table: &mut Fields, key: &'static str, into: &mut Vec<Rule>, problems: &mut Problems) {
    if !table.has(key) {
        return;
    }
    let written = table.texts(key, problems);
    *into = written.iter().filter_map(|spot| one_rule(spot, &table.at(key), problems)).collect();
}

const PROPERTIES: &[&str] = &[
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "RESOURCES",
    "CATEGORIES",
    "ATTENDEE",
    "ATTENDEE;CN",
    "ORGANIZER",
    "ORGANIZER;CN",
    "CONTACT",
    "COMMENT",
    "UID",
    "URL",
];

fn one_rule(spot: &Spot<String>, at: &str, problems: &mut Problems) -> Option<Rule> {
    let (property, pattern) = match spot.value.split_once('~') {
        Some((property, pattern)) => (property.trim(), Some(pattern.trim())),
        None => (spot.value.trim(), None),
    };
    let property = property.to_ascii_uppercase();
    if !property.starts_with("X-") && !PROPERTIES.contains(&property.as_str()) {
        let guess = did_you_mean(&property, PROPERTIES.iter().copied());
        let mend = format!("use one of {}, or an X- property", PROPERTIES.join(", "));
        problems.add(spot.line, at, format!("events have no `{property}`{guess}"), mend);
        return None;
    }
    let pattern = match pattern.map(Regex::new) {
        None => None,
        Some(Ok(pattern)) => Some(pattern),
        Some(Err(_)) => {
            let what = format!("the expression behind `{property} ~` cannot be read");
            problems.add(spot.line, at, what, "write a regular expression, its first group is what counts");
            return None;
        }
    };
    Some(Rule { property, pattern })
}
