//! The physical part of `site.toml`: bays, doors and the hall, each device with the driver that moves it.
//!
//! Nothing here has a default: what the file does not name cannot be acted on.

use std::collections::BTreeMap;
use std::path::Path;

use super::load::LoadMode;
use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};
use super::validate;
use super::{Bay, BayId, Door, DriverKind, Effect, Gear, HallDevice, LanFamily, Scope, Target, network};

/// Devices of the hall, by target name.
const HALL: &[&str] = &["audio", "lights", "thermostat", "network"];

/// Every driver family but those of [`LanFamily`].
const DRIVERS: &[&str] = &["agent-mqtt", "agent-http", "unifi-access", "unifi-network", "simulated"];

/// Where this file is read from, and whether simulated devices may stand in it.
#[derive(Clone, Copy)]
struct Source<'a> {
    beside: &'a Path,
    mode: LoadMode,
}

fn all_drivers() -> Vec<&'static str> {
    DRIVERS.iter().copied().chain(LanFamily::ALL.iter().map(|family| family.name())).collect()
}

/// What the file names, with lines.
#[derive(Debug, Default)]
pub struct Devices {
    pub bays: Vec<Spot<Bay>>,
    pub doors: Vec<Spot<Door>>,
    pub hall: Vec<Spot<HallDevice>>,
}

/// Reads `[[bays]]`, `[[doors]]` and `[hall.*]`.
pub fn devices(top: &mut Fields, beside: &Path, mode: LoadMode, problems: &mut Problems) -> Devices {
    let from = Source { beside, mode };
    let mut devices = Devices::default();
    let mut names = validate::Names::default();
    for mut table in top.tables("bays", problems) {
        devices.bays.extend(bay(&mut table, from, &mut names, problems));
        table.finish(problems);
    }
    for mut table in top.tables("doors", problems) {
        devices.doors.extend(door(&mut table, from, &mut names, problems));
        table.finish(problems);
    }
    if let Some(hall) = top.table("hall", problems) {
        for (name, mut table) in hall.all_tables(problems) {
            devices.hall.extend(hall_device(&name, &mut table, from, problems));
            table.finish(problems);
        }
    }
    if devices.bays.is_empty() {
        problems.add(0, "bays", "the site has no bay", "write a `[[bays]]` for each, with its number");
    }
    validate::unique(&devices, problems);
    devices
}

fn bay(
    table: &mut Fields,
    from: Source<'_>,
    names: &mut validate::Names,
    problems: &mut Problems,
) -> Option<Spot<Bay>> {
    if !table.has("number") {
        problems.add(table.line, table.at("number"), "is missing", "write the number on the wall");
    }
    let number = table.whole("number", 1..=99, problems).and_then(|n| u8::try_from(n.value).ok());
    let owner = number.map_or_else(|| "a bay".to_owned(), |n| format!("bay {n}"));
    let aliases = aliases(table, &owner, names, problems);
    let mut drivers = BTreeMap::new();
    for mut device in table.tables("devices", problems) {
        let line = device.line;
        let driver = driver(&mut device, from, Place::Bay, problems);
        let effects = effects(&mut device, |scope| scope == Scope::Bay, "a bay", problems);
        can_carry(&device, driver.as_ref(), &effects, problems);
        for effect in effects {
            if let Some(driver) = &driver
                && drivers.insert(effect, driver.clone()).is_some()
            {
                problems.add(
                    line,
                    device.at("effects"),
                    format!("two devices of {owner} carry `{effect}`"),
                    "keep it at one",
                );
            }
        }
        device.finish(problems);
    }
    Some(Spot { value: Bay { id: BayId(number?), aliases, drivers }, line: table.line })
}

