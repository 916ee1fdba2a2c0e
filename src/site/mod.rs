//! The building: bays, doors, devices, facts, hours, people, from `site.toml`, validated.
//!
//! Owns the ids as types and the catalogue of effects. May use `clock`. Never talks to a device, and
//! never supplies a physical target that the file does not name.

mod discovery;
pub mod edit;
pub mod effect;
pub mod facts;
mod feed;
mod home_assistant;
pub mod ids;
pub mod lan;
pub mod llm;
pub mod load;
mod load_devices;
mod load_notify;
mod network;
pub mod notify;
mod parse;
pub mod plain;
pub mod problem;
mod protect;
pub mod raw;
pub mod secret;
pub mod texts;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use discovery::Discovery;
pub use effect::{Effect, Inverse, Outcome, Rest, Scope, Tier};
pub use feed::{Bookings, EventMap, FeedUrl, IcalFeed, Rule, Telemetry, is_allowed as is_allowed_url};
pub use home_assistant::HomeAssistant;
pub use ids::{BayId, E164, Target};
pub use lan::{LanDevice, LanFamily};
pub use llm::{CloudModel, LlmCompany};
pub use load::{LoadMode, SiteProblem, SiteProblems, load};
pub use network::{Gear, NetworkAccount, NetworkConsole, plain_mac};
pub use plain::Plain;
pub use problem::{Problem, Problems};
pub use protect::{Camera, KEPT as PROTECT_KEPT, Protect};
pub use texts::{TextCompany, Texts};

use crate::clock::UnixMs;

/// A validated site. Made only by the loader.
#[derive(Debug, Clone)]
pub struct Site {
    /// Short id, e.g. `clubhouse`.
    pub id: String,
    /// Name as customers know it.
    pub name: String,
    pub zone: jiff::tz::TimeZone,
    pub zone_name: String,
    pub bays: BTreeMap<BayId, Bay>,
    /// Keyed by target, e.g. `door-main`.
    pub doors: BTreeMap<Target, Door>,
    /// Devices of the hall (`audio`, `lights`, `thermostat`, `network`), keyed by target.
    pub hall: BTreeMap<Target, HallDevice>,
    /// The facts SOPs may state: placeholder name to text (`wifi_name` → `Clubhouse-Guest`).
    pub facts: BTreeMap<String, String>,
    pub policy: SitePolicy,
    pub hours: Hours,
    /// Nightly restarts; `None`: the site wants none.
    pub housekeeping: Option<Housekeeping>,
    pub people: Vec<Person>,
    pub broker: Option<Broker>,
    pub access: Option<AccessController>,
    /// Without it nothing of the club is seen in Home Assistant.
    pub home_assistant: Option<HomeAssistant>,
    /// Without it nobody listens for devices that announce themselves.
    pub discovery: Option<Discovery>,
    pub network: Option<NetworkConsole>,
    /// Without it no picture is taken.
    pub protect: Option<Protect>,
    pub bookings: Bookings,
    pub telemetry: Telemetry,
    /// How people are called.
    pub notify: notify::Notify,
    /// Without it no text comes in or goes out.
    pub texts: Option<Texts>,
    /// Without it no word leaves the box for a model.
    pub llm: Option<CloudModel>,
    /// Targets whose devices are simulated although a real wire leads to them. Empty in a real club; only
    /// the simulated club, which puts its devices behind real wires, fills it.
    pub simulated: BTreeSet<Target>,
}

#[derive(Debug, Clone)]
pub struct Bay {
    pub id: BayId,
    /// Other names customers use: "by the washroom", "first on the left". Lower case.
    pub aliases: Vec<String>,
    /// How each effect of this bay is driven. An effect that is missing here cannot be done.
    pub drivers: BTreeMap<Effect, DriverKind>,
}

#[derive(Debug, Clone)]
pub struct Door {
    pub target: Target,
    /// As said to customers: "main door".
    pub label: String,
    pub aliases: Vec<String>,
    pub staff_only: bool,
    /// Whether a door position sensor is wired.
    pub has_position: bool,
    pub driver: DriverKind,
}

#[derive(Debug, Clone)]
pub struct HallDevice {
    pub target: Target,
    pub driver: DriverKind,
    pub effects: Vec<Effect>,
}

