//! A simulated BenQ projector: its RS-232 commands over TCP. Its model name says that it is simulated.
//!
//! Owns the words and the manners of its firmware ([`Manner`]): most repeat a command before they answer it.

use std::io;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::control::SimControl;
use super::projector::{Client, Fault, ProjectorServer, Reply, SimLamp, SimProjector, Speech};
use crate::clock::Clock;
use crate::site::Target;

/// Its inputs: the first is where the bay's PC is on.
pub const INPUTS: [&str; 4] = ["hdmi", "hdmi2", "dp", "hdbaset"];

/// How its firmware takes a command. Questions are always answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// `>*pow=on#`, then `*POW=ON#`.
    #[default]
    EchoAndAnswer,
    AnswerOnly,
    EchoOnly,
    /// `>*pow=on#` and then `*pow=on#`: in small letters both.
    Twice,
    /// Does it, and says nothing.
    Nothing,
}

/// The running projector; it ends with the value.
pub type BenqServer = ProjectorServer<Benq>;

/// Its words.
pub struct Benq {
    projector: SimProjector,
    manner: Mutex<Manner>,
}

impl BenqServer {
    /// Starts on loopback, switched on, at the first of [`INPUTS`]; port 0 takes a free one. `target`: the bay whose
    /// behaviour it has.
    ///
    /// # Errors
    /// The port cannot be used.
    pub fn start(target: Target, port: u16, control: SimControl, clock: Clock) -> io::Result<BenqServer> {
        let projector = SimProjector::new(target, INPUTS[0], control, clock);
        ProjectorServer::listen(port, Benq { projector, manner: Mutex::default() })
    }

    pub fn set_manner(&self, manner: Manner) {
        *self.speech.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

/// What comes back on a command, without the echo.
enum Said {
    Text(String),
    Nothing,
    HangUp,
}

#[async_trait]
impl Speech for Benq {
    fn projector(&self) -> &SimProjector {
        &self.projector
    }

    fn greeting(&self) -> String {
        String::new()
    }

    async fn converse(&self, client: &mut Client, _greeting: &str) {
        while let Some(piece) = client.line(b"#", 256).await {
            // Carriage returns may stand around a command or not.
            let typed = piece.trim().to_owned();
            let is_set = !typed.ends_with("=?");
            let manner = if is_set {
                *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
            } else {
                Manner::EchoAndAnswer
            };
            let said = match self.said(client, &typed.to_lowercase()).await {
                Said::HangUp => return,
                Said::Nothing => continue,
                Said::Text(said) => said,
            };
            let silent = matches!(manner, Manner::AnswerOnly | Manner::Nothing);
            if !silent && !client.say(&format!(">{typed}#\r\r\n")).await {
                return;
            }
            let answer = match manner {
                Manner::EchoAndAnswer | Manner::AnswerOnly => said,
                Manner::Twice if said.starts_with('*') => said.to_lowercase(),
                Manner::Twice => said,
                Manner::EchoOnly | Manner::Nothing => continue,
            };
            if !client.say(&format!("{answer}\r\n")).await {
                return;
            }
        }
    }
}

impl Benq {
    async fn said(&self, client: &Client, typed: &str) -> Said {
        let Some((key, value)) = typed.strip_prefix('*').and_then(|typed| typed.split_once('=')) else {
            return Said::Text("Illegal format".to_owned());
        };
        let fault = self.projector.fault();
        let moved = match (key, value) {
            ("pow", "on") => Some(self.projector.switch(true)),
            ("pow", "off") => Some(self.projector.switch(false)),
            ("sour", input) if INPUTS.contains(&input) => Some(self.projector.choose(input)),
            _ => None,
        };
        let done = Said::Text(format!("*{}={}#", key.to_uppercase(), value.to_uppercase()));
        match moved {
            Some(_) if fault == Some(Fault::HangsUp) => Said::HangUp,
            Some(Reply::Never) => Said::Nothing,
            Some(Reply::NotNow) => Said::Text("Block item".to_owned()),
            Some(Reply::Refused(at)) if self.projector.wait(client, at).await => {
                Said::Text("Unsupported item".to_owned())
            }
            Some(Reply::Taken(at)) if self.projector.wait(client, at).await => done,
            Some(Reply::Refused(_) | Reply::Taken(_)) => Said::HangUp,
            None => Said::Text(self.tell(key, value, fault)),
        }
    }

    /// The answer to a question.
    fn tell(&self, key: &str, value: &str, fault: Option<Fault>) -> String {
        let lamp = self.projector.lamp();
        match (key, value, fault) {
            (_, "?", Some(Fault::Unknown)) => format!("*{}=MAYBE#", key.to_uppercase()),
            (_, "?", Some(Fault::Other)) => "*LTIM=1200#".to_owned(),
            ("pow", "?", _) => match self.projector.asked() {
                SimLamp::On | SimLamp::Warming => "*POW=ON#".to_owned(),
                SimLamp::Standby => "*POW=OFF#".to_owned(),
                SimLamp::Cooling => "Block item".to_owned(),
            },
            ("modelname", "?", _) => "*MODELNAME=ClubOS simulated#".to_owned(),
            ("sour" | "ltim", "?", _) if lamp != SimLamp::On => "Block item".to_owned(),
            ("sour", "?", _) => format!("*SOUR={}#", self.projector.input().to_uppercase()),
            ("ltim", "?", _) => "*LTIM=1200#".to_owned(),
            ("pow" | "sour" | "ltim" | "modelname", ..) => "Illegal format".to_owned(),
            _ => "Unsupported item".to_owned(),
        }
    }
}