fn door(
    table: &mut Fields,
    from: Source<'_>,
    names: &mut validate::Names,
    problems: &mut Problems,
) -> Option<Spot<Door>> {
    let target = table.need_text("target", "write its name for ClubOS, like \"door-main\"", problems);
    let target = target.filter(|t| validate::door_target(t, &table.at("target"), problems));
    let label = table.need_text("label", "write what customers call it, like \"main door\"", problems);
    if let Some(label) = &label {
        names.claim(&label.value, &label.value, label.line, &table.at("label"), problems);
    }
    let owner = label.as_ref().map_or_else(|| "a door".to_owned(), |label| label.value.clone());
    let aliases = aliases(table, &owner, names, problems);
    if !table.has("staff_only") {
        let mend = "write `staff_only = true` or `false`: it decides who may be let in";
        problems.add(table.line, table.at("staff_only"), "is missing", mend);
    }
    let staff_only = table.flag("staff_only", problems);
    let has_position = table.flag("position_sensor", problems).unwrap_or(false);
    let driver = driver(table, from, Place::Door, problems);
    let target = Target::new(target?.value);
    let door =
        Door { target, label: label?.value, aliases, staff_only: staff_only?, has_position, driver: driver? };
    Some(Spot { value: door, line: table.line })
}

fn hall_device(
    name: &str,
    table: &mut Fields,
    from: Source<'_>,
    problems: &mut Problems,
) -> Option<Spot<HallDevice>> {
    let Some(target) = HALL.iter().copied().find(|h| *h == name) else {
        let guess = did_you_mean(name, HALL.iter().copied());
        problems.add(
            table.line,
            table.at(""),
            format!("the hall has no device `{name}`{guess}"),
            format!("use one of: {}", HALL.join(", ")),
        );
        // Its keys are no news beside that.
        driver(table, from, Place::Unknown, problems);
        table.texts("effects", problems);
        return None;
    };
    let driver = driver(table, from, Place::Hall(target), problems);
    let watched = driver == Some(DriverKind::UnifiNetwork(Gear::Watched));
    let fits = |scope| scope == Scope::Hall(target);
    let effects = if watched { Vec::new() } else { effects(table, fits, name, problems) };
    can_carry(table, driver.as_ref(), &effects, problems);
    Some(Spot { value: HallDevice { target: Target::new(name), driver: driver?, effects }, line: table.line })
}

/// What kind of thing a driver is named for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Bay,
    Door,
    Hall(&'static str),
    /// A mistake that was told already.
    Unknown,
}

impl Place {
    /// Whether a family moves anything of this kind.
    fn takes(self, name: &str) -> bool {
        let scope = match self {
            Place::Unknown => return true,
            Place::Door => return name == "unifi-access",
            Place::Bay if matches!(name, "agent-mqtt" | "agent-http" | "unifi-network") => return true,
            Place::Hall("network") if name == "unifi-network" => return true,
            Place::Bay => Scope::Bay,
            Place::Hall(hall) => Scope::Hall(hall),
        };
        let family = LanFamily::parse(name);
        family.is_some_and(|f| Effect::ALL.iter().any(|e| e.scope() == scope && f.carries(*e)))
    }
}

/// Complains about effects that the device's family cannot carry.
fn can_carry(table: &Fields, driver: Option<&DriverKind>, effects: &[Effect], problems: &mut Problems) {
    let Some(DriverKind::Lan(device)) = driver else { return };
    let family = device.family();
    for effect in effects.iter().filter(|effect| !family.carries(**effect)) {
        let can: Vec<&str> =
            Effect::ALL.iter().filter(|e| family.carries(**e)).map(|effect| effect.name()).collect();
        let what = format!("`{}` cannot do `{effect}`", family.name());
        problems.add(table.line, table.at("effects"), what, format!("it can do: {}", can.join(", ")));
    }
    let able = effects.iter().filter(|effect| family.carries(**effect));
    let mut told = Vec::new();
    for (effect, (key, mend)) in able.filter_map(|effect| Some((effect, device.lacks(*effect)?))) {
        if !told.contains(&key) {
            told.push(key);
            let what = format!("as it is written, this device cannot do `{effect}`");
            problems.add(table.line, table.at(key), what, mend);
        }
    }
}

