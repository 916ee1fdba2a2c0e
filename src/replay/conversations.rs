//! Whole conversations with labels, run on the same engine, and what became of them in numbers:
//! `clubos simulate --conversations FILE.jsonl`.
//!
//! One line a conversation: `{"id", "intents": [..], "channel": "sms"|"bay", "phone", "booking": {bay, from,
//! to} | null, "at": "21:04", "bay", "devices": {target: {effect: behaviour}}, "messages": [{"at", "text"}],
//! "needs_person"}`. Every conversation has a club and an evening of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::parse::time;
use super::record::Record;
use super::run::run;
use super::scenario::{Event, Llm, Scenario, What, Words};
use super::simulate::{Engines, Setup};
use crate::clock::UnixMs;
use crate::desk::Line;
use crate::site::{BayId, E164, Effect, LoadMode, Site, Target, load};
use crate::sop::{Kind, Library, Opens};
use crate::store::booking::Booking;

/// The evening of conversations that name no date: a Friday at peak.
const DATE: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 20);
/// A number nobody books under, for writers without one.
const NOBODY: &str = "+19025550199";

/// One line of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    id: Value,
    intents: Vec<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    booking: Option<Booked>,
    at: String,
    #[serde(default)]
    bay: Option<u8>,
    #[serde(default)]
    devices: BTreeMap<String, BTreeMap<String, String>>,
    messages: Vec<Said>,
    #[serde(default)]
    needs_person: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Booked {
    bay: u8,
    from: String,
    to: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Said {
    at: Value,
    text: String,
}

/// What became of all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Numbers {
    pub conversations: usize,
    /// Answered or fixed without a person.
    pub alone: usize,
    pub escalated: usize,
    /// Escalated though no label asks for a person.
    pub avoidable: usize,
    /// A person was needed and none was called.
    pub missed: usize,
    pub messages: usize,
    /// Messages that ended as nothing. Must be 0.
    pub without_ending: usize,
    /// Seconds from the last text of a turn to the box's reply, sorted.
    pub reply_seconds: Vec<f64>,
    /// Ids of the avoidable and missed ones, for who looks into them.
    pub avoidable_ids: Vec<String>,
    pub missed_ids: Vec<String>,
}

