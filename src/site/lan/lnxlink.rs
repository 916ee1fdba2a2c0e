//! A bay's PC with LNXlink, behind the broker: `driver = "lnxlink"`.

use super::super::Effect;
use super::super::problem::Problems;
use super::super::raw::Fields;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lnxlink {
    /// `mqtt.prefix` and `mqtt.clientId` of its configuration; it makes both lower case.
    pub prefix: String,
    pub client_id: String,
    /// The command that restarts the simulator, as it stands behind `commands/`.
    pub sim_restart: Option<String>,
    /// What is sent there; for an exposed bash command its text.
    pub sim_restart_payload: String,
    /// The sensor that says whether the simulator runs, as it stands behind `monitor_controls/`. Without it nothing is
    /// ever verified.
    pub running: Option<String>,
    /// The sensor of the last start: `boot_time`. Without it a reboot is never verified.
    pub last_boot: Option<String>,
}

impl Lnxlink {
    /// Where the PC is told to restart.
    pub const REBOOT: &'static str = "restart/restart";

    /// A topic of the PC.
    pub fn at(&self, leaf: &str) -> String {
        format!("{}/{}/{leaf}", self.prefix, self.client_id).to_lowercase()
    }

    /// Where a command is told.
    pub fn command(&self, command: &str) -> String {
        self.at(&format!("commands/{command}"))
    }

    /// Where a sensor tells its value.
    pub fn state(&self, sensor: &str) -> String {
        self.at(&format!("monitor_controls/{sensor}"))
    }
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<Lnxlink> {
    let client_id =
        super::need_level(table, "client_id", "write the clientId of its configuration", problems);
    let prefix = super::topic(table, "prefix", problems);
    let sim_restart = super::topic(table, "sim_restart", problems);
    let payload = table.text("sim_restart_payload", problems);
    let running = super::topic(table, "running", problems);
    let last_boot = super::topic(table, "last_boot", problems);
    Some(Lnxlink {
        prefix: prefix.unwrap_or_else(|| "lnxlink".to_owned()),
        client_id: client_id?,
        sim_restart,
        sim_restart_payload: payload.map_or_else(|| "PRESS".to_owned(), |text| text.value),
        running,
        last_boot,
    })
}

pub(super) fn lacks(of: &Lnxlink, effect: Effect) -> Option<(&'static str, &'static str)> {
    let missing = effect == Effect::SimRestart && of.sim_restart.is_none();
    let mend =
        "write the command that restarts the simulator, as behind commands/: \"bash/bash_restart_sim\"";
    missing.then_some(("sim_restart", mend))
}
