//! `--try`: one harmless, visible thing is done with what is paired, by the box that runs, in a person's name and through
//! the gate, and what was seen of it is said.
//!
//! Owns what counts as harmless, and the wait for a box that does not know the device yet. Acts by the box's own API as
//! `clubos device do` does, never at the device itself.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize as _;
use serde_json::Value;

use super::PairError;
use crate::cli::device::asking::{self, Ended};
use crate::cli::device::link::{Link, LinkError};
use crate::cli::device::{Reach, shown};
use crate::clock::Clock;
use crate::site::{Effect, Target};

/// Harmless, and seen where the device stands; the plainest first.
const HARMLESS: [Effect; 4] = [Effect::LightsOn, Effect::TvOn, Effect::ProjectorOn, Effect::ThermostatSet];
/// A box that does not know the device yet is waited for so long.
const STARTS_WITHIN: Duration = Duration::from_secs(600);
/// … and something to be seen of the device then, so long.
const SEEN_WITHIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_secs(2);

#[derive(Args)]
pub struct TrialArgs {
    /// Then do one harmless, visible thing with it through the running box, and say what was seen. What is paired
    /// already is tried without --set
    #[arg(long = "try")]
    pub wanted: bool,
    /// Who tries: a name that may sign in, as in `clubos user list`
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// File with their password [default: it is asked for, or one line of standard input]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The box; without https only on this machine
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// The certificate to trust (PEM), where the box has one of the club's own
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

impl TrialArgs {
    /// Refuses, before anything is done, what could not be tried in the end.
    pub fn check(&self, effects: &[Effect]) -> anyhow::Result<()> {
        if self.wanted && harmless(effects).is_some() && self.name.is_none() {
            let why = "--try acts in a person's name, as `clubos device do`: give --as NAME";
            return Err(PairError::Usage(why.to_owned()).into());
        }
        Ok(())
    }

    /// Tries what the device carries there. `paired_now`: the box has yet to be started again.
    pub fn run(&self, target: &Target, effects: &[Effect], paired_now: bool) -> anyhow::Result<()> {
        let Some(effect) = harmless(effects) else {
            println!("\n{}", none(target, effects));
            return Ok(());
        };
        self.check(effects)?;
        let reach = Reach::of(
            self.name.clone().unwrap_or_default(),
            self.password_file.clone(),
            self.url.clone(),
            self.certificate.clone(),
        );
        let password = reach.password()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let link = known(&reach, &password, target, effect, paired_now).await?;
            let tried = tried(&link, target, effect).await;
            link.sign_out().await;
            tried
        })
    }
}

fn harmless(effects: &[Effect]) -> Option<Effect> {
    HARMLESS.into_iter().find(|effect| effects.contains(effect))
}

/// Why nothing is tried.
pub fn none(target: &Target, effects: &[Effect]) -> String {
    let whys: Vec<String> = effects.iter().map(|effect| format!("  {effect} {}", harm(*effect))).collect();
    let do_it = effects
        .first()
        .map(|effect| format!("\nWhen nobody is disturbed: clubos device do {target} {effect} --as NAME"));
    format!(
        "Nothing is tried at {target}: nothing that it does is harmless and to be seen.\n{}{}",
        whys.join("\n"),
        do_it.unwrap_or_default()
    )
}

/// What an effect that is not tried would do to somebody.
fn harm(effect: Effect) -> &'static str {
    match effect {
        Effect::SimRestart | Effect::RadarReset | Effect::PcReboot => "stops whoever plays there",
        Effect::PcWake => "shows nothing at a PC that is on",
        Effect::ProjectorOff | Effect::ProjectorCycle | Effect::TvOff => "takes a picture away",
        Effect::ProjectorInput => "shows nothing where the input is right, and none in standby takes it",
        Effect::AudioRestart => "silences the hall for a while",
        Effect::LightsOff => "leaves people in the dark",
        Effect::DoorUnlock => "lets in whoever stands there",
        Effect::PoeCycle | Effect::OutletCycle => "cuts the power of what hangs on it",
        Effect::NetworkRestart => "takes the network from everybody behind it",
        Effect::LightsOn | Effect::TvOn | Effect::ProjectorOn | Effect::ThermostatSet => "harms nobody",
    }
}

