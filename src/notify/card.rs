//! What a call says: place, urgency, what was tried, what to do next. One card for all channels.
//!
//! Owns what may leave the building. Never holds a customer's name or number; their words only where the
//! site allows it, and then each channel still decides.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::clock::UnixMs;
use crate::site::{Effect, Outcome, Site};
use crate::store::escalation::Escalation;

/// Longest summary and line, in characters.
const LONGEST: usize = 300;

/// What a card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Escalation(i64),
    Digest,
    Test,
}

/// An escalation as people read it on a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub about: About,
    /// `critical`, `high`, `medium`, `low`.
    pub level: String,
    pub site: String,
    /// "Bay 2", else the site's name.
    pub place: String,
    /// What it is about, in one sentence; no customer's words.
    pub summary: String,
    /// "Restart the software, bay-2: could not be confirmed".
    pub tried: Vec<String>,
    pub device: Option<String>,
    pub next: Option<String>,
    /// How long it waits, "4 min"; empty at first.
    pub waits: String,
    /// The customer's own words, latest last; empty unless the site allows them outside.
    pub said: Vec<String>,
    /// Where to go on: the escalation's conversation on the staff page.
    pub link: Option<String>,
    /// Who looks after it.
    pub taken_by: Option<String>,
    pub simulated: bool,
}

impl Card {
    /// The card of an escalation as it stands now.
    pub fn of(escalation: &Escalation, site: &Site, page: Option<&str>, now: UnixMs) -> Card {
        let packet: Value = serde_json::from_str(&escalation.packet).unwrap_or_default();
        let rows = |key: &str| packet[key].as_array().cloned().unwrap_or_default();
        let tried = rows("tried");
        let said = if site.notify.words { rows("said") } else { Vec::new() };
        let said = said.iter().filter_map(|s| s.as_str()).map(|s| clip(s, LONGEST));
        let simulated = |row: &Value| row["simulated"].as_bool() == Some(true);
        Card {
            about: About::Escalation(escalation.id),
            level: escalation.level.clone(),
            site: site.name.clone(),
            place: packet["bay"].as_u64().map_or_else(|| site.name.clone(), |bay| format!("Bay {bay}")),
            summary: clip(&without_numbers(&escalation.summary), LONGEST),
            tried: tried.iter().map(line_of).collect(),
            device: device(&packet["device"]),
            next: packet["next_step"].as_str().map(|next| clip(&without_numbers(next), LONGEST)),
            waits: waits(now.since(escalation.opened_at)),
            said: said.rev().take(3).collect::<Vec<_>>().into_iter().rev().collect(),
            link: page.map(|page| link(page, escalation.thread_id)),
            taken_by: escalation.acked_by.clone().or_else(|| escalation.closed_by.clone()),
            simulated: tried.iter().any(simulated) || simulated(&packet["device"]),
        }
    }

    /// A card that says that it is a test.
    pub fn test(site: &Site, page: Option<&str>) -> Card {
        let says = "A test from the staff page. Nobody waits; nothing is to be done.";
        Card::plain(About::Test, site, says.to_owned(), page.map(|page| format!("{page}/channels")))
    }

    /// The daily digest: several lines.
    pub fn digest(site: &Site, page: Option<&str>, text: &str) -> Card {
        let lines: Vec<String> = text.lines().map(|line| clip(&without_numbers(line), LONGEST * 2)).collect();
        Card::plain(About::Digest, site, lines.join("\n"), page.map(|page| format!("{page}/")))
    }

    fn plain(about: About, site: &Site, summary: String, link: Option<String>) -> Card {
        Card {
            about,
            level: "low".to_owned(),
            site: site.name.clone(),
            place: site.name.clone(),
            summary,
            tried: Vec::new(),
            device: None,
            next: None,
            waits: String::new(),
            said: Vec::new(),
            link,
            taken_by: None,
            simulated: false,
        }
    }

    /// "High: Bay 2", "Test".
    pub fn title(&self) -> String {
        match self.about {
            About::Test => return format!("Test: {}", self.site),
            About::Digest => return format!("Daily digest: {}", self.site),
            About::Escalation(_) => {}
        }
        let mut letters = self.level.chars();
        let level = letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect());
        let label = if self.simulated { " (simulated)" } else { "" };
        format!("{level}: {}{label}", self.place)
    }

    /// Everything but title and link, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.summary.clone()];
        lines.extend(self.tried.iter().map(|tried| format!("Tried: {tried}")));
        lines.extend(self.device.iter().map(|device| format!("Device: {device}")));
        lines.extend(self.next.iter().map(|next| format!("Next: {next}")));
        if !self.waits.is_empty() {
            lines.push(format!("Waits {}", self.waits));
        }
        lines
    }
}

/// The conversation on the staff page.
fn link(page: &str, thread: Option<i64>) -> String {
    thread.map_or_else(|| format!("{page}/"), |thread| format!("{page}/?t={thread}"))
}

fn line_of(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default();
    let effect = Effect::parse(text("effect")).map_or_else(|| text("effect").to_owned(), |e| e.to_string());
    let outcome = match Outcome::parse(text("outcome")) {
        Some(Outcome::Verified) => "seen to work",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Unknown) => "could not be confirmed",
        Some(Outcome::Refused) => "not done",
        Some(Outcome::Expired) => "never sent",
        None => "under way",
    };
    let simulated = if row["simulated"].as_bool() == Some(true) { " [simulated]" } else { "" };
    clip(&format!("{effect} {}: {outcome}{simulated}", text("target")), LONGEST)
}

fn device(state: &Value) -> Option<String> {
    let reach = match state.get("online")?.as_bool() {
        Some(true) => "online",
        Some(false) => "offline",
        None => "not heard of",
    };
    Some(
        state["reason"]
            .as_str()
            .map_or_else(|| reach.to_owned(), |why| clip(&format!("{reach} ({why})"), 120)),
    )
}

fn waits(time: Duration) -> String {
    match time.as_secs() / 60 {
        0 => String::new(),
        minutes @ 1..=119 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

/// Phone numbers are cut to their last four digits: enough to tell one customer from another.
fn without_numbers(text: &str) -> String {
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\+?\d[\d ().-]{6,}\d").ok());
    let Some(number) = NUMBER.as_ref() else { return String::new() }; // the pattern is tested below
    let cut = number.replace_all(text, |found: &regex::Captures<'_>| {
        let digits: String = found[0].chars().filter(char::is_ascii_digit).collect();
        format!("…{}", &digits[digits.len().saturating_sub(4)..])
    });
    cut.into_owned()
}

/// At most so many characters, and no control characters.
pub fn clip(text: &str, longest: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().count() <= longest {
        return clean.collect();
    }
    clean.take(longest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_stay_inside() {
        assert_eq!(without_numbers("STOP from +1 902 555 0101 came"), "STOP from …0101 came");
        assert_eq!(without_numbers("+19025550101"), "…0101");
        assert_eq!(without_numbers("Bay 2: frozen since 21:04"), "Bay 2: frozen since 21:04");
    }

    #[test]
    fn a_long_or_broken_text_is_cut_to_one_line() {
        assert_eq!(clip("a\nb\u{7}c", 10), "a b c");
        assert_eq!(clip("abcdef", 4), "abc…");
    }
}
