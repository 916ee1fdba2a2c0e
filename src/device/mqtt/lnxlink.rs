//! LNXlink on a bay's PC.
//!
//! Only the configured command and its own restart are told, never free text. What a command printed comes back as its
//! result: it says that the command was taken, the proof is what the sensors tell.

use super::super::{NotSent, Observation};
use super::pc::{self, Starts};
use super::{Account, Heard, Message, Topics};
use crate::policy::Permit;
use crate::site::{Effect, lan::Lnxlink};

pub(super) struct Pc {
    of: Lnxlink,
    starts: Starts,
    /// The restart of the simulator that was told last and has no result yet.
    told: Option<i64>,
}

impl Pc {
    pub fn new(of: &Lnxlink) -> Pc {
        Pc { of: of.clone(), starts: Starts::default(), told: None }
    }

    fn result_topic(&self) -> Option<String> {
        self.of.sim_restart.as_ref().map(|command| self.of.at(&format!("command_result/{command}")))
    }

    fn is_sensor(&self, sensor: Option<&String>, topic: &str) -> bool {
        sensor.is_some_and(|sensor| self.of.state(sensor) == topic)
    }
}

impl Topics for Pc {
    fn family(&self) -> &'static str {
        "LNXlink"
    }

    fn listens(&self) -> Vec<String> {
        let sensors = self.of.running.iter().chain(&self.of.last_boot).map(|sensor| self.of.state(sensor));
        std::iter::once(self.of.at("lwt")).chain(self.result_topic()).chain(sensors).collect()
    }

    fn announces(&self) -> bool {
        true
    }

    fn hear(&mut self, topic: &str, payload: &[u8], kept: bool) -> Result<Vec<Heard>, String> {
        if topic == self.of.at("lwt") {
            return match payload {
                b"ON" => Ok(vec![Heard::Online(true)]),
                b"OFF" => Ok(vec![Heard::Online(false)]),
                b"" => Ok(Vec::new()),
                _ => Err("neither ON nor OFF".to_owned()),
            };
        }
        if self.result_topic().as_deref() == Some(topic) {
            let taken = self.told.take_if(|_| !kept);
            let seen = taken.map(|effect_id| Heard::Saw(Observation::Acknowledged { effect_id }));
            return Ok(seen.into_iter().collect());
        }
        let seen = if self.is_sensor(self.of.running.as_ref(), topic) {
            pc::running(payload)?
        } else {
            self.starts.of(payload)?
        };
        Ok(seen.map(Heard::Saw).into_iter().collect())
    }

    fn tell(&mut self, permit: &Permit) -> Result<Vec<Message>, NotSent> {
        let effect = permit.effect();
        let (command, payload) = match effect {
            Effect::PcReboot => (Lnxlink::REBOOT, "PRESS"),
            Effect::SimRestart => {
                let command = self.of.sim_restart.as_deref().ok_or(NotSent::Unsupported(effect))?;
                self.told = Some(permit.effect_id());
                (command, self.of.sim_restart_payload.as_str())
            }
            _ => return Err(NotSent::Unsupported(effect)),
        };
        Ok(vec![Message { topic: self.of.command(command), payload: payload.as_bytes().to_vec() }])
    }

    fn account(&self) -> Option<Account> {
        let commands = self.of.sim_restart.as_deref().into_iter().chain([Lnxlink::REBOOT]);
        let of = |leaf| self.of.at(leaf);
        Some(Account {
            user: super::user("lnxlink", &self.of.client_id),
            writes: vec![of("lwt"), of("monitor_controls/#"), of("command_result/#")],
            reads: commands.map(|command| self.of.command(command)).collect(),
        })
    }
}
