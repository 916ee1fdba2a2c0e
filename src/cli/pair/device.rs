//! Pairing a device at an address of its own or behind the broker: its own driver looks at it, and what that sees is the
//! test. It is told nothing.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;

use super::places::{Places, keep_secret};
use super::trial::TrialArgs;
use super::{PairError, quoted};
use crate::clock::Clock;
use crate::device::lan::{LanDriver, LanOptions};
use crate::device::mqtt::{MqttDeviceOptions, MqttDriver};
use crate::device::{DeviceEvent, DeviceHealth, Driver, LanUnit, Observation, unit};
use crate::site::edit::{self, EditError};
use crate::site::{DriverKind, Effect, LanFamily, Scope, Site, Target, load};

/// How long it is waited for.
const WITHIN: Duration = Duration::from_secs(15);
/// … and then, for more that it shows.
const MORE: Duration = Duration::from_millis(500);

#[derive(Args)]
pub struct DeviceArgs {
    /// Where it is: bay-2, lights, thermostat
    target: String,
    /// A key of its driver as in docs/site.md; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    keys: Vec<String>,
    /// What it carries there, with commas: projector.on,projector.off [default: all that it can and nothing else does]
    #[arg(long, value_name = "EFFECTS", value_delimiter = ',')]
    effects: Vec<String>,
    /// It wants a password, which is asked for
    #[arg(long)]
    password: bool,
    /// Behind the broker only: do not wait for it. Its user at the broker is made from site.toml, so a device that is
    /// new there can say nothing yet
    #[arg(long)]
    untested: bool,
    #[command(flatten)]
    trial: TrialArgs,
    #[command(flatten)]
    places: Places,
}

/// Keys that are numbers, whatever the family.
const NUMBERS: [&str; 8] =
    ["port", "relay", "off_s", "channel", "cycle_seconds", "generation", "playing_above_w", "settle_s"];

pub fn pair(name: &'static str, args: &DeviceArgs) -> anyhow::Result<()> {
    let usage = |what: String| anyhow::Error::from(PairError::Usage(what));
    let family =
        LanFamily::parse(name).ok_or_else(|| usage(format!("this version has no driver `{name}`")))?;
    let places = &args.places;
    let text = places.text()?;
    let target = Target::new(args.target.as_str());
    let site = load::read("site.toml", &text, places.written(&text).beside, places.written(&text).mode)
        .map_err(PairError::from)?;
    if args.trial.wanted && args.keys.is_empty() {
        let paired = paired(family, &site, &target);
        if !paired.is_empty() {
            return args.trial.run(&target, &paired, false);
        }
    }
    let effects = effects(args, family, &site, &target)?;
    args.trial.check(&effects)?;
    if args.trial.wanted && !places.write {
        return Err(usage("what the box is to try has to stand in site.toml: give --write too".to_owned()));
    }
    let mut keys = vec![format!("driver = \"{name}\"")];
    for key in &args.keys {
        let (key, value) = key.split_once('=').ok_or_else(|| usage(format!("`{key}` is no KEY=VALUE")))?;
        if ["password", "password_file"].contains(&key) {
            return Err(usage("a password is asked for: give --password".to_owned()));
        }
        let plain = NUMBERS.contains(&key) && value.parse::<i64>().is_ok();
        keys.push(format!("{key} = {}", if plain { value.to_owned() } else { quoted(value) }));
    }
    let secret = match args.password {
        true => {
            Some(places.secret(&format!("Password of the device at {target} (it is shown as you type):"))?)
        }
        false => None,
    };
    let secret_name = format!("{target}-{name}-password");
    let (file, named) = places.secret_file(&secret_name);
    let with = |password: Option<String>| {
        let mut keys = keys.clone();
        keys.extend(password.map(|password| format!("password_file = {}", quoted(&password))));
        keys.join("\n")
    };
    let trying = Trying::new(&file, secret.as_deref())?;
    let tried = with(trying.path());
    let tested =
        edit::with_device(places.written(&text), &target, &effects, &tried).map_err(PairError::from)?;
    let site = load::read("site.toml", &tested, places.written(&text).beside, places.written(&text).mode)
        .map_err(EditError::After)
        .map_err(PairError::from)?;
    let device = unit::of(&site).into_iter().find(|unit| {
        unit.target == target
            && unit.device.family() == family
            && effects.iter().all(|e| unit.effects.contains(e))
    });
    let device =
        device.ok_or_else(|| usage("the device cannot be told from another one there".to_owned()))?;
    if args.untested {
        if !family.needs_broker() {
            return Err(usage("what has an address of its own is tested first".to_owned()));
        }
        println!("Not tested. Then: clubos broker init, clubos broker show, and give the device its user.");
    } else {
        let seen = look(&site, device)?;
        let shown = if seen.is_empty() { String::new() } else { format!(": {}", seen.join(", ")) };
        println!("It answers{shown}.");
    }
    drop(trying);
    let keys = with(secret.as_ref().map(|_| named));
    let after =
        edit::with_device(places.written(&text), &target, &effects, &keys).map_err(PairError::from)?;
    if let Some(secret) = &secret {
        keep_secret(&file, secret)?;
        println!("The password is in {}, for its owner alone.", file.display());
        if let Some(more) = places.about_secret(&secret_name) {
            println!("{more}");
        }
    }
    places.finish(&text, &after, &edit::device_block(&target, &effects, &keys))?;
    if args.trial.wanted {
        return args.trial.run(&target, &effects, true);
    }
    println!("Once the box was started again, try it: clubos pair {name} {target} --try --as NAME");
    Ok(())
}

