//! The physical part of `site.toml`: bays, doors and the hall, each device with the driver that moves it.
//!
//! Nothing here has a default: what the file does not name cannot be acted on.

use std::collections::BTreeMap;

use super::load::LoadMode;
use super::problem::{Problems, did_you_mean};
use super::raw::{Fields, Spot};
use super::validate;
use super::{Bay, BayId, Door, DriverKind, Effect, Gear, HallDevice, Scope, Target, network};

/// Devices of the hall, by target name.
const HALL: &[&str] = &["audio", "lights", "thermostat", "network"];

/// Every driver family.
const DRIVERS: &[&str] = &["agent-mqtt", "agent-http", "unifi-access", "unifi-network", "simulated"];

/// What the file names, with lines.
#[derive(Debug, Default)]
pub struct Devices {
    pub bays: Vec<Spot<Bay>>,
    pub doors: Vec<Spot<Door>>,
    pub hall: Vec<Spot<HallDevice>>,
}

/// Reads `[[bays]]`, `[[doors]]` and `[hall.*]`.
pub fn devices(top: &mut Fields, mode: LoadMode, problems: &mut Problems) -> Devices {
    let mut devices = Devices::default();
    let mut names = validate::Names::default();
    for mut table in top.tables("bays", problems) {
        devices.bays.extend(bay(&mut table, mode, &mut names, problems));
        table.finish(problems);
    }
    for mut table in top.tables("doors", problems) {
        devices.doors.extend(door(&mut table, mode, &mut names, problems));
        table.finish(problems);
    }
    if let Some(hall) = top.table("hall", problems) {
        for (name, mut table) in hall.all_tables(problems) {
            devices.hall.extend(hall_device(&name, &mut table, mode, problems));
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
    mode: LoadMode,
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
        let driver = driver(&mut device, mode, &["agent-mqtt", "agent-http", "unifi-network"], problems);
        let effects = effects(&mut device, |scope| scope == Scope::Bay, "a bay", problems);
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
    mode: LoadMode,
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
    let driver = driver(table, mode, &["unifi-access"], problems);
    let target = Target::new(target?.value);
    let door =
        Door { target, label: label?.value, aliases, staff_only: staff_only?, has_position, driver: driver? };
    Some(Spot { value: door, line: table.line })
}

fn hall_device(
    name: &str,
    table: &mut Fields,
    mode: LoadMode,
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
        driver(table, mode, DRIVERS, problems);
        table.texts("effects", problems);
        return None;
    };
    let real: &[&str] = if target == "network" { &["unifi-network"] } else { &[] };
    let driver = driver(table, mode, real, problems);
    let watched = driver == Some(DriverKind::UnifiNetwork(Gear::Watched));
    let fits = |scope| scope == Scope::Hall(target);
    let effects = if watched { Vec::new() } else { effects(table, fits, name, problems) };
    Some(Spot { value: HallDevice { target: Target::new(name), driver: driver?, effects }, line: table.line })
}

/// Reads `driver`. `real` are the families that move this kind of device.
fn driver(table: &mut Fields, mode: LoadMode, real: &[&str], problems: &mut Problems) -> Option<DriverKind> {
    let found = table.need_text(
        "driver",
        "write how it is moved: \"agent-mqtt\", \"agent-http\" or \"unifi-access\"",
        problems,
    )?;
    let name = found.value.as_str();
    if DRIVERS.contains(&name) && name != "simulated" && !real.contains(&name) {
        let mend = if real.is_empty() {
            "leave the device out: no driver here moves it yet".to_owned()
        } else {
            format!("use one of: {}", real.join(", "))
        };
        problems.add(found.line, table.at("driver"), format!("`{name}` does not move such a device"), mend);
    }
    match name {
        "agent-mqtt" => Some(DriverKind::AgentMqtt),
        "agent-http" => Some(DriverKind::AgentHttp),
        "unifi-access" => {
            let door = table.need_text("door_id", "write the door's id at the controller", problems)?;
            Some(DriverKind::UnifiAccess { door_id: door.value })
        }
        "unifi-network" => {
            let of_a_bay = real.contains(&"agent-mqtt");
            network::gear(table, of_a_bay, problems).map(DriverKind::UnifiNetwork)
        }
        "simulated" if mode == LoadMode::Simulated => Some(DriverKind::Simulated),
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
            let guess = did_you_mean(other, DRIVERS.iter().copied());
            problems.add(
                found.line,
                table.at("driver"),
                format!("there is no driver `{other}`{guess}"),
                format!("use one of: {}", DRIVERS.join(", ")),
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
