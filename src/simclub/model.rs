//! The simulated club's behaviour, pure and on whatever time it is given: `simulate` runs it on virtual
//! time, the demo on the wall clock. Owns which observations follow a command, and when. Never waits,
//! never talks to a wire; all that comes out of it is labelled simulated by whoever carries it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::behaviour::Behaviour;
use crate::clock::UnixMs;
use crate::device::{NotSent, Observation, Part};
use crate::site::{Effect, Scope, Site, Target};

/// What will be observed, and when, in order of time.
pub type Schedule = Vec<(UnixMs, Observation)>;

/// The effects that a bay's agent carries out on its own PC.
const PC_EFFECTS: [Effect; 3] = [Effect::SimRestart, Effect::RadarReset, Effect::PcReboot];

/// All simulated devices of a club.
#[derive(Debug, Clone)]
pub struct SimClub {
    devices: BTreeMap<Target, SimDevice>,
    behaviours: BTreeMap<(Target, Effect), Behaviour>,
    speed: f64,
}

/// One simulated target: a bay with all that is in it, a door, or a device of the hall.
#[derive(Debug, Clone, Default)]
pub struct SimDevice {
    /// Switched off or unplugged by hand (`device: bay-2, online: false`).
    unplugged: bool,
    /// Down from … to, while it starts.
    down: Option<(UnixMs, UnixMs)>,
    boots: u32,
    no_position_sensor: bool,
}

impl SimDevice {
    fn reachable(&self, now: UnixMs) -> bool {
        !self.unplugged && !self.down.is_some_and(|(from, to)| from <= now && now < to)
    }
}

impl SimClub {
    /// A club without devices, in real time.
    pub fn new() -> SimClub {
        SimClub { devices: BTreeMap::new(), behaviours: BTreeMap::new(), speed: 1.0 }
    }

    /// All that the site names, working.
    pub fn from_site(site: &Site) -> SimClub {
        let mut club = SimClub::new();
        for bay in site.bays.keys() {
            club.add(Target::from(*bay));
        }
        for door in site.doors.values() {
            let device = SimDevice { no_position_sensor: !door.has_position, ..SimDevice::default() };
            club.devices.insert(door.target.clone(), device);
        }
        for target in site.hall.keys() {
            club.add(target.clone());
        }
        club
    }

    /// Devices react `speed` times as fast as real ones; above 0, usually 1 to 60.
    pub fn with_speed(mut self, speed: f64) -> SimClub {
        self.speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        self
    }

    pub fn add(&mut self, target: Target) {
        self.devices.insert(target, SimDevice::default());
    }

    /// Sets how `target` behaves towards `effect` from the next command on.
    pub fn set(&mut self, target: Target, effect: Effect, behaviour: Behaviour) {
        self.behaviours.insert((target, effect), behaviour);
    }

    pub fn behaviour(&self, target: &Target, effect: Effect) -> Behaviour {
        self.behaviours.get(&(target.clone(), effect)).copied().unwrap_or_default()
    }

