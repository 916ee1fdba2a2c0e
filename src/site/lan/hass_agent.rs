//! A bay's PC with HASS.Agent (Windows), behind the broker: `driver = "hass-agent"`.

use super::super::Effect;
use super::super::problem::Problems;
use super::super::raw::Fields;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HassAgent {
    /// Its discovery prefix.
    pub prefix: String,
    /// Its device name.
    pub device: String,
    /// The command that restarts the PC, as domain and object id: `button/restart_pc`.
    pub pc_reboot: Option<String>,
    /// The command of one's own that restarts the simulator.
    pub sim_restart: Option<String>,
    /// The sensor that counts the simulator's processes (*ProcessActive*). Without it nothing is ever verified.
    pub running: Option<String>,
    /// The sensor of the last start (*LastBoot*). Without it a reboot is never verified.
    pub last_boot: Option<String>,
}

impl HassAgent {
    /// Where a command is told.
    pub fn command(&self, command: &str) -> String {
        format!("{}/set", self.entity(command))
    }

    /// Where a sensor tells its value.
    pub fn state(&self, sensor: &str) -> String {
        format!("{}/state", self.entity(sensor))
    }

    /// Where it tells that it is there.
    pub fn availability(&self) -> String {
        format!("{}/sensor/{}/availability", self.prefix, self.device)
    }

    fn entity(&self, entity: &str) -> String {
        let (domain, object) = entity.split_once('/').unwrap_or(("sensor", entity));
        format!("{}/{domain}/{}/{object}", self.prefix, self.device)
    }
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<HassAgent> {
    let device = super::need_level(table, "device", "write the device name that HASS.Agent uses", problems);
    let prefix = super::topic(table, "prefix", problems);
    let command = |key: &'static str, table: &mut Fields, problems: &mut Problems| {
        let line = table.line;
        let found = super::topic(table, key, problems)?;
        let whole = found.matches('/').count() == 1;
        if !whole {
            let what = format!("`{found}` is no command of HASS.Agent");
            problems.add(
                line,
                table.at(key),
                what,
                "write its domain and object id, like \"button/restart_pc\"",
            );
        }
        whole.then_some(found)
    };
    let pc_reboot = command("pc_reboot", table, problems);
    let sim_restart = command("sim_restart", table, problems);
    let running = super::topic(table, "running", problems);
    let last_boot = super::topic(table, "last_boot", problems);
    Some(HassAgent {
        prefix: prefix.unwrap_or_else(|| "homeassistant".to_owned()),
        device: device?,
        pc_reboot,
        sim_restart,
        running,
        last_boot,
    })
}

pub(super) fn lacks(of: &HassAgent, effect: Effect) -> Option<(&'static str, &'static str)> {
    match effect {
        Effect::PcReboot if of.pc_reboot.is_none() => {
            Some(("pc_reboot", "write its RestartCommand, like \"button/restart_pc\""))
        }
        Effect::SimRestart if of.sim_restart.is_none() => Some((
            "sim_restart",
            "write the command of your own that restarts the simulator, like \"button/restart_sim\"",
        )),
        _ => None,
    }
}