/// What this family carries there by site.toml as it is.
fn paired(family: LanFamily, site: &Site, target: &Target) -> Vec<Effect> {
    let by_it = |effect: &Effect| matches!(site.driver(*effect, target), Some(DriverKind::Lan(device)) if device.family() == family);
    Effect::ALL.iter().copied().filter(by_it).collect()
}

fn effects(
    args: &DeviceArgs,
    family: LanFamily,
    site: &Site,
    target: &Target,
) -> anyhow::Result<Vec<Effect>> {
    let fits = |effect: &Effect| match effect.scope() {
        Scope::Bay => target.bay().is_some(),
        Scope::Hall(name) => name == target.as_str(),
        Scope::Door => false,
    };
    let named = args.effects.iter().map(|name| {
        Effect::parse(name).ok_or_else(|| PairError::Usage(format!("there is no effect `{name}`")))
    });
    let mut effects = named.collect::<Result<Vec<_>, _>>()?;
    if effects.is_empty() {
        let free = |effect: &Effect| family.carries(*effect) && site.driver(*effect, target).is_none();
        effects = Effect::ALL.iter().copied().filter(|effect| fits(effect) && free(effect)).collect();
    }
    if effects.is_empty() {
        let why = format!("`{}` can do nothing at {target} that is not done there already", family.name());
        return Err(PairError::Usage(why).into());
    }
    Ok(effects)
}

/// A password's file while it is tried; gone with the value.
struct Trying(Option<PathBuf>);

impl Trying {
    fn new(beside: &std::path::Path, secret: Option<&str>) -> anyhow::Result<Trying> {
        let Some(secret) = secret else { return Ok(Trying(None)) };
        let file = beside.with_extension("trying");
        keep_secret(&file, secret)?;
        Ok(Trying(Some(std::path::absolute(&file)?)))
    }

    fn path(&self) -> Option<String> {
        self.0.as_ref().map(|path| path.display().to_string())
    }
}

impl Drop for Trying {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What the device's own driver sees of it.
fn look(site: &Site, device: LanUnit) -> anyhow::Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (events, seen) = mpsc::channel(256);
        let clock = Clock::system();
        if device.device.family().needs_broker() {
            let broker =
                site.broker.as_ref().ok_or_else(|| PairError::Usage("site.toml names no broker".into()))?;
            let driver = MqttDriver::start(broker, &[device], events, clock, MqttDeviceOptions::default())?;
            return wait(&driver, seen, false).await;
        }
        let driver = LanDriver::start(vec![device], events, clock, LanOptions::default())?;
        wait(&driver, seen, true).await
    })
}

/// Until it was heard of. `at_once`: the first failure is told; a device behind the broker may take its time.
async fn wait(
    driver: &dyn Driver,
    mut events: mpsc::Receiver<DeviceEvent>,
    at_once: bool,
) -> anyhow::Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut until = tokio::time::Instant::now() + WITHIN;
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut there = false;
    loop {
        tokio::select! {
            event = events.recv() => match event.map(|event| event.observation) {
                Some(Observation::Reachable { .. }) | None => {}
                Some(observation) => seen.push(said(&observation)),
            },
            _ = tick.tick() => {}
            () = tokio::time::sleep_until(until) => break,
        }
        let health = driver.health();
        let is = |on: &dyn Fn(&DeviceHealth) -> bool| health.iter().any(on);
        if !there && is(&|row| row.online == Some(true)) {
            there = true;
            until = tokio::time::Instant::now() + MORE;
        }
        if !there && at_once && is(&|row| row.last_error.is_some()) {
            break;
        }
    }
    if there {
        return Ok(seen);
    }
    let why = driver.health().into_iter().find_map(|row| row.last_error);
    let why = why.unwrap_or_else(|| {
        "it was not heard of; is it on, has it a user at the club's broker (clubos broker show; if it is new there, first \
         --untested), are its topics right?"
            .to_owned()
    });
    let about_secret = ["password", "401", "403", "ERRA", "auth"].iter().any(|word| why.contains(word));
    Err(if about_secret { PairError::Refused(why) } else { PairError::Device(why) }.into())
}

/// As the journal has it: `power on`.
fn said(observation: &Observation) -> String {
    let value = serde_json::to_value(observation).unwrap_or_default();
    let mut words = vec![value["what"].as_str().unwrap_or("something").to_owned()];
    for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| *key != "what") {
        words.push(format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    words.join(" ")
}
