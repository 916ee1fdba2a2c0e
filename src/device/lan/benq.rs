//! BenQ projectors by their RS-232 commands over TCP: `*pow=on#`, answered by an echo and `*POW=ON#`.
//!
//! Source: the manufacturer's command tables (`APIS.md` 5b). A command that is valid but not now is answered
//! `Block item`: the projector warms up or cools down. Power-cycling is off, seen off, on: it has no timer of its own.

use std::time::Duration;

use async_trait::async_trait;

use super::super::call::CallError;
use super::super::{Observation, Part};
use super::tcp::Line;
use super::{Told, Wire};
use crate::policy::Permit;
use crate::site::{Effect, lan::Benq};

/// One projector.
pub(super) struct Projector {
    at: Benq,
    patience: Duration,
}

impl Projector {
    pub fn new(at: &Benq, patience: Duration) -> Projector {
        Projector { at: at.clone(), patience }
    }

    /// Sends `*key=value#` and returns the value that is answered, in lower case.
    async fn ask(&self, line: &mut Line, key: &str, value: &str) -> Result<String, CallError> {
        line.write(format!("\r*{key}={value}#\r").as_bytes()).await?;
        loop {
            let piece = line.read_to(b"\r\n#").await?;
            let text = String::from_utf8_lossy(&piece).trim().trim_start_matches('>').to_ascii_lowercase();
            match text.as_str() {
                "" => continue,
                "illegal format" | "unsupported item" => return Err(CallError::Refused(text)),
                "block item" => {
                    return Err(CallError::Refused(
                        "not now: it warms up or cools down (Block item)".to_owned(),
                    ));
                }
                _ => {}
            }
            let Some((of, answer)) = text.trim_start_matches('*').split_once('=') else {
                return Err(CallError::Unclear(format!("not `*{key}=…#`")));
            };
            // The command comes back first, as typed; a question's own echo is no answer to it.
            if of == key && answer != "?" {
                return Ok(answer.to_owned());
            }
        }
    }

    async fn open(&self) -> Result<Line, CallError> {
        Line::open(&self.at.host, self.at.port, self.patience).await
    }

    async fn power(&self, line: &mut Line) -> Result<bool, CallError> {
        match self.ask(line, "pow", "?").await?.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            other => {
                Err(CallError::Unclear(format!("power is `{}`", other.chars().take(20).collect::<String>())))
            }
        }
    }

    /// Off, until it is seen off, and on again; while it cools it answers `Block item`.
    async fn cycle(&self, line: &mut Line, told: &Told<'_>) -> Result<(), CallError> {
        self.ask(line, "pow", "off").await?;
        told.left();
        while self.power(line).await? {
            tokio::time::sleep(told.pause()).await;
        }
        told.saw(Observation::Power { part: Part::Projector, on: false }).await;
        loop {
            match self.ask(line, "pow", "on").await {
                Err(CallError::Refused(_)) => tokio::time::sleep(told.pause()).await,
                answered => return answered.map(drop),
            }
        }
    }
}

#[async_trait]
impl Wire for Projector {
    fn family(&self) -> &'static str {
        "projector (BenQ)"
    }

    async fn tell(&self, permit: &Permit, told: &Told<'_>) -> Result<(), CallError> {
        let mut line = self.open().await?;
        match permit.effect() {
            Effect::ProjectorOn => self.ask(&mut line, "pow", "on").await.map(drop),
            Effect::ProjectorOff => self.ask(&mut line, "pow", "off").await.map(drop),
            Effect::ProjectorInput => self.ask(&mut line, "sour", &self.at.input).await.map(drop),
            Effect::ProjectorCycle => self.cycle(&mut line, told).await,
            other => Err(CallError::Refused(format!("a projector cannot do {other}"))),
        }
    }

    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let mut line = self.open().await?;
        let on = self.power(&mut line).await?;
        let mut seen = vec![Observation::Power { part: Part::Projector, on }];
        // In standby there is no input to ask for.
        if on {
            match self.ask(&mut line, "sour", "?").await {
                Ok(input) => seen.push(Observation::ProjectorInput { right: input == self.at.input }),
                Err(CallError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(seen)
    }
}
