//! The house's names in words for staff. What the desk says too stands lower: [`crate::site::plain`] and the
//! reasons of [`crate::policy`].

use rusqlite::Connection;

pub use crate::policy::reason_in_words as reason;
use crate::site::{Effect, Outcome, Site, Target};
use crate::store::effect::EffectRow;
use crate::store::outbox::Outgoing;
use crate::store::thread::Channel;
use crate::store::{self, sops};

/// "Restart the simulator".
pub fn effect(effect: Effect) -> &'static str {
    effect.plain().order
}

/// "Bay 2", "Main door", "Lights".
pub fn target(site: &Site, target: &Target) -> String {
    capital(&site.name_of(target))
}

pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an outcome means.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "done and seen",
        Outcome::Failed => "failed",
        Outcome::Unknown => "not confirmed",
        Outcome::Refused => "not done",
        Outcome::Expired => "too late: not sent",
    }
}

/// What a matter is called: the title of its SOP, and words for what no SOP is about.
pub fn matter(conn: &Connection, intent: &str) -> store::Result<String> {
    let own = match intent {
        "opt-out" => Some("Opted out of texts"),
        "text-failed" => Some("A text did not arrive"),
        "callback" => Some("Call back"),
        "texts-down" => Some("Texts do not leave"),
        "texts-silent" => Some("No texts come in"),
        "unclear" => Some("Not understood"),
        "photo" => Some("A photo without words"),
        _ => None,
    };
    match own {
        Some(words) => Ok(words.to_owned()),
        None => Ok(sops::title(conn, intent)?.unwrap_or_else(|| capital(&intent.replace(['.', '-'], " ")))),
    }
}

/// What a button does, for whoever rests on it.
pub fn button(act: &str) -> &'static str {
    match act {
        "ack" => "I look after it: nobody else is called",
        "claim" => "I answer here: the box says nothing more in this conversation",
        "release" => "The box may answer here again; what waits here is done",
        "close" => "It is settled; other matters go on",
        _ => "",
    }
}

/// The button that ends one matter of several.
pub fn done(matter: &str) -> String {
    format!("Done: {matter}")
}

/// Who wanted an effect: "by Dana", "asked for by text", "asked for in bay 2".
pub fn asker(site: &Site, row: &EffectRow) -> String {
    let target = Target::new(row.asked_by.as_str());
    match &row.approved_by {
        Some(name) => format!("by {}", capital(name)),
        None if target.bay().is_some() => format!("asked for in {}", site.name_of(&target)),
        None => format!("asked for by {}", row.asked_by),
    }
}

/// Where a conversation takes place.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "by text",
        Channel::Bay => "bay page",
        Channel::Door => "door page",
        Channel::Console => "test console",
    }
}

/// What the box has asked.
pub fn question(kind: &str) -> &'static str {
    match kind {
        "confirm" => "whether to go ahead",
        "bay" => "which bay it is",
        "which" => "what it is about",
        "at-door" => "whether they are at the door",
        "detail" => "for a little more detail",
        "person" => "whether a person should take over",
        _ => "something",
    }
}

/// What became of a call to a person.
pub fn alert(state: &str) -> &'static str {
    match state {
        "queued" => "waits for the line",
        "sending" => "is being called",
        "sent" => "was called",
        "failed" => "could not be reached",
        "cancelled" => "not needed any more",
        _ => "unclear",
    }
}

/// "how it is with a reply": empty once it left.
pub fn delivery(out: &Outgoing, line_up: bool) -> &'static str {
    match out.state.as_str() {
        "queued" if out.channel == "sms" && !line_up => "waits for the line",
        "queued" => "waiting to be sent",
        "sending" => "being sent",
        "maybe" => "maybe sent",
        "failed" => "not sent",
        "cancelled" => "not sent: a person took over",
        _ => "",
    }
}
