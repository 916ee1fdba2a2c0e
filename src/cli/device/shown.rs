//! Devices and effects as lines for people.

use std::fmt::Write as _;

use serde::Deserialize;

/// What is read of a device; the API gives more.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Device {
    pub target: String,
    pub condition: String,
    pub reason: Option<String>,
    pub since: Option<String>,
    pub seen: Vec<String>,
    pub parts_offline: Vec<String>,
    pub simulated: bool,
    pub in_use_until: Option<String>,
    pub can: Vec<Can>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Can {
    pub effect: String,
    pub interrupts: bool,
    pub staff_only: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Detail {
    #[serde(flatten)]
    pub device: Device,
    pub seen_at: Option<String>,
    pub effects: Vec<Effect>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Effect {
    pub id: i64,
    pub effect: String,
    pub target: String,
    pub asked_by: String,
    pub state: String,
    pub outcome: Option<String>,
    pub reason: Option<String>,
    pub requested_at: String,
    pub ended_at: Option<String>,
    pub simulated: bool,
}

impl Device {
    /// Why it is not as it should be.
    fn why(&self) -> String {
        match self.condition.as_str() {
            "degraded" => format!("offline: {}", self.parts_offline.join(", ")),
            "online" => String::new(),
            _ => self.reason.clone().unwrap_or_default(),
        }
    }

    /// "offline (the bay's agent is offline) [simulated]".
    pub fn line(&self) -> String {
        let seen = if self.seen.is_empty() { String::new() } else { format!(": {}", self.seen.join(", ")) };
        let why = Some(self.why()).filter(|why| !why.is_empty()).map(|why| format!(" ({why})"));
        format!("{} {}{}{seen}{}", self.target, self.condition, why.unwrap_or_default(), mark(self.simulated))
    }
}

impl Effect {
    pub fn has_ended(&self) -> bool {
        self.state == "ended"
    }

    /// "#12 sim.restart bay-2 by dana: refused, the device is offline".
    pub fn line(&self) -> String {
        let state = self.outcome.as_deref().unwrap_or(&self.state);
        let why = self.reason.as_deref().map(|reason| format!(", {reason}")).unwrap_or_default();
        let Effect { id, effect, target, asked_by, .. } = self;
        format!("#{id} {effect} {target} by {asked_by}: {state}{why}{}", mark(self.simulated))
    }
}

fn mark(simulated: bool) -> &'static str {
    if simulated { " [simulated]" } else { "" }
}

/// To the second.
pub fn time(rfc3339: &str) -> String {
    match rfc3339.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => rfc3339.to_owned(),
    }
}

/// A line a device.
pub fn list(devices: Vec<Device>) -> String {
    let head = ["TARGET", "STATE", "SINCE", "CAN", "WHY"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(devices.into_iter().map(|device| {
        let can: Vec<&str> = device.can.iter().map(|can| can.effect.as_str()).collect();
        let since = device.since.as_deref().map_or_else(|| "-".to_owned(), time);
        let why = format!("{}{}", device.why(), mark(device.simulated));
        [device.target.clone(), device.condition.clone(), since, can.join(" "), why.trim().to_owned()]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for [target, state, since, can, why] in &rows {
        let [a, b, c, d] = widths;
        let line = format!("{target:<a$}  {state:<b$}  {since:<c$}  {can:<d$}  {why}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Everything of one device.
pub fn detail(detail: &Detail) -> String {
    let device = &detail.device;
    let mut text = format!("{}\n", device.line());
    for (name, at) in [("since", &device.since), ("last seen", &detail.seen_at)] {
        if let Some(at) = at {
            let _ = writeln!(text, "{name:<10} {}", time(at));
        }
    }
    if let Some(until) = &device.in_use_until {
        let _ = writeln!(text, "{:<10} until {until}", "booked");
    }
    for can in &device.can {
        let notes = [(can.interrupts, " (interrupts play)"), (can.staff_only, " (staff only)")];
        let notes: String = notes.iter().filter(|(is, _)| *is).map(|(_, note)| *note).collect();
        let _ = writeln!(text, "{:<10} {}{notes}", "can", can.effect);
    }
    for effect in &detail.effects {
        let at = effect.ended_at.as_deref().unwrap_or(&effect.requested_at);
        let _ = writeln!(text, "{} {}", time(at), effect.line());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(condition: &str) -> Device {
        Device {
            target: "bay-2".into(),
            condition: condition.into(),
            reason: Some("the bay's agent is offline".into()),
            since: Some("2026-11-20T21:04:00.123Z".into()),
            seen: Vec::new(),
            parts_offline: vec!["Reset the radar".into()],
            simulated: true,
            in_use_until: None,
            can: vec![Can { effect: "sim.restart".into(), interrupts: true, staff_only: false }],
        }
    }

    #[test]
    fn a_list_says_state_since_reason_effects_and_what_is_simulated() {
        let text = list(vec![device("offline"), device("online"), device("degraded")]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "bay-2   offline   2026-11-20T21:04:00Z  sim.restart  the bay's agent is offline [simulated]"
        );
        assert_eq!(lines[2], "bay-2   online    2026-11-20T21:04:00Z  sim.restart  [simulated]");
        assert!(lines[3].ends_with("offline: Reset the radar [simulated]"), "{text}");
    }
}