/// Reads `driver` and the keys that its family needs.
fn driver(table: &mut Fields, from: Source<'_>, place: Place, problems: &mut Problems) -> Option<DriverKind> {
    let takes: Vec<&str> = all_drivers().into_iter().filter(|name| place.takes(name)).collect();
    let mend = format!("write how it is moved, one of: {}", takes.join(", "));
    let found = table.need_text("driver", &mend, problems)?;
    let name = found.value.as_str();
    if all_drivers().contains(&name) && name != "simulated" && !place.takes(name) {
        let mend = if takes.is_empty() {
            "leave the device out: no driver here moves it yet".to_owned()
        } else {
            format!("use one of: {}", takes.join(", "))
        };
        problems.add(found.line, table.at("driver"), format!("`{name}` does not move such a device"), mend);
    }
    if let Some(family) = LanFamily::parse(name) {
        return family.read(table, from.beside, problems).map(DriverKind::Lan);
    }
    match name {
        "agent-mqtt" => Some(DriverKind::AgentMqtt),
        "agent-http" => Some(DriverKind::AgentHttp),
        "unifi-access" => {
            let door = table.need_text("door_id", "write the door's id at the controller", problems)?;
            Some(DriverKind::UnifiAccess { door_id: door.value })
        }
        "unifi-network" => network::gear(table, place == Place::Bay, problems).map(DriverKind::UnifiNetwork),
        "simulated" if from.mode == LoadMode::Simulated => Some(DriverKind::Simulated),
        "simulated" => {
            let what = "a simulated device in a real club would say that doors open which do not";
            problems.add(
                found.line,
                table.at("driver"),
                what,
                "name the real driver; only `demo` and `simulate` take simulated ones",
            );
            None
        }
        other => {
            let guess = did_you_mean(other, all_drivers());
            problems.add(
                found.line,
                table.at("driver"),
                format!("there is no driver `{other}`{guess}"),
                format!("use one of: {}", all_drivers().join(", ")),
            );
            None
        }
    }
}

fn effects(
    table: &mut Fields,
    fits: impl Fn(Scope) -> bool,
    owner: &str,
    problems: &mut Problems,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let found = table.texts("effects", problems);
    if found.is_empty() {
        problems.add(
            table.line,
            table.at("effects"),
            "names no effect",
            "write what this device can do, like [\"sim.restart\"]",
        );
    }
    for text in found {
        match Effect::parse(&text.value) {
            None => {
                let guess = did_you_mean(&text.value, Effect::ALL.iter().map(|e| e.name()));
                problems.add(
                    text.line,
                    table.at("effects"),
                    format!("there is no effect `{}`{guess}", text.value),
                    "see the list in docs/site.md",
                );
            }
            Some(effect) if !fits(effect.scope()) => {
                problems.add(
                    text.line,
                    table.at("effects"),
                    format!("`{effect}` is nothing {owner} can do"),
                    "move it to the device that does it",
                );
            }
            Some(effect) if effects.contains(&effect) => {
                problems.add(
                    text.line,
                    table.at("effects"),
                    format!("`{effect}` stands twice"),
                    "keep it once",
                );
            }
            Some(effect) => effects.push(effect),
        }
    }
    effects
}

fn aliases(
    table: &mut Fields,
    owner: &str,
    names: &mut validate::Names,
    problems: &mut Problems,
) -> Vec<String> {
    let found = table.texts("aliases", problems);
    let key = table.at("aliases");
    let mut kept = Vec::with_capacity(found.len());
    for alias in found {
        let lower = alias.value.to_lowercase();
        if names.claim(&lower, owner, alias.line, &key, problems) {
            kept.push(lower);
        }
    }
    kept
}
