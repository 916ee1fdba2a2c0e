//! The catalogue of effects: everything this house can do to the physical world, and nothing else.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who must stand behind an effect (the policy gate decides what that takes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    /// Read, answer, guide, ticket: nobody.
    T0,
    /// Reversible, in one bay or the hall: booking or presence there, or staff.
    T1,
    /// Unlock a named door: a booking whose window is open now, or staff.
    T2,
    /// A person with the role, by name.
    T3,
}

/// What kind of target an effect needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Bay,
    Door,
    /// A device of the hall with this target name.
    Hall(&'static str),
}

macro_rules! effects {
    ($($variant:ident $name:literal $scope:expr, $tier:ident, interrupts $interrupts:literal,
       cooldown $cooldown:literal s, verify $verify:literal s;)*) => {
        /// An action on a device. Names, tiers and times are the contract of the house.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Effect { $(#[serde(rename = $name)] $variant,)* }

        impl Effect {
            pub const ALL: &'static [Effect] = &[$(Effect::$variant,)*];

            pub fn name(self) -> &'static str {
                match self { $(Effect::$variant => $name,)* }
            }

            pub fn parse(name: &str) -> Option<Effect> {
                match name { $($name => Some(Effect::$variant),)* _ => None }
            }

            pub fn scope(self) -> Scope {
                match self { $(Effect::$variant => $scope,)* }
            }

            /// The lowest tier of the effect; `door.unlock` rises to T3 on a staff door.
            pub fn tier(self) -> Tier {
                match self { $(Effect::$variant => Tier::$tier,)* }
            }

            /// Whether it stops somebody's game, so that it is asked for once.
            pub fn interrupts_play(self) -> bool {
                match self { $(Effect::$variant => $interrupts,)* }
            }

            /// The least time between two of the same on one target, counted from `sent_at`.
            pub fn cooldown(self) -> Duration {
                Duration::from_secs(match self { $(Effect::$variant => $cooldown,)* })
            }

            /// How long after `sent_at` an observation can still verify it.
            pub fn verify_within(self) -> Duration {
                Duration::from_secs(match self { $(Effect::$variant => $verify,)* })
            }
        }
    };
}

effects! {
    SimRestart      "sim.restart"      Scope::Bay,               T1, interrupts true,  cooldown 300 s,  verify 240 s;
    RadarReset      "radar.reset"      Scope::Bay,               T1, interrupts true,  cooldown 300 s,  verify 120 s;
    PcReboot        "pc.reboot"        Scope::Bay,               T1, interrupts true,  cooldown 600 s,  verify 360 s;
    PcWake          "pc.wake"          Scope::Bay,               T1, interrupts false, cooldown 120 s,  verify 180 s;
    ProjectorOn     "projector.on"     Scope::Bay,               T1, interrupts false, cooldown 180 s,  verify 120 s;
    ProjectorInput  "projector.input"  Scope::Bay,               T1, interrupts false, cooldown 180 s,  verify 120 s;
    ProjectorOff    "projector.off"    Scope::Bay,               T1, interrupts true,  cooldown 180 s,  verify 120 s;
    ProjectorCycle  "projector.cycle"  Scope::Bay,               T1, interrupts true,  cooldown 180 s,  verify 120 s;
    TvOn            "tv.on"            Scope::Bay,               T1, interrupts false, cooldown 30 s,   verify 30 s;
    TvOff           "tv.off"           Scope::Bay,               T1, interrupts false, cooldown 30 s,   verify 30 s;
    AudioRestart    "audio.restart"    Scope::Hall("audio"),     T1, interrupts false, cooldown 300 s,  verify 60 s;
    LightsOn        "lights.on"        Scope::Hall("lights"),    T1, interrupts false, cooldown 30 s,   verify 15 s;
    LightsOff       "lights.off"       Scope::Hall("lights"),    T3, interrupts false, cooldown 30 s,   verify 15 s;
    ThermostatSet   "thermostat.set"   Scope::Hall("thermostat"),T1, interrupts false, cooldown 600 s,  verify 60 s;
    DoorUnlock      "door.unlock"      Scope::Door,              T2, interrupts false, cooldown 10 s,   verify 15 s;
    PoeCycle        "poe.cycle"        Scope::Bay,               T3, interrupts true,  cooldown 600 s,  verify 60 s;
    OutletCycle     "outlet.cycle"     Scope::Bay,               T3, interrupts true,  cooldown 600 s,  verify 60 s;
    NetworkRestart  "network.restart"  Scope::Hall("network"),   T3, interrupts true,  cooldown 1800 s, verify 300 s;
}

