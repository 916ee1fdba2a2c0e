//! What is wrong with a customer's text before anybody was told it: placeholders, length, tone, and
//! values that will be missing when it counts.

use super::format::Parsed;
use super::placeholders::{self, placeholder};
use super::render::{LONGEST, RenderError, Text, Values, join, render};
use super::template::names;
use super::{Need, Rung, Sop, tone};
use crate::site::problem::{Problems, did_you_mean};
use crate::site::{Effect, Scope};

/// Checks every text of a SOP, and those that will be sent together.
pub fn of_sop(one: &Parsed, problems: &mut Problems) {
    let (sop, lines) = (&one.sop, &one.lines);
    for (place, text) in sop.texts() {
        of_text(text, lines.of(&place), &place, problems);
        for (name, optional) in names(text) {
            if !optional && may_be_missing(sop, &place, name) {
                let what = format!("`{{{name}}}` may have no value here, and then nothing could be said");
                problems.add(lines.of(&place), &place, what, mend_missing(name));
            }
        }
    }
    together(one, problems);
}

/// Checks one text by itself.
pub fn of_text(text: &str, line: usize, place: &str, problems: &mut Problems) {
    for (name, _) in names(text) {
        if placeholder(name).is_none() {
            let guess = did_you_mean(name, placeholders::all().map(|p| p.name));
            let what = format!("there is no placeholder `{{{name}}}`{guess}");
            problems.add(line, place, what, "use one of the list in docs/sops.md");
        }
    }
    if tone::invites_opt_out(text) {
        let what =
            "the text shows a word (STOP, CANCEL, END, QUIT, UNSUBSCRIBE) that makes the carrier block us";
        problems.add(line, place, what, "ask for YES or NO, and say it in other words");
    }
    if tone::internal(text) {
        problems.add(
            line,
            place,
            "a word of the machine room stands in the text",
            "say it as a host would to a guest",
        );
    }
    match render(text, &samples()) {
        Ok(_) | Err(RenderError::Missing(_)) => {}
        Err(RenderError::TooLong(length)) => {
            let what = format!("about {length} characters when filled, {LONGEST} at most");
            problems.add(line, place, what, "shorten it; aim for 160");
        }
        Err(error @ RenderError::Unlisted(_)) => {
            let mend = "put a space between the placeholder and what stands beside it";
            problems.add(line, place, error.to_string(), mend);
        }
        Err(error) => problems.add(
            line,
            place,
            error.to_string(),
            "write plain words, `{placeholders}` and `[[optional parts]]`",
        ),
    }
}

/// `failed` is followed by the next offer or the hand-over, `unknown` by the hand-over, in one text.
fn together(one: &Parsed, problems: &mut Problems) {
    let sop = &one.sop;
    let handovers: Vec<&str> = sop
        .replies
        .iter()
        .filter(|(key, _)| key.split('.').next() == Some("handover"))
        .map(|(_, text)| text.as_str())
        .collect();
    for (n, rung) in sop.ladder.iter().enumerate().filter(|(_, rung)| !rung.staff_only) {
        let next = sop.ladder[n + 1..].iter().find(|r| !r.staff_only).and_then(|r| r.confirm.as_deref());
        for (key, first, then) in follow_ups(rung, next, &handovers) {
            let place = format!("ladder.{n}.{key}");
            if let Some(RenderError::TooLong(length)) = joined(first, then).err() {
                let what = format!(
                    "about {length} characters together with what follows it (\"{}…\")",
                    then.chars().take(30).collect::<String>()
                );
                problems.add(
                    one.lines.of(&place),
                    place,
                    what,
                    format!("shorten one of them: {LONGEST} at most together"),
                );
            }
        }
    }
}

fn follow_ups<'a>(
    rung: &'a Rung,
    next: Option<&'a str>,
    handovers: &[&'a str],
) -> Vec<(&'static str, &'a str, &'a str)> {
    let mut pairs = Vec::new();
    if let Some(next) = next {
        pairs.push(("failed", rung.failed.as_str(), next));
    }
    for handover in handovers {
        pairs.push(("failed", rung.failed.as_str(), *handover));
        pairs.push(("unknown", rung.unknown.as_str(), *handover));
    }
    pairs
}

fn joined(first: &str, then: &str) -> Result<Text, RenderError> {
    join(&[render(first, &samples())?, render(then, &samples())?])
}

/// A long but ordinary value for every placeholder.
pub fn samples() -> Values {
    placeholders::all().fold(Values::default(), |values, p| values.set(p.name, p.sample))
}

/// Whether the value may be missing at the moment the text is needed, so that it belongs in brackets.
fn may_be_missing(sop: &Sop, place: &str, name: &str) -> bool {
    let rung = place.strip_prefix("ladder.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    let rung = rung.and_then(|n| sop.ladder.get(n));
    let on = |wanted: fn(Effect) -> bool| match rung {
        Some(rung) => wanted(rung.effect),
        None => sop.ladder.iter().any(|r| wanted(r.effect)),
    };
    match name {
        "bay" => !(rung.is_some_and(|r| r.effect.scope() == Scope::Bay) || sop.needs.contains(&Need::Bay)),
        "door" => !on(|e| e.scope() == Scope::Door),
        "degrees" => !on(|e| e == Effect::ThermostatSet),
        "booked_bay" | "booking_start" | "booking_end" | "window_opens" => {
            !has_no_booking_variant(sop, place)
        }
        "name" | "free_bay" | "other_bay" | "minutes" | "option_a" | "option_b" | "effect" => true,
        _ => false,
    }
}

fn has_no_booking_variant(sop: &Sop, place: &str) -> bool {
    let Some(key) = place.strip_prefix("replies.") else { return false };
    let plain = key.split('.').next().unwrap_or(key);
    !key.ends_with(".no_booking") && sop.replies.contains_key(&format!("{plain}.no_booking"))
}

fn mend_missing(name: &str) -> String {
    match name {
        "bay" => "put the part in [[ ]], or add `needs: [bay]`".to_owned(),
        "booked_bay" | "booking_start" | "booking_end" | "window_opens" => {
            "put the part in [[ ]], or add a `.no_booking` variant of this reply".to_owned()
        }
        _ => format!("put the part with `{{{name}}}` in [[ ]]"),
    }
}
