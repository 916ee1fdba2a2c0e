//! The bays' own agents pair themselves; here is said how.

use clap::Args;

use super::trial;
use crate::site::{Effect, Target};

#[derive(Args)]
pub struct AgentArgs {
    /// The bay: bay-2
    bay: String,
    /// Say what could be tried with it, and why it is not
    #[arg(long = "try")]
    trial: bool,
}

fn untried(args: &AgentArgs) {
    if args.trial {
        let carries = [Effect::SimRestart, Effect::RadarReset, Effect::PcReboot];
        println!("\n{}", trial::none(&Target::new(args.bay.as_str()), &carries));
    }
}

pub fn mqtt(args: &AgentArgs) -> anyhow::Result<()> {
    let bay = &args.bay;
    println!(
        "1. site.toml: in {bay}, `[[bays.devices]]` with `driver = \"agent-mqtt\"` and its effects; clubos check\n\
         2. clubos broker init, then clubos broker show {bay}: address, user, password, certificate for the bay's PC\n\
         3. on that PC: docs/clubos-agent.md; then here: clubos device list --as NAME"
    );
    untried(args);
    Ok(())
}

pub fn http(args: &AgentArgs) -> anyhow::Result<()> {
    let bay = &args.bay;
    println!(
        "1. site.toml: in {bay}, `[[bays.devices]]` with `driver = \"agent-http\"` and its effects; clubos check\n\
         2. clubos agent enrol {bay}: a key, shown once, for the bay's PC\n\
         3. on that PC: docs/clubos-agent.md; then here: clubos device list --as NAME"
    );
    untried(args);
    Ok(())
}