/// Runs every conversation of the file against the site and prints the numbers; with `trace` the records of
/// all of them first, each with its conversation's id, and the numbers on the error stream. Exit code 1 if a message
/// had no ending, 2 if something could not be read.
///
/// # Errors
/// Only those of `out` and `err`.
pub fn conversations(
    file: &Path,
    site: &Path,
    setup: &Setup,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<ExitCode> {
    let mut traced = Vec::new();
    let mut each = |id: &Value, start: UnixMs, records: &[Record]| {
        if setup.trace {
            traced.extend(records.iter().map(|record| record.line_of(start, id)));
        }
    };
    match numbers(file, site, setup, &mut each) {
        Ok(numbers) => {
            for line in traced {
                writeln!(out, "{line}")?;
            }
            print(&numbers, if setup.trace { err } else { out })?;
            Ok(if numbers.without_ending == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Err(why) => {
            writeln!(err, "{why}")?;
            Ok(ExitCode::from(2))
        }
    }
}

/// Runs every conversation and counts; `each` sees the id, the start and the records of one.
///
/// # Errors
/// In words: the file, a line of it, the site, the SOPs or the model.
pub fn numbers(
    file: &Path,
    site: &Path,
    setup: &Setup,
    each: &mut dyn FnMut(&Value, UnixMs, &[Record]),
) -> Result<Numbers, String> {
    let text =
        std::fs::read_to_string(file).map_err(|e| format!("{}: cannot be read: {e}", file.display()))?;
    let site = Arc::new(load(site, LoadMode::Simulated).map_err(|e| e.to_string())?);
    let mut engines = Engines::new(setup).map_err(|e| e.to_string())?;
    let engine = engines.of(&site).map_err(|e| e.to_string())?;
    let mut numbers = Numbers::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = |what: String| format!("{}:{}: {what}", file.display(), number + 1);
        let one: Conversation = serde_json::from_str(line).map_err(|e| place(e.to_string()))?;
        let scenario = scenario(&one, &site).map_err(place)?;
        let records = run(&scenario, &engine).map_err(|e| place(e.to_string()))?;
        each(&one.id, scenario.at, &records);
        count(&mut numbers, &one, &records, engines.library());
    }
    numbers.reply_seconds.sort_by(f64::total_cmp);
    Ok(numbers)
}

fn scenario(one: &Conversation, site: &Arc<Site>) -> Result<Scenario, String> {
    let local = time::moment_on(&one.at, DATE).ok_or_else(|| format!("`{}` is no time", one.at))?;
    let at = time::at_site(site, local).ok_or("this time does not exist at the site")?;
    let phone: E164 =
        one.phone.as_deref().unwrap_or(NOBODY).parse().map_err(|_| "the phone is no number".to_owned())?;
    let bookings =
        one.booking.iter().map(|b| booking(b, &phone, site, local.date())).collect::<Result<_, _>>()?;
    let bay = one.bay.or(one.booking.as_ref().map(|b| b.bay));
    let on_page = one.channel.as_deref() == Some("bay");
    let mut events = Vec::with_capacity(one.messages.len());
    for said in &one.messages {
        let text = Words { body: said.text.clone(), ..Words::default() };
        let what = match bay.filter(|_| on_page) {
            Some(bay) => What::Chat { bay: BayId(bay), text },
            None => What::Sms { from: phone.clone(), text },
        };
        events.push(Event { at: span(&said.at)?, what });
    }
    events.sort_by_key(|event| event.at);
    Ok(Scenario {
        file: String::new(),
        name: one.id.to_string(),
        site: site.clone(),
        at,
        line: Line::Up,
        llm: Llm::Off,
        bookings,
        bookings_age: Duration::ZERO,
        devices: devices(one)?,
        events,
        until: None,
        expect: Vec::new(),
    })
}

fn booking(b: &Booked, phone: &E164, site: &Site, date: jiff::civil::Date) -> Result<Booking, String> {
    let wrong = || format!("`{}` to `{}` is no booking", b.from, b.to);
    let starts = time::moment_on(&b.from, date).ok_or_else(wrong)?;
    let mut ends = time::moment_on(&b.to, starts.date()).ok_or_else(wrong)?;
    if ends <= starts {
        ends = ends.tomorrow().map_err(|_| wrong())?;
    }
    Ok(Booking {
        id: "B1".into(),
        phone: Some(phone.clone()),
        name: b.name.clone().unwrap_or_default(),
        bay: BayId(b.bay),
        starts_at: time::at_site(site, starts).ok_or_else(wrong)?,
        ends_at: time::at_site(site, ends).ok_or_else(wrong)?,
        reference: None,
        pin: None,
        source: String::new(),
        read_at: UnixMs(0),
    })
}

fn devices(one: &Conversation) -> Result<Vec<(Target, Effect, crate::simclub::Behaviour)>, String> {
    let mut all = Vec::new();
    for (target, effects) in &one.devices {
        for (effect, behaviour) in effects {
            let effect = Effect::parse(effect).ok_or_else(|| format!("there is no effect `{effect}`"))?;
            let behaviour = behaviour.parse().map_err(|e| format!("{e}"))?;
            all.push((Target::new(target), effect, behaviour));
        }
    }
    Ok(all)
}

/// Seconds, or a duration as scenarios write it.
fn span(at: &Value) -> Result<Duration, String> {
    let span = match at {
        Value::Number(seconds) => seconds.as_f64().and_then(|s| Duration::try_from_secs_f64(s).ok()),
        Value::String(text) => time::duration(text),
        _ => None,
    };
    span.ok_or_else(|| format!("{at} is no time of a message"))
}

/// Whether one of the labels asks for a person whatever the box does.
fn asks_for_person(one: &Conversation, library: &Library) -> bool {
    let sops = one.intents.iter().filter_map(|intent| library.get(intent));
    let calls = |sop: &crate::sop::Sop| {
        matches!(sop.kind, Kind::Human | Kind::Safety)
            || matches!(sop.opens, Opens::Escalation | Opens::Incident)
    };
    one.needs_person || sops.into_iter().any(|sop| calls(sop))
}

fn count(numbers: &mut Numbers, one: &Conversation, records: &[Record], library: &Library) {
    let of = |kind: &'static str| records.iter().filter(move |record| record.kind == kind);
    numbers.conversations += 1;
    let escalated = of("escalation").next().is_some();
    let helped = of("reply").any(|r| r.fields["by"] == "box")
        || of("effect").any(|r| r.fields["outcome"] == "verified");
    if escalated {
        numbers.escalated += 1;
        if !asks_for_person(one, library) {
            numbers.avoidable += 1;
            numbers.avoidable_ids.push(one.id.to_string());
        }
    } else if helped {
        numbers.alone += 1;
    }
    if one.needs_person && !escalated {
        numbers.missed += 1;
        numbers.missed_ids.push(one.id.to_string());
    }
    let ended: BTreeSet<i64> = of("ending").flat_map(ids_of).collect();
    numbers.messages += of("message").count();
    numbers.without_ending += of("message").filter_map(id).filter(|id| !ended.contains(id)).count();
    numbers.reply_seconds.extend(of("ending").filter_map(|ending| waited(ending, records)));
}

fn id(record: &Record) -> Option<i64> {
    record.fields["id"].as_i64()
}

fn ids_of(ending: &Record) -> Vec<i64> {
    ending.fields["messages"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}

/// From the last text of a turn to the reply that ended it, in seconds.
fn waited(ending: &Record, records: &[Record]) -> Option<f64> {
    let reply = ending.fields["refs"]
        .as_array()?
        .iter()
        .find_map(|r| r.as_str()?.strip_prefix("reply:")?.parse().ok())?;
    let at = |kind: &str, wanted: i64| {
        records.iter().find(|r| r.kind == kind && id(r) == Some(wanted)).map(|r| r.at)
    };
    let said = ids_of(ending).into_iter().filter_map(|id| at("message", id)).max()?;
    Some(at("reply", reply)?.since(said).as_secs_f64())
}

fn percentile(sorted: &[f64], p: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(((last as f64) * p).round() as usize).copied().unwrap_or(0.0)
}

fn print(numbers: &Numbers, out: &mut dyn Write) -> io::Result<()> {
    let n = numbers.conversations;
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { 100.0 * count as f64 / of as f64 };
    writeln!(out, "conversations (simulated club)        {n}")?;
    writeln!(out, "answered or fixed without a person    {:.1} %", share(numbers.alone, n))?;
    writeln!(out, "escalated                             {:.1} %", share(numbers.escalated, n))?;
    writeln!(out, "  of them avoidable                   {:.1} % of all", share(numbers.avoidable, n))?;
    writeln!(out, "hand-overs missed                     {}", numbers.missed)?;
    writeln!(
        out,
        "messages without an ending            {} of {}",
        numbers.without_ending, numbers.messages
    )?;
    let (p50, p90) = (percentile(&numbers.reply_seconds, 0.5), percentile(&numbers.reply_seconds, 0.9));
    writeln!(out, "last text to reply, virtual time      p50 {p50:.1} s, p90 {p90:.1} s")?;
    for (what, ids) in [("avoidable", &numbers.avoidable_ids), ("missed", &numbers.missed_ids)] {
        if !ids.is_empty() {
            writeln!(out, "{what}: {}", ids.join(" "))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(ms: i64, kind: &'static str, fields: Value) -> Record {
        Record::new(UnixMs(ms), kind, None, fields)
    }

    fn conversation(needs_person: bool) -> Conversation {
        let line = json!({"id": 7, "intents": ["faq.wifi"], "phone": "+19025550101", "at": "21:04",
            "messages": [{"at": 0, "text": "wifi?"}], "needs_person": needs_person});
        serde_json::from_value(line).expect("a conversation")
    }

    fn no_sops() -> Library {
        Library { sops: BTreeMap::new(), phrases: BTreeMap::new(), fingerprint: String::new() }
    }

    #[test]
    fn an_answer_counts_once_and_its_wait_is_from_the_last_text() {
        let records = [
            record(0, "message", json!({"id": 1})),
            record(2_000, "message", json!({"id": 2})),
            record(3_500, "reply", json!({"id": 3, "by": "box"})),
            record(3_500, "ending", json!({"messages": [1, 2], "as": "replied", "refs": ["reply:3"]})),
        ];
        let mut numbers = Numbers::default();
        count(&mut numbers, &conversation(false), &records, &no_sops());
        assert_eq!((numbers.alone, numbers.escalated, numbers.without_ending), (1, 0, 0));
        assert_eq!(numbers.reply_seconds, [1.5]);
    }

    #[test]
    fn a_message_without_an_ending_and_a_missed_hand_over_are_counted() {
        let records = [record(0, "message", json!({"id": 1}))];
        let mut numbers = Numbers::default();
        count(&mut numbers, &conversation(true), &records, &no_sops());
        assert_eq!((numbers.without_ending, numbers.missed, numbers.alone), (1, 1, 0));
    }

    #[test]
    fn calling_a_person_for_a_wifi_password_is_avoidable() {
        let records = [record(0, "escalation", json!({"id": 1}))];
        let mut numbers = Numbers::default();
        count(&mut numbers, &conversation(false), &records, &no_sops());
        assert_eq!((numbers.escalated, numbers.avoidable, numbers.missed), (1, 1, 0));
    }
}