    /// Every device with every effect its kind has, and how it behaves.
    pub fn list(&self) -> Vec<(Target, Effect, Behaviour)> {
        self.devices
            .keys()
            .flat_map(|target| Effect::ALL.iter().map(move |effect| (target, *effect)))
            .filter(|(target, effect)| fits(*effect, target))
            .map(|(target, effect)| (target.clone(), effect, self.behaviour(target, effect)))
            .collect()
    }

    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.devices.keys()
    }

    /// Whether the bay's agent, or the device, can be reached for its own effects.
    pub fn reachable(&self, now: UnixMs, target: &Target) -> bool {
        let agent_offline = PC_EFFECTS.iter().any(|e| self.behaviour(target, *e) == Behaviour::Offline);
        self.devices.get(target).is_some_and(|device| device.reachable(now)) && !agent_offline
    }

    pub fn is_plugged(&self, target: &Target) -> bool {
        self.devices.get(target).is_some_and(|device| !device.unplugged)
    }

    /// Plugs a device in or out by hand, and says what is seen of it.
    pub fn set_online(&mut self, now: UnixMs, target: &Target, online: bool) -> Schedule {
        let Some(device) = self.devices.get_mut(target) else { return Vec::new() };
        device.unplugged = !online;
        let reason = (!online).then(|| "unplugged (simulated)".to_owned());
        vec![(now, Observation::Reachable { online, effect: None, reason })]
    }

    /// What a healthy device shows when first looked at. However frozen it looks, a simulated bay reports
    /// its software running.
    pub fn snapshot(&self, now: UnixMs, target: &Target) -> Vec<Observation> {
        use Observation as O;
        let Some(device) = self.devices.get(target) else { return Vec::new() };
        if !self.reachable(now, target) {
            let reason = Some("offline (simulated)".to_owned());
            return vec![O::Reachable { online: false, effect: None, reason }];
        }
        let mut seen = vec![O::Reachable { online: true, effect: None, reason: None }];
        if target.bay().is_some() {
            seen.push(O::Boot { id: boot_id(target, device.boots) });
            seen.push(O::Software { running: true });
            seen.push(O::Radar { reachable: true });
            seen.push(O::Power { part: Part::Projector, on: true });
            seen.push(O::ProjectorInput { right: true });
            seen.push(O::Power { part: Part::Tv, on: true });
        } else {
            match target.as_str() {
                "audio" => seen.push(O::Playing { playing: true }),
                "lights" => seen.push(O::Lights { on: true }),
                "thermostat" => seen.push(O::SetPoint { celsius: 21.0 }),
                "network" => seen.push(O::Uptime { seconds: 86_400 }),
                _ => {
                    seen.push(O::Lock { unlocked: false });
                    if !device.no_position_sensor {
                        seen.push(O::Position { open: false });
                    }
                }
            }
        }
        seen
    }

    /// Gives a device a command and answers with all that will be observed of it.
    ///
    /// # Errors
    /// [`NotSent`]: the device is offline, or is none that can do this; nothing was sent.
    pub fn command(
        &mut self,
        now: UnixMs,
        effect_id: i64,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<Schedule, NotSent> {
        let reachable = self.reaches(now, effect, target);
        self.command_if(reachable, now, effect_id, effect, target, value)
    }

    /// As [`SimClub::command`] for a device with a wire of its own, which does not hang on the bay's PC.
    ///
    /// # Errors
    /// As [`SimClub::command`].
    pub fn command_own(&mut self, now: UnixMs, effect: Effect, target: &Target) -> Result<Schedule, NotSent> {
        let reachable = self.powered(target) && self.behaviour(target, effect) != Behaviour::Offline;
        self.command_if(reachable, now, 0, effect, target, None)
    }

    /// Whether the target has power: nobody unplugged it.
    pub fn powered(&self, target: &Target) -> bool {
        self.devices.get(target).is_some_and(|device| !device.unplugged)
    }

    fn command_if(
        &mut self,
        reachable: bool,
        now: UnixMs,
        effect_id: i64,
        effect: Effect,
        target: &Target,
        value: Option<f32>,
    ) -> Result<Schedule, NotSent> {
        let behaviour = self.behaviour(target, effect);
        let speed = self.speed;
        let Some(device) = self.devices.get_mut(target).filter(|_| fits(effect, target)) else {
            return Err(NotSent::Unsupported(effect));
        };
        if !reachable {
            return Err(NotSent::Offline(format!("{target} is offline (simulated)")));
        }
        let late = match behaviour {
            Behaviour::Slow(by) => by,
            _ => Duration::ZERO,
        };
        let at = |ms: u64| now + (Duration::from_millis(ms) + late).div_f64(speed);
        let acknowledged = (at(300), Observation::Acknowledged { effect_id });
        Ok(match behaviour {
            Behaviour::Silent | Behaviour::Offline => Vec::new(),
            Behaviour::Fail => {
                let reason = "the device refused it (simulated)".to_owned();
                vec![(at(300), Observation::Rejected { effect_id, reason })]
            }
            Behaviour::Lies => vec![acknowledged],
            Behaviour::Stuck if effect != Effect::DoorUnlock => vec![acknowledged],
            Behaviour::Ok | Behaviour::Slow(_) | Behaviour::Stuck => {
                let mut schedule = vec![acknowledged];
                let opens = behaviour != Behaviour::Stuck && !device.no_position_sensor;
                schedule.extend(working(device, effect_id, effect, target, value, opens, at));
                schedule
            }
        })
    }

    fn reaches(&self, now: UnixMs, effect: Effect, target: &Target) -> bool {
        if self.behaviour(target, effect) == Behaviour::Offline {
            return false;
        }
        match effect {
            // The switch and the outlet do not hang on the bay's PC; waking it is for when it is off.
            Effect::PcWake | Effect::PoeCycle | Effect::OutletCycle => true,
            Effect::SimRestart | Effect::RadarReset | Effect::PcReboot => self.reachable(now, target),
            _ => self.devices.get(target).is_some_and(|device| device.reachable(now)),
        }
    }
}

impl Default for SimClub {
    fn default() -> SimClub {
        SimClub::new()
    }
}

/// Whether devices with such a target have such an effect at all.
fn fits(effect: Effect, target: &Target) -> bool {
    match effect.scope() {
        Scope::Bay => target.bay().is_some(),
        Scope::Hall(name) => target.as_str() == name,
        Scope::Door => {
            let hall = Effect::ALL.iter().any(|e| e.scope() == hall_scope(target.as_str(), *e));
            target.bay().is_none() && !hall
        }
    }
}

