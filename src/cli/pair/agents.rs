//! The bays' own agents pair themselves; here is said how.

use clap::Args;

#[derive(Args)]
pub struct AgentArgs {
    /// The bay: bay-2
    bay: String,
}

pub fn mqtt(args: &AgentArgs) -> anyhow::Result<()> {
    let bay = &args.bay;
    println!(
        "1. site.toml: in {bay}, `[[bays.devices]]` with `driver = \"agent-mqtt\"` and its effects; clubos check\n\
         2. clubos broker init, then clubos broker show {bay}: address, user, password, certificate for the bay's PC\n\
         3. on that PC: docs/clubos-agent.md; then here: clubos device list --as NAME"
    );
    Ok(())
}

pub fn http(args: &AgentArgs) -> anyhow::Result<()> {
    let bay = &args.bay;
    println!(
        "1. site.toml: in {bay}, `[[bays.devices]]` with `driver = \"agent-http\"` and its effects; clubos check\n\
         2. clubos agent enrol {bay}: a key, shown once, for the bay's PC\n\
         3. on that PC: docs/clubos-agent.md; then here: clubos device list --as NAME"
    );
    Ok(())
}
