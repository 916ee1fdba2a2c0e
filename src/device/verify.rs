//! Verification: does what was observed prove that an effect happened?
//!
//! Owns the rule of every effect. Pure and serialisable, so that a half-watched effect survives a
//! restart inside the journal. Uses only observations made at or after the moment the command left;
//! what a device promises (`Acknowledged`) never counts as proof. That nothing was observed by the
//! deadline is not decided here: the desk ends such an effect as *unknown*.

use serde::{Deserialize, Serialize};

use super::{DeviceEvent, Observation, Part};
use crate::clock::UnixMs;
use crate::site::Effect;

#[cfg(test)]
mod tests;

/// What was known of a device before a command: the base line for "new" and "restarted", and what an undo goes back
/// to. The desk keeps
/// one per target and feeds it every event of that target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    boot_id: Option<String>,
    uptime_seconds: Option<u64>,
    set_point: Option<f32>,
}

impl Known {
    /// Takes in an event of this target; the newest fact wins.
    pub fn note(&mut self, event: &DeviceEvent) {
        match &event.observation {
            Observation::Boot { id } => self.boot_id = Some(id.clone()),
            Observation::Uptime { seconds } => self.uptime_seconds = Some(*seconds),
            Observation::SetPoint { celsius } => self.set_point = Some(*celsius),
            _ => {}
        }
    }

    /// The last boot of the bay's PC that was seen.
    pub fn boot_id(&self) -> Option<&str> {
        self.boot_id.as_deref()
    }
}

/// Where an effect stands. Once `Verified` or `Failed`, it stays so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing heard of it yet.
    Pending,
    /// The device took the command; nothing proves yet that it worked.
    Acknowledged,
    Verified,
    /// The device refused or failed it, in its own words.
    Failed(String),
}

/// One effect being watched. Kept as JSON in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    effect: Effect,
    /// The wanted number: degrees Celsius for `thermostat.set`.
    value: Option<f32>,
    sent_at: UnixMs,
    known: Known,
    /// When the first half of a two-step proof was seen: gone, off, or booted anew.
    first_step: Option<UnixMs>,
    verdict: Verdict,
}

impl Verification {
    /// Starts watching. `sent_at` is taken *before* the driver is called, so that a device that reacts
    /// while the call still waits is not missed. `value` is the permit's.
    pub fn begin(effect: Effect, value: Option<f32>, sent_at: UnixMs, known: &Known) -> Verification {
        Verification {
            effect,
            value,
            sent_at,
            known: known.clone(),
            first_step: None,
            verdict: Verdict::Pending,
        }
    }

    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The number that was in force before, in degrees Celsius; `None` where none is set or none was seen.
    pub fn earlier_value(&self) -> Option<f32> {
        self.known.set_point.filter(|_| self.effect == Effect::ThermostatSet)
    }

    /// After this moment nothing can verify the effect any more.
    pub fn deadline(&self) -> UnixMs {
        self.sent_at + self.effect.verify_within()
    }

    /// Takes in an event of the effect's target and says where the effect stands now.
    pub fn observe(&mut self, effect_id: i64, event: &DeviceEvent) -> Verdict {
        if matches!(self.verdict, Verdict::Pending | Verdict::Acknowledged) {
            self.verdict = self.judge(effect_id, event);
        }
        self.verdict.clone()
    }

    fn judge(&mut self, effect_id: i64, event: &DeviceEvent) -> Verdict {
        match &event.observation {
            Observation::Acknowledged { effect_id: id } if *id == effect_id => Verdict::Acknowledged,
            Observation::Rejected { effect_id: id, reason } if *id == effect_id => {
                Verdict::Failed(reason.clone())
            }
            observation if self.in_time(event.at) && self.proves(effect_id, event.at, observation) => {
                Verdict::Verified
            }
            _ => self.verdict.clone(),
        }
    }

    fn in_time(&self, at: UnixMs) -> bool {
        self.sent_at <= at && at <= self.deadline()
    }

    /// Whether this observation completes the proof; remembers the first half of a two-step one.
    fn proves(&mut self, effect_id: i64, at: UnixMs, seen: &Observation) -> bool {
        use Observation as O;
        match (self.effect, seen) {
            (Effect::SimRestart, O::Software { running }) => self.gone_then_back(at, *running),
            (Effect::RadarReset, O::Radar { reachable }) => self.gone_then_back(at, *reachable),
            (Effect::PcReboot, O::Boot { id }) => {
                self.note_boot(at, id);
                false
            }
            (Effect::PcReboot, O::Software { running: true }) => self.after_first_step(at),
            (Effect::PcWake, O::Reachable { online: true, effect: None | Some(Effect::PcWake), .. }) => true,
            (Effect::ProjectorOn, O::Power { part: Part::Projector, on }) => *on,
            (Effect::ProjectorOff, O::Power { part: Part::Projector, on }) => !*on,
            (Effect::ProjectorInput, O::ProjectorInput { right }) => *right,
            (Effect::ProjectorCycle, O::Power { part: Part::Projector, on }) => self.gone_then_back(at, *on),
            (Effect::TvOn, O::Power { part: Part::Tv, on }) => *on,
            (Effect::TvOff, O::Power { part: Part::Tv, on }) => !*on,
            (Effect::AudioRestart, O::Playing { playing }) => *playing,
            (Effect::LightsOn, O::Lights { on }) => *on,
            (Effect::LightsOff, O::Lights { on }) => !*on,
            (Effect::ThermostatSet, O::SetPoint { celsius }) => self.is_wanted(*celsius),
            (Effect::DoorUnlock, O::Lock { unlocked }) => *unlocked,
            (Effect::DoorUnlock, O::UnlockLogged { effect_id: id }) => *id == effect_id,
            (Effect::PoeCycle | Effect::OutletCycle, O::Supply { on }) => self.gone_then_back(at, *on),
            (Effect::NetworkRestart, O::Uptime { seconds }) => self.restarted(at, *seconds),
            _ => false,
        }
    }

    fn gone_then_back(&mut self, at: UnixMs, there: bool) -> bool {
        if !there {
            self.first_step.get_or_insert(at);
        }
        there && self.after_first_step(at)
    }

    fn after_first_step(&self, at: UnixMs) -> bool {
        self.first_step.is_some_and(|first| first <= at)
    }

    /// A boot is new if it differs from the one known. Without a base line the first one seen becomes it.
    fn note_boot(&mut self, at: UnixMs, id: &str) {
        match &self.known.boot_id {
            Some(known) if known != id => {
                self.first_step.get_or_insert(at);
            }
            Some(_) => {}
            None => self.known.boot_id = Some(id.to_owned()),
        }
    }

    /// Set points are read back in steps; a quarter of a degree is the same.
    fn is_wanted(&self, celsius: f32) -> bool {
        self.value.is_some_and(|wanted| (wanted - celsius).abs() <= 0.25)
    }

    /// The gear started after the send (its counter is in whole seconds), and its counter fell.
    fn restarted(&self, at: UnixMs, uptime_seconds: u64) -> bool {
        let since_send = at.since(self.sent_at).as_secs() + 1;
        let fell = self.known.uptime_seconds.is_none_or(|before| uptime_seconds < before);
        fell && uptime_seconds <= since_send
    }
}

/// The second fact about an unlock: `Some(true)` if the door leaf was seen open, `Some(false)` if closed,
/// `None` if the event does not speak of it.
pub fn door_opened(event: &DeviceEvent) -> Option<bool> {
    match event.observation {
        Observation::Position { open } => Some(open),
        _ => None,
    }
}
