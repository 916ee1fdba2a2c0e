//! A channel to people that is broken is itself told to people, over the others.

use serde_json::{Value, json};

use super::{Cx, Desk, Line, alerts};
use crate::store::escalation::{self, Escalation, NewEscalation};
use crate::store::{self, journal, timer};

/// The intent of an escalation about a broken channel.
pub(super) const BROKEN: &str = "channel.broken";

impl Desk {
    /// How a channel fares (`slack`, `push` …, or a text provider). Broken: people are told once an outage, over
    /// the other channels. Well again: that is closed by itself. What is said while the line is down says
    /// nothing about the channel. May be called after every call; it holds up no reply and no action.
    ///
    /// # Errors
    /// Only the database's.
    pub fn channel_health(&mut self, name: &str, health: Result<(), String>) -> store::Result<()> {
        let open = open(self.store.conn(), name)?;
        match (health, open) {
            (Err(_), _) if self.world.line == Line::Down => Ok(()),
            (Err(why), None) => self.write(|cx| broken(cx, name, &why)),
            (Ok(()), Some(known)) => self.write(|cx| {
                journal::notice(cx.db, None, &format!("Calls by {name} get through again."), cx.now)?;
                alerts::close(cx, &known, "box")
            }),
            (Err(_), Some(_)) | (Ok(()), None) => Ok(()),
        }
    }
}

fn open(db: &rusqlite::Connection, name: &str) -> store::Result<Option<Escalation>> {
    let about = |e: &Escalation| {
        let packet: Value = serde_json::from_str(&e.packet).unwrap_or_default();
        packet["channel"] == name
    };
    Ok(escalation::open_of(db, BROKEN)?.into_iter().find(about))
}

fn broken(cx: Cx<'_>, name: &str, why: &str) -> store::Result<()> {
    let summary = format!("{}: {name} does not work: {why}", cx.site().name);
    journal::notice(cx.db, None, &format!("{name} does not work: {why}"), cx.now)?;
    let packet = json!({
        "site": cx.site().name,
        "channel": name,
        "next_step": format!("Look at how {name} is set up; this closes by itself when it works again."),
        "waiting_since": cx.now,
    });
    let new = NewEscalation {
        thread_id: None,
        episode_id: None,
        intent: BROKEN,
        level: "medium",
        timed_as: "medium",
        reason: why,
        summary: &summary,
        packet: &packet.to_string(),
        first_alert_at: alerts::first_at(cx, "medium"),
    };
    let id = escalation::insert(cx.db, &new, cx.now)?;
    timer::set(cx.db, "alert", id, new.first_alert_at)
}
