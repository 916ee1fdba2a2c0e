//! A simulated projector that speaks PJLink class 2 over TCP, with or without a password. Its name, maker and model
//! say that it is simulated.
//!
//! Owns the words. One client at a time, hung up on after 30 s of silence, as the specification allows.

use std::io;

use async_trait::async_trait;
use md5::{Digest, Md5};

use super::control::SimControl;
use super::projector::{Client, Fault, ProjectorServer, Reply, SimLamp, SimProjector, Speech};
use crate::clock::Clock;
use crate::device::lan::pjlink::SIMULATED_MAKER;
use crate::site::Target;

/// Its inputs: the first is where the bay's PC is on.
pub const INPUTS: [&str; 5] = ["31", "32", "11", "51", "61"];

/// A line of the protocol is no longer.
const LONGEST: usize = 136;

/// The running projector; it ends with the value.
pub type PjlinkServer = ProjectorServer<Pjlink>;

/// Its words.
pub struct Pjlink {
    projector: SimProjector,
    password: Option<String>,
    errors: std::sync::Mutex<String>,
}

impl PjlinkServer {
    /// Starts on loopback, switched on, at the first of [`INPUTS`]; port 0 takes a free one. `target`: the bay whose
    /// behaviour it has.
    ///
    /// # Errors
    /// The port cannot be used.
    pub fn start(
        target: Target,
        port: u16,
        password: Option<String>,
        control: SimControl,
        clock: Clock,
    ) -> io::Result<PjlinkServer> {
        let projector = SimProjector::new(target, INPUTS[0], control, clock);
        let errors = std::sync::Mutex::new("000000".to_owned());
        ProjectorServer::listen(port, Pjlink { projector, password, errors })
    }

    /// What `ERST` answers: six digits for fan, lamp, temperature, cover, filter, other.
    pub fn set_errors(&self, digits: &str) {
        digits.clone_into(&mut self.speech.errors());
    }
}

#[async_trait]
impl Speech for Pjlink {
    fn projector(&self) -> &SimProjector {
        &self.projector
    }

    fn greeting(&self) -> String {
        match self.password {
            Some(_) => format!("PJLINK 1 {}\r", salt()),
            None => "PJLINK 0\r".to_owned(),
        }
    }

    async fn converse(&self, client: &mut Client, greeting: &str) {
        let mut digest = self.wanted_digest(greeting);
        while let Some(line) = client.line(b"\r", LONGEST + 32).await {
            let command = match digest.take() {
                Some(digest) => line.strip_prefix(&digest).map(str::to_owned),
                None => Some(line),
            };
            let Some(command) = command else {
                client.say("PJLINK ERRA\r").await;
                return;
            };
            let Some(answer) = self.answer(client, command.trim()).await else { return };
            if !answer.is_empty() && !client.say(&format!("{answer}\r")).await {
                return;
            }
        }
    }
}

impl Pjlink {
    fn errors(&self) -> std::sync::MutexGuard<'_, String> {
        self.errors.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What has to stand before the first command.
    fn wanted_digest(&self, greeting: &str) -> Option<String> {
        let password = self.password.as_ref()?;
        let salt = match self.projector.fault() {
            Some(Fault::WrongSalt) => "00000000",
            Some(Fault::WrongPassword) => return Some("never".to_owned()),
            _ => greeting.trim_end().rsplit(' ').next().unwrap_or_default(),
        };
        let hash = Md5::digest(format!("{salt}{password}"));
        Some(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// `None`: hang up. Empty: it never answers this one.
    async fn answer(&self, client: &Client, line: &str) -> Option<String> {
        let upper = line.to_ascii_uppercase();
        let command = upper.get(2..6).unwrap_or_default();
        let value = upper.get(7..).unwrap_or_default();
        if !matches!(upper.as_bytes(), [b'%', b'1' | b'2', _, _, _, _, b' ', ..]) {
            return Some(format!("{}=ERR1", upper.get(..6).unwrap_or("%1POWR")));
        }
        let class = &upper[..2];
        let fault = self.projector.fault();
        let moved = match (command, value) {
            ("POWR", "0") => Some(self.projector.switch(false)),
            ("POWR", "1") => Some(self.projector.switch(true)),
            ("INPT", "?") => None,
            ("INPT", input) if INPUTS.contains(&input) => Some(self.projector.choose(input)),
            _ => None,
        };
        let said = match moved {
            Some(_) if fault == Some(Fault::HangsUp) => return None,
            Some(Reply::Never) => return Some(String::new()),
            Some(Reply::NotNow) => "ERR3".to_owned(),
            Some(Reply::Refused(at)) => self.projector.wait(client, at).await.then(|| "ERR4".to_owned())?,
            Some(Reply::Taken(at)) => self.projector.wait(client, at).await.then(|| "OK".to_owned())?,
            None if fault == Some(Fault::Unknown) => "A".to_owned(),
            None => self.tell(class, command, value),
        };
        let command = if fault == Some(Fault::Other) { "ROWP" } else { command };
        Some(format!("{class}{command}={said}"))
    }

    /// The answer to a question.
    fn tell(&self, class: &str, command: &str, value: &str) -> String {
        let lamp = self.projector.lamp();
        match (command, value) {
            ("POWR", "?") => match self.projector.asked() {
                SimLamp::Standby => "0",
                SimLamp::On => "1",
                SimLamp::Cooling => "2",
                SimLamp::Warming => "3",
            }
            .to_owned(),
            ("INPT" | "AVMT", "?") if lamp != SimLamp::On => "ERR3".to_owned(),
            ("INPT", "?") => self.projector.input(),
            ("AVMT", "?") => "30".to_owned(),
            // Internal inputs are told in class 2 only.
            ("INST", "?") => match class {
                "%1" => {
                    INPUTS.into_iter().filter(|input| !input.starts_with('6')).collect::<Vec<_>>().join(" ")
                }
                _ => INPUTS.join(" "),
            },
            ("ERST", "?") => self.errors().clone(),
            ("LAMP", "?") => format!("1200 {}", i32::from(lamp == SimLamp::On)),
            ("NAME", "?") => format!("{SIMULATED_MAKER} {}", self.projector.target()),
            ("INF1", "?") => SIMULATED_MAKER.to_owned(),
            ("INF2", "?") => "simulated projector".to_owned(),
            ("INFO", "?") => String::new(),
            ("CLSS", "?") => "2".to_owned(),
            ("SNUM" | "SVER", "?") if class == "%2" => "SIMULATED".to_owned(),
            ("INNM", input) if class == "%2" && INPUTS.contains(&input.trim_start_matches('?')) => {
                format!("simulated {}", input.trim_start_matches('?'))
            }
            ("IRES" | "RRES", "?") if class == "%2" => "1920x1200".to_owned(),
            ("POWR" | "INPT", _) => "ERR2".to_owned(),
            _ => "ERR1".to_owned(),
        }
    }
}

/// Eight hex digits, new for each client.
fn salt() -> String {
    let mut bytes = [0_u8; 4];
    // Without random numbers a known salt does for a simulation.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