impl Effect {
    /// How long a request stays good if it could not be sent: 60 s for doors, 10 min for the rest.
    pub fn expires_after(self) -> Duration {
        match self.scope() {
            Scope::Door => Duration::from_secs(60),
            Scope::Bay | Scope::Hall(_) => Duration::from_secs(600),
        }
    }
}

/// What takes an effect back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inverse {
    /// Another effect on the same target.
    By(Effect),
    /// The same again, with the number that was in force before.
    EarlierValue,
}

/// What becomes of the device if the box dies right after the effect was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// The device ends it by itself: a restart comes back, a cycle's timer switches on again, a door locks.
    ComesBack,
    /// It stays as it was told, which harms nobody.
    Stays,
}

impl Effect {
    /// What takes it back; `None` where nothing does: a restart cannot be undone, a door locks by itself.
    pub fn inverse(self) -> Option<Inverse> {
        match self {
            Effect::ProjectorOn => Some(Inverse::By(Effect::ProjectorOff)),
            Effect::ProjectorOff => Some(Inverse::By(Effect::ProjectorOn)),
            Effect::TvOn => Some(Inverse::By(Effect::TvOff)),
            Effect::TvOff => Some(Inverse::By(Effect::TvOn)),
            Effect::LightsOn => Some(Inverse::By(Effect::LightsOff)),
            Effect::LightsOff => Some(Inverse::By(Effect::LightsOn)),
            Effect::ThermostatSet => Some(Inverse::EarlierValue),
            Effect::SimRestart
            | Effect::RadarReset
            | Effect::PcReboot
            | Effect::PcWake
            | Effect::ProjectorInput
            | Effect::ProjectorCycle
            | Effect::AudioRestart
            | Effect::DoorUnlock
            | Effect::PoeCycle
            | Effect::OutletCycle
            | Effect::NetworkRestart => None,
        }
    }

    /// The state that it leads to by itself, with nobody there to end it.
    pub fn rest(self) -> Rest {
        match self {
            Effect::ProjectorOn
            | Effect::ProjectorOff
            | Effect::ProjectorInput
            // A projector has no timer: the box ends the cycle, and if it dies in between, it stays off.
            | Effect::ProjectorCycle
            | Effect::PcWake
            | Effect::TvOn
            | Effect::TvOff
            | Effect::LightsOn
            | Effect::LightsOff
            | Effect::ThermostatSet => Rest::Stays,
            Effect::SimRestart
            | Effect::RadarReset
            | Effect::PcReboot
            | Effect::AudioRestart
            | Effect::DoorUnlock
            | Effect::PoeCycle
            | Effect::OutletCycle
            | Effect::NetworkRestart => Rest::ComesBack,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an effect ended. There is no "done": only what was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Verified,
    Failed,
    Unknown,
    Refused,
    Expired,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Verified => "verified",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
            Outcome::Refused => "refused",
            Outcome::Expired => "expired",
        }
    }

    pub fn parse(name: &str) -> Option<Outcome> {
        [Outcome::Verified, Outcome::Failed, Outcome::Unknown, Outcome::Refused, Outcome::Expired]
            .into_iter()
            .find(|o| o.name() == name)
    }
}
