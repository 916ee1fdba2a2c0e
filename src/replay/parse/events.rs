//! The `events:` of a scenario.

use crate::desk::Act;
use crate::site::problem::{Problems, did_you_mean};
use crate::site::raw::{Fields, Raw, Spot};
use crate::site::{BayId, E164, Effect, Site, Target};

use super::super::scenario::{Event, What, Words};
use super::{line_word, llm, span, word};

/// What an event may be, for the mend of one that is nothing.
const WHAT: &str =
    "write one of sms (with from), chat (with bay), operator, wan, llm, device (with online), restart";

pub fn event(site: &Site, mut table: Fields, problems: &mut Problems) -> Option<Event> {
    let at = table.need_text("at", "write when, `at: 30s`", problems);
    let at = at.and_then(|spot| span(&spot, &table.at("at"), problems));
    let line = table.line;
    let what = if table.has("sms") {
        sms(&mut table, problems)
    } else if table.has("chat") {
        chat(site, &mut table, problems)
    } else if table.has("operator") {
        operator(site, &mut table, problems)
    } else if let Some(found) = table.take("wan") {
        line_word(&found, &table.at("wan"), problems).map(What::Line)
    } else if let Some(found) = table.take("llm") {
        llm(found, &table.at("llm"), problems).map(What::Llm)
    } else if table.has("device") {
        device(site, &mut table, problems)
    } else if table.has("restart") {
        table.flag("restart", problems).filter(|yes| *yes).map(|_| What::Restart)
    } else {
        problems.add(line, table.at(""), "nothing happens here", WHAT);
        None
    };
    table.finish(problems);
    Some(Event { at: at?, what: what? })
}

/// The customer's own words, kept as they are: they may be empty.
fn words(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<Words> {
    let found = table.take(key)?;
    let place = table.at(key);
    let body = match found.value {
        Raw::Text { text, .. } => text,
        _ => {
            problems.add(
                found.line,
                place,
                "text is wanted here",
                "write what the customer wrote, in quotes",
            );
            return None;
        }
    };
    let id = table.text("id", problems).map(|spot| spot.value);
    let media = table.whole("media", 0..=10, problems).map_or(0, |n| u32::try_from(n.value).unwrap_or(0));
    Some(Words { body, id, media })
}

fn sms(table: &mut Fields, problems: &mut Problems) -> Option<What> {
    let from = table.need_text("from", "write the number the text comes from, in quotes", problems);
    let place = table.at("from");
    let from = from.and_then(|spot| phone(&spot, &place, problems));
    let text = words(table, "sms", problems);
    Some(What::Sms { from: from?, text: text? })
}

fn chat(site: &Site, table: &mut Fields, problems: &mut Problems) -> Option<What> {
    let (line, place) = (table.line, table.at("bay"));
    let bay = table.whole("bay", 1..=99, problems).and_then(|n| u8::try_from(n.value).ok()).map(BayId);
    let bay = bay.filter(|bay| site.bays.contains_key(bay));
    if bay.is_none() {
        problems.add(
            line,
            place,
            "the chat names no bay of the site",
            "write the bay whose screen it is typed on, `bay: 2`",
        );
    }
    let text = words(table, "chat", problems);
    Some(What::Chat { bay: bay?, text: text? })
}

pub fn phone(spot: &Spot<String>, place: &str, problems: &mut Problems) -> Option<E164> {
    let number = spot.value.parse().ok();
    if number.is_none() {
        problems.add(
            spot.line,
            place,
            format!("`{}` is no phone number", spot.value),
            "write it like \"+19025550101\"",
        );
    }
    number
}

fn device(site: &Site, table: &mut Fields, problems: &mut Problems) -> Option<What> {
    let spot = table.text("device", problems)?;
    let target = Target::new(&spot.value);
    if !site.knows(&target) {
        problems.add(
            spot.line,
            table.at("device"),
            format!("the site has no `{}`", spot.value),
            "name a target of the site, `bay-2`",
        );
    }
    let online = table.flag("online", problems);
    if online.is_none() {
        problems.add(spot.line, table.at("online"), "is missing", "write `online: true` or `online: false`");
    }
    Some(What::Device { target, online: online? })
}

fn operator(site: &Site, table: &mut Fields, problems: &mut Problems) -> Option<What> {
    let name = table.text("operator", problems)?;
    let person = site.people.iter().find(|person| person.name == name.value);
    if person.is_none() {
        let guess = did_you_mean(&name.value, site.people.iter().map(|p| p.name.as_str()));
        problems.add(
            name.line,
            table.at("operator"),
            format!("the site knows no `{}`{guess}", name.value),
            "name a person of the site",
        );
    }
    let thread = table.text("thread", problems).map(|spot| spot.value);
    let twice = table.flag("twice", problems).unwrap_or(false);
    let act = operator_act(site, table, problems);
    if act.is_none() {
        problems.add(
            name.line,
            table.at(""),
            "the operator does nothing",
            "write one of reply, claim, ack, release, approve, refuse",
        );
    }
    let person = person?;
    Some(What::Operator { name: person.name.clone(), role: person.role, thread, act: act?, twice })
}

fn operator_act(site: &Site, table: &mut Fields, problems: &mut Problems) -> Option<Act> {
    let target = table.text("target", problems);
    if let Some(spot) = target.as_ref().filter(|spot| !site.knows(&Target::new(&spot.value))) {
        problems.add(
            spot.line,
            table.at("target"),
            format!("the site has no `{}`", spot.value),
            "name a target of the site",
        );
    }
    let target = target.map(|spot| Target::new(spot.value));
    if let Some(found) = table.take("reply") {
        let text = word(&found).map(str::to_owned);
        if text.is_none() {
            problems.add(
                found.line,
                table.at("reply"),
                "text is wanted here",
                "write what the operator writes, in quotes",
            );
        }
        return Some(Act::Reply { text: text?, form_key: None });
    }
    for (key, act) in [("claim", Act::Claim), ("ack", Act::Acknowledge), ("release", Act::Release)] {
        if table.has(key) {
            return table.flag(key, problems).filter(|yes| *yes).map(|_| act);
        }
    }
    if table.has("approve") {
        let effect = effect(table, "approve", problems)?;
        let value = table.whole("value", 0..=100, problems).map(|n| n.value as f32);
        return Some(Act::Approve { effect, target, value });
    }
    let effect = effect(table, "refuse", problems)?;
    Some(Act::Refuse { effect, target })
}

fn effect(table: &mut Fields, key: &'static str, problems: &mut Problems) -> Option<Effect> {
    let spot = table.text(key, problems)?;
    let effect = Effect::parse(&spot.value);
    if effect.is_none() {
        let guess = did_you_mean(&spot.value, Effect::ALL.iter().map(|e| e.name()));
        problems.add(
            spot.line,
            table.at(key),
            format!("there is no effect `{}`{guess}", spot.value),
            "name an effect of the house",
        );
    }
    effect
}