/// Which driver family carries an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriverKind {
    /// The bay's own PC agent over MQTT (`clubos/v1/bay/<id>/…`).
    AgentMqtt,
    /// The bay's own PC agent over HTTP, which asks this box (`/api/v1/agent/…`).
    AgentHttp,
    /// UniFi Access over HTTPS; the door's id at the controller.
    UnifiAccess { door_id: String },
    /// UniFi Network over HTTPS; what of its gear is meant.
    UnifiNetwork(Gear),
    /// A device of another family, at an address of its own or behind the broker.
    Lan(LanDevice),
    /// A simulated device. Accepted only by `demo`, `simulate` and tests.
    Simulated,
}

#[derive(Debug, Clone)]
pub struct SitePolicy {
    /// The door opens this long before a booking starts. Default 15 min.
    pub entry_before: Duration,
    /// … and this long after it ends. Default 15 min.
    pub entry_after: Duration,
    /// Unlocks sent per booking without a person. Default 2.
    pub unlocks_per_booking: u32,
    /// Whether an emergency may release doors. Default false.
    pub emergency_release: bool,
}

/// When outbound that we start, and medium and low alerts, are held.
#[derive(Debug, Clone)]
pub struct Hours {
    pub quiet_from: jiff::civil::Time,
    pub quiet_to: jiff::civil::Time,
    /// When the daily digest is sent, site time. Default 08:00, or the end of the quiet hours if that is
    /// later; `None`: never (`off`).
    pub digest: Option<jiff::civil::Time>,
}

/// What is done to every bay once a night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Housekeeping {
    /// Site time.
    pub at: jiff::civil::Time,
    /// One of `sim.restart`, `radar.reset`, `pc.reboot`.
    pub effect: Effect,
}

impl Hours {
    /// Whether a time of day at the site is in the quiet hours.
    pub fn is_quiet(&self, now: jiff::civil::Time) -> bool {
        let (from, to) = (self.quiet_from, self.quiet_to);
        if from <= to { from <= now && now < to } else { now >= from || now < to }
    }
}

#[derive(Debug, Clone)]
pub struct Person {
    /// Short name used everywhere: `dana`.
    pub name: String,
    pub role: Role,
    pub phone: Option<E164>,
    /// Their id at Slack, `U…`: mentioned there, and known by it when they press a button.
    pub slack: Option<String>,
    /// File with the name of an ntfy topic of their own.
    pub ntfy_topic_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    OnCall,
    Manager,
}

/// The MQTT broker on the device network.
#[derive(Debug, Clone)]
pub struct Broker {
    pub host: String,
    pub port: u16,
    pub username: String,
    pub password_file: PathBuf,
    /// Where devices that cannot do TLS come in, on the device network. `None`: nobody does without.
    pub plain_devices: Option<SocketAddr>,
}

/// A UniFi Access console.
#[derive(Debug, Clone)]
pub struct AccessController {
    /// `https://<console>:12445`.
    pub url: String,
    pub token_file: PathBuf,
    /// SHA-256 of the certificate (DER), lower-case hex; the connection is refused on any other.
    pub certificate_sha256: String,
    /// What its webhooks are signed with. `None`: none are taken.
    pub webhook_secret_file: Option<PathBuf>,
}

impl Site {
    /// The wall-clock time at the site.
    pub fn local(&self, at: UnixMs) -> jiff::ZonedDateTime {
        at.timestamp().to_zoned_datetime(self.zone.clone())
    }

    pub fn is_quiet(&self, at: UnixMs) -> bool {
        self.hours.is_quiet(self.local(at).time())
    }

    /// Whether the site names this target at all.
    pub fn knows(&self, target: &Target) -> bool {
        self.doors.contains_key(target)
            || self.hall.contains_key(target)
            || target.bay().is_some_and(|bay| self.bays.contains_key(&bay))
    }

    /// The driver that carries `effect` on `target`, if the site has one.
    pub fn driver(&self, effect: Effect, target: &Target) -> Option<&DriverKind> {
        match effect.scope() {
            Scope::Bay => self.bays.get(&target.bay()?)?.drivers.get(&effect),
            Scope::Door => self.doors.get(target).map(|door| &door.driver),
            Scope::Hall(name) => {
                let device = self.hall.get(target).filter(|d| d.target.as_str() == name)?;
                device.effects.contains(&effect).then_some(&device.driver)
            }
        }
    }

    /// Whether `effect` on `target` moves nothing real, whatever wire it hangs on.
    pub fn pretends(&self, effect: Effect, target: &Target) -> bool {
        self.simulated.contains(target) || self.driver(effect, target) == Some(&DriverKind::Simulated)
    }

    /// The doors a customer may be let in by.
    pub fn customer_doors(&self) -> impl Iterator<Item = &Door> {
        self.doors.values().filter(|door| !door.staff_only)
    }
}