/// Signed in at a box that knows the device: one that was paired just now is known from the box's next start on.
async fn known(
    reach: &Reach,
    password: &str,
    target: &Target,
    effect: Effect,
    paired_now: bool,
) -> anyhow::Result<Link> {
    let clock = Clock::system();
    let begun = clock.now();
    let mut signed_in: Option<Link> = None;
    let mut told = false;
    loop {
        let link = match signed_in.take() {
            Some(link) => Ok(link),
            None => Link::to(reach.url(), reach.certificate())?.sign_in(reach.name(), password).await,
        };
        match link {
            Ok(link) => match link.get("/api/v1/devices").await {
                Ok(devices) if can(&devices, target, effect)? => return Ok(link),
                Ok(_) | Err(LinkError::NoAnswer { .. }) => signed_in = Some(link),
                Err(error) if error.is_signed_out() => {}
                Err(error) => return Err(error.into()),
            },
            Err(LinkError::NoAnswer { .. }) if paired_now => {}
            Err(error) => return Err(error.into()),
        }
        if !told {
            println!(
                "\nThe box at {} does not know {target} with {effect} yet; it is waited for.",
                reach.url()
            );
            println!("Start it again: systemctl restart clubos");
            told = true;
        }
        if clock.now().since(begun) > STARTS_WITHIN {
            let why = format!("not tried: the box does not know {target} with {effect} yet");
            return Err(PairError::NotSent(why).into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn can(devices: &Value, target: &Target, effect: Effect) -> anyhow::Result<bool> {
    let devices: Vec<shown::Device> = Vec::deserialize(devices)?;
    let mut here = devices.iter().filter(|device| device.target == target.as_str());
    Ok(here.any(|device| device.can.iter().any(|can| can.effect == effect.name())))
}

async fn tried(link: &Link, target: &Target, effect: Effect) -> anyhow::Result<()> {
    let at = format!("/api/v1/devices/{}", crate::cli::device::link::part(target.as_str())?);
    let before = seen(link, &at).await?;
    let value = match effect {
        Effect::ThermostatSet => Some(set_point(&before).ok_or_else(|| {
            PairError::NotSent("not tried: what the thermostat is set to was not seen yet".to_owned())
        })?),
        _ => None,
    };
    let number = value.map(|value| format!(" {value} (as it is)")).unwrap_or_default();
    println!("\nTried through the gate: {effect} {target}{number}, which harms nobody.");
    let before: shown::Device = serde_json::from_value(before)?;
    println!("  before: {}", before.line());
    let ended = asking::ended(link, effect.name(), target.as_str(), value).await?;
    let after: shown::Device = serde_json::from_value(link.get(&at).await?)?;
    println!("  after:  {}", after.line());
    let row = match ended {
        Ended::Refused(why) => return Err(PairError::NotSent(format!("not tried: {why}")).into()),
        Ended::Row(row) => serde_json::from_value::<shown::Effect>(row)?,
    };
    println!("  {}", row.line());
    let why = row.reason.clone().unwrap_or_default();
    match row.outcome.as_deref() {
        Some("verified") if before.seen == after.seen => {
            println!(
                "It answers as it should. It was so before, so that it moves was not to be seen: put it otherwise"
            );
            println!("by hand, and try it again.");
            Ok(())
        }
        Some("verified") => {
            println!(
                "It works: it was told, and was seen to do it. Back: clubos device undo {} --as NAME",
                row.id
            );
            Ok(())
        }
        Some("refused" | "expired") => Err(PairError::NotSent(format!("nothing was sent: {why}")).into()),
        Some("failed") => Err(PairError::Failed(why).into()),
        _ => Err(PairError::NotSeen.into()),
    }
}

/// The device once something was seen of it; as it is, if nothing is: not every one tells its state.
async fn seen(link: &Link, at: &str) -> anyhow::Result<Value> {
    let clock = Clock::system();
    let begun = clock.now();
    loop {
        let device = link.get(at).await?;
        let shows = device["seen"].as_array().is_some_and(|seen| !seen.is_empty());
        if shows || clock.now().since(begun) > SEEN_WITHIN {
            return Ok(device);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn set_point(detail: &Value) -> Option<f32> {
    let seen = detail["state"].as_object()?.values().find(|seen| seen["what"] == "set-point")?;
    Some(seen["celsius"].as_f64()? as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_is_harmless_and_all_else_says_why_not() {
        for effect in Effect::ALL {
            let tried = harmless(&[*effect]).is_some();
            assert_eq!(tried, harm(*effect) == "harms nobody", "{effect}");
            assert!(!tried || !effect.interrupts_play(), "{effect} would interrupt somebody");
        }
        let door = none(&Target::new("door-main"), &[Effect::DoorUnlock]);
        assert!(door.contains("door.unlock lets in whoever stands there"), "{door}");
    }
}
