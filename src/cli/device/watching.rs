//! `clubos device watch`: what changes, as it happens. The events say only that something did; what is shown
//! was read again, so that a missed one costs nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::link::{Link, LinkError};
use super::say;
use super::shown::{Device, Effect, time};
use crate::clock::Clock;

/// Between two tries while the box is away.
const AGAIN: Duration = Duration::from_secs(2);

/// What was shown last.
#[derive(Default)]
struct Seen {
    devices: BTreeMap<String, Device>,
    effects: BTreeMap<i64, Effect>,
    /// Effects up to this one are from before.
    from: Option<i64>,
}

pub async fn watch(link: &Link, json: bool) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let mut seen = Seen::default();
    let mut away = false;
    loop {
        match follow(link, json, &clock, &mut seen, &mut away).await {
            Ok(()) => {}
            Err(error) => match error.downcast::<LinkError>() {
                Ok(error) if error.is_signed_out() => return Err(error.into()),
                Ok(error) if !away => {
                    away = true;
                    eprintln!("{error}. It is tried again.");
                }
                Ok(_) => {}
                Err(error) => return Err(error),
            },
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Until the stream breaks.
async fn follow(
    link: &Link,
    json: bool,
    clock: &Clock,
    seen: &mut Seen,
    away: &mut bool,
) -> anyhow::Result<()> {
    let mut events = link.events().await?;
    loop {
        let (devices, effects) = (link.get("/api/v1/devices").await?, link.get("/api/v1/effects").await?);
        if std::mem::take(away) {
            eprintln!("The box answers again.");
        }
        let at = time(&clock.now().timestamp().to_string());
        for (what, value, line) in seen.news(devices, effects)? {
            let text = match json {
                true => json!({"at": at, "what": what, what: value}).to_string(),
                false => format!("{at} {line}"),
            };
            say(&format!("{text}\n"))?;
        }
        if !events.change().await {
            return Ok(());
        }
    }
}

impl Seen {
    /// What is different from what was shown: kind, as the API gave it, and in words.
    fn news(&mut self, devices: Value, effects: Value) -> anyhow::Result<Vec<(&'static str, Value, String)>> {
        let mut news = Vec::new();
        for value in items(devices) {
            let device: Device = serde_json::from_value(value.clone())?;
            if self.devices.get(&device.target) != Some(&device) {
                news.push(("device", value, device.line()));
                self.devices.insert(device.target.clone(), device);
            }
        }
        let effects = items(effects); // latest first
        let newest = effects.first().and_then(|effect| effect["id"].as_i64()).unwrap_or(0);
        let from = *self.from.get_or_insert(newest);
        for value in effects.into_iter().rev() {
            let effect: Effect = serde_json::from_value(value.clone())?;
            if effect.id > from && self.effects.get(&effect.id) != Some(&effect) {
                news.push(("effect", value, effect.line()));
                self.effects.insert(effect.id, effect);
            }
        }
        // Further back than the API lists nothing changes any more.
        while self.effects.len() > 400 {
            self.effects.pop_first();
        }
        Ok(news)
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(state: &str) -> Value {
        let effect = |id: i64, state: &str| {
            json!({"id": id, "effect": "tv.on", "target": "bay-2", "asked_by": "dana", "state": state,
                   "outcome": null, "reason": null, "requested_at": "2026-11-20T21:04:00Z", "ended_at": null,
                   "simulated": false})
        };
        match state {
            "" => json!([effect(1, "ended")]),
            state => json!([effect(2, state), effect(1, "ended")]),
        }
    }

    #[test]
    fn only_what_is_new_is_told_and_old_effects_are_no_news() {
        let mut seen = Seen::default();
        let mut news = |state: &str| {
            let news = seen.news(json!([]), effects(state)).unwrap();
            news.into_iter().map(|(_, _, line)| line).collect::<Vec<_>>()
        };
        assert!(news("").is_empty());
        assert_eq!(news("sent"), ["#2 tv.on bay-2 by dana: sent"]);
        assert!(news("sent").is_empty());
        assert_eq!(news("acknowledged"), ["#2 tv.on bay-2 by dana: acknowledged"]);
    }
}