/// The hall scope of `effect` if it has this name; else a scope that it does not have.
fn hall_scope(name: &str, effect: Effect) -> Scope {
    match effect.scope() {
        Scope::Hall(own) if own == name => Scope::Hall(own),
        Scope::Hall(_) | Scope::Bay => Scope::Door,
        Scope::Door => Scope::Bay,
    }
}

fn boot_id(target: &Target, boots: u32) -> String {
    format!("sim-{target}-boot-{boots}")
}

/// What follows the acknowledgement on a device that works. `at` takes milliseconds after the command.
fn working(
    device: &mut SimDevice,
    effect_id: i64,
    effect: Effect,
    target: &Target,
    value: Option<f32>,
    opens: bool,
    at: impl Fn(u64) -> UnixMs,
) -> Schedule {
    use Observation as O;
    let projector = |on| O::Power { part: Part::Projector, on };
    let tv = |on| O::Power { part: Part::Tv, on };
    match effect {
        Effect::SimRestart => {
            vec![(at(3_000), O::Software { running: false }), (at(120_000), O::Software { running: true })]
        }
        Effect::RadarReset => {
            vec![(at(2_000), O::Radar { reachable: false }), (at(45_000), O::Radar { reachable: true })]
        }
        Effect::PcReboot => {
            device.down = Some((at(5_000), at(150_000)));
            device.boots += 1;
            let reason = Some("restarting (simulated)".to_owned());
            vec![
                (at(5_000), O::Software { running: false }),
                (at(5_000), O::Reachable { online: false, effect: None, reason }),
                (at(150_000), O::Reachable { online: true, effect: None, reason: None }),
                (at(150_000), O::Boot { id: boot_id(target, device.boots) }),
                (at(150_000), O::Software { running: true }),
            ]
        }
        Effect::PcWake => {
            if device.unplugged {
                device.unplugged = false;
                device.boots += 1;
                device.down = Some((at(0), at(60_000)));
            }
            vec![
                (at(60_000), O::Reachable { online: true, effect: None, reason: None }),
                (at(60_000), O::Boot { id: boot_id(target, device.boots) }),
                (at(60_000), O::Software { running: true }),
            ]
        }
        Effect::ProjectorOn => vec![(at(35_000), projector(true))],
        Effect::ProjectorInput => vec![(at(3_000), O::ProjectorInput { right: true })],
        Effect::ProjectorOff => vec![(at(5_000), projector(false))],
        Effect::ProjectorCycle => vec![(at(5_000), projector(false)), (at(70_000), projector(true))],
        Effect::TvOn => vec![(at(3_000), tv(true))],
        Effect::TvOff => vec![(at(3_000), tv(false))],
        Effect::AudioRestart => vec![(at(8_000), O::Playing { playing: true })],
        Effect::LightsOn => vec![(at(1_000), O::Lights { on: true })],
        Effect::LightsOff => vec![(at(1_000), O::Lights { on: false })],
        Effect::ThermostatSet => {
            value.map(|celsius| (at(2_000), O::SetPoint { celsius })).into_iter().collect()
        }
        Effect::DoorUnlock => unlocked(effect_id, opens, at),
        Effect::PoeCycle | Effect::OutletCycle => {
            vec![(at(2_000), O::Supply { on: false }), (at(12_000), O::Supply { on: true })]
        }
        Effect::NetworkRestart => vec![(at(90_000), O::Uptime { seconds: 0 })],
    }
}

fn unlocked(effect_id: i64, opens: bool, at: impl Fn(u64) -> UnixMs) -> Schedule {
    let mut schedule = vec![
        (at(800), Observation::Lock { unlocked: true }),
        (at(1_000), Observation::UnlockLogged { effect_id }),
        (at(8_000), Observation::Lock { unlocked: false }),
    ];
    if opens {
        schedule.insert(2, (at(5_000), Observation::Position { open: true }));
        schedule.push((at(12_000), Observation::Position { open: false }));
    }
    schedule
}

/// The parts of a bay that cannot be read back now, because a device there lies or is silent.
pub(super) fn unreadable(club: &SimClub, target: &Target) -> BTreeSet<&'static str> {
    let hidden = |effects: &[Effect]| {
        effects.iter().any(|e| {
            matches!(club.behaviour(target, *e), Behaviour::Lies | Behaviour::Silent | Behaviour::Stuck)
        })
    };
    let mut parts = BTreeSet::new();
    if hidden(&[Effect::ProjectorOn, Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle]) {
        parts.insert("projector");
    }
    if hidden(&[Effect::TvOn, Effect::TvOff]) {
        parts.insert("tv");
    }
    parts
}

#[cfg(test)]
mod tests;
