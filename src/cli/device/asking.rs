//! `clubos device do`: an effect is asked for, and what was seen of it is waited for. Says "verified" only
//! where the box says so.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::link::{Events, Link, LinkError};
use super::shown::{Device, Effect};
use super::{FAILED, NOT_SENT, Taken, UNKNOWN, Wanted, pretty, say};
use crate::clock::Clock;

/// An event may be missed while the box starts again: it is looked at this often anyhow.
const LOOK: Duration = Duration::from_secs(2);
/// Every effect has ended by then: the longest time to be sent and to be seen, and a start of the box.
const LONGEST: Duration = Duration::from_secs(30 * 60);

pub async fn ask(link: &Link, wanted: &Wanted) -> anyhow::Result<ExitCode> {
    let devices: Vec<Device> = serde_json::from_value(link.get("/api/v1/devices").await?)?;
    let device = devices.iter().find(|device| device.target == wanted.target);
    let device = device.ok_or_else(|| LinkError::NoDevice(wanted.target.clone()))?;
    let interrupts = device.can.iter().any(|can| can.effect == wanted.effect && can.interrupts);
    if let Some(until) = device.in_use_until.as_ref().filter(|_| interrupts) {
        eprintln!("{} is booked until {until}; this interrupts play there.", device.target);
    }
    match ended(link, &wanted.effect, &wanted.target, wanted.value).await? {
        Ended::Refused(why) => refused(&wanted.effect, &wanted.target, &why, wanted.reach.json),
        Ended::Row(row) => told(&row, wanted.reach.json),
    }
}

/// What came of an effect that was asked for.
pub enum Ended {
    /// The gate's reason.
    Refused(String),
    /// Its row of the journal.
    Row(Value),
}

/// Asks for an effect and waits until it has ended.
pub async fn ended(link: &Link, effect: &str, target: &str, value: Option<f32>) -> anyhow::Result<Ended> {
    let events = link.events().await?;
    let body = json!({"effect": effect, "target": target, "value": value});
    match link.post("/api/v1/effects", &body).await {
        Err(LinkError::Said { status: StatusCode::FORBIDDEN, what, .. }) => {
            Ok(Ended::Refused(what.strip_prefix("not done: ").unwrap_or(&what).to_owned()))
        }
        asked => follow(link, asked?, events).await.map(Ended::Row),
    }
}

/// `clubos device undo`: takes an effect back, by the effect that does so, and waits for that one.
pub async fn undo(link: &Link, taken: &Taken) -> anyhow::Result<ExitCode> {
    let events = link.events().await?;
    match link.post(&format!("/api/v1/effects/{}/undo", taken.effect_id), &json!({})).await {
        Err(LinkError::Said { status: StatusCode::FORBIDDEN, what, .. }) => {
            let row: Effect =
                serde_json::from_value(link.get(&format!("/api/v1/effects/{}", taken.effect_id)).await?)?;
            let what = what.strip_prefix("not done: ").unwrap_or(&what);
            refused(&format!("undo of #{} {}", row.id, row.effect), &row.target, what, taken.reach.json)
        }
        Err(LinkError::Said { status: StatusCode::CONFLICT, what, mend }) => {
            eprintln!("clubos: {what}: {mend}");
            Ok(ExitCode::from(NOT_SENT))
        }
        asked => told(&follow(link, asked?, events).await?, taken.reach.json),
    }
}

/// Until the effect has ended; its row then.
async fn follow(link: &Link, mut asked: Value, mut events: Events) -> anyhow::Result<Value> {
    let clock = Clock::system();
    let begun = clock.now();
    let mut shown = String::new();
    loop {
        let effect: Effect = serde_json::from_value(asked.clone())?;
        if effect.has_ended() {
            return Ok(asked);
        }
        if effect.state != shown {
            shown.clone_from(&effect.state);
            eprintln!("{}", effect.line());
        }
        anyhow::ensure!(
            clock.now().since(begun) < LONGEST,
            "the box gave no outcome in {} min",
            LONGEST.as_secs() / 60
        );
        wait(&mut events).await;
        asked = look(link, effect.id, asked, &mut events).await?;
    }
}

/// What came of it, and that as an exit code.
fn told(row: &Value, json: bool) -> anyhow::Result<ExitCode> {
    let effect: Effect = serde_json::from_value(row.clone())?;
    say(&if json { pretty(row)? } else { format!("{}\n", effect.line()) })?;
    Ok(code(effect.outcome.as_deref()))
}

/// Until something is different, or the time to look anyhow.
async fn wait(events: &mut Events) {
    match tokio::time::timeout(LOOK, events.change()).await {
        Ok(true) | Err(_) => {}
        Ok(false) => tokio::time::sleep(LOOK).await,
    }
}

/// A box that starts again is waited for: what was asked for goes on.
async fn look(link: &Link, id: i64, before: Value, events: &mut Events) -> anyhow::Result<Value> {
    match link.get(&format!("/api/v1/effects/{id}")).await {
        Ok(now) => Ok(now),
        Err(LinkError::NoAnswer { .. }) => {
            if let Ok(fresh) = link.events().await {
                *events = fresh;
            }
            Ok(before)
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(effect: &str, target: &str, what: &str, json: bool) -> anyhow::Result<ExitCode> {
    let said = json!({"effect": effect, "target": target, "outcome": "refused", "reason": what});
    say(&if json { pretty(&said)? } else { format!("{effect} {target}: refused, {what}\n") })?;
    Ok(ExitCode::from(NOT_SENT))
}

fn code(outcome: Option<&str>) -> ExitCode {
    match outcome {
        Some("verified") => ExitCode::SUCCESS,
        Some("refused" | "expired") => ExitCode::from(NOT_SENT),
        Some("failed") => ExitCode::from(FAILED),
        _ => ExitCode::from(UNKNOWN),
    }
}
