//! HASS.Agent on a bay's PC.
//!
//! Only its commands' `set` topics are used, never `action`, whose text the PC would run. It says nothing of what became
//! of a command: the proof is what its sensors tell.

use super::super::NotSent;
use super::pc::{self, Starts};
use super::{Account, Heard, Message, Topics};
use crate::policy::Permit;
use crate::site::{Effect, lan::HassAgent};

pub(super) struct Pc {
    of: HassAgent,
    starts: Starts,
}

impl Pc {
    pub fn new(of: &HassAgent) -> Pc {
        Pc { of: of.clone(), starts: Starts::default() }
    }

    fn is_sensor(&self, sensor: Option<&String>, topic: &str) -> bool {
        sensor.is_some_and(|sensor| self.of.state(sensor) == topic)
    }
}

impl Topics for Pc {
    fn family(&self) -> &'static str {
        "HASS.Agent"
    }

    fn listens(&self) -> Vec<String> {
        let sensors = self.of.running.iter().chain(&self.of.last_boot).map(|sensor| self.of.state(sensor));
        std::iter::once(self.of.availability()).chain(sensors).collect()
    }

    fn announces(&self) -> bool {
        true
    }

    fn hear(&mut self, topic: &str, payload: &[u8], _kept: bool) -> Result<Vec<Heard>, String> {
        if topic == self.of.availability() {
            return match payload {
                b"online" => Ok(vec![Heard::Online(true)]),
                b"offline" => Ok(vec![Heard::Online(false)]),
                // What was kept is taken back.
                b"" => Ok(Vec::new()),
                _ => Err("neither online nor offline".to_owned()),
            };
        }
        let seen = if self.is_sensor(self.of.running.as_ref(), topic) {
            pc::running(payload)?
        } else {
            self.starts.of(payload)?
        };
        Ok(seen.map(Heard::Saw).into_iter().collect())
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let command = match permit.effect() {
            Effect::PcReboot => self.of.pc_reboot.as_ref(),
            Effect::SimRestart => self.of.sim_restart.as_ref(),
            _ => None,
        };
        let command = command.ok_or(NotSent::Unsupported(permit.effect()))?;
        Ok(vec![Message { topic: self.of.command(command), payload: b"ON".to_vec() }])
    }

    fn account(&self) -> Option<Account> {
        let commands = self.of.pc_reboot.iter().chain(&self.of.sim_restart);
        Some(Account {
            user: super::user("hass-agent", &self.of.device),
            writes: vec![format!("{}/+/{}/#", self.of.prefix, self.of.device)],
            reads: commands.map(|command| self.of.command(command)).collect(),
        })
    }
}
