//! BenQ projectors by their RS-232 commands over TCP: `*pow=on#`, answered `*POW=ON#`.
//!
//! Source: the manufacturer's command tables (`APIS.md` 5b). Most firmware first repeats the command as it was
//! typed, often behind a `>`, and answers then; some does only the one or only the other. So what comes back letter
//! for letter is the echo, and no promise. `Block item` means: valid, but it warms up, cools down or is off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::super::Observation;
use super::super::call::CallError;
use super::projector::{self, Lamp, Nay, Remote};
use super::tcp::Line;
use super::{LanOptions, Told, Wire};
use crate::policy::Permit;
use crate::site::{Effect, lan::Benq};

/// What a simulated projector answers when it is asked for its model, in lower case as all answers are read.
const SIMULATED_MODEL: &str = "clubos simulated";

/// So much that is neither echo nor answer is overheard before it is called unreadable.
const STRAY: usize = 8;

/// One projector.
pub(super) struct Projector {
    at: Benq,
    patience: Duration,
    settle: Duration,
    /// Its model was asked since it was last away.
    named: AtomicBool,
    simulated: AtomicBool,
}

impl Projector {
    pub fn new(at: &Benq, options: &LanOptions) -> Projector {
        Projector {
            at: at.clone(),
            patience: options.patience,
            settle: options.settle,
            named: AtomicBool::new(false),
            simulated: AtomicBool::new(false),
        }
    }

    fn talk(&self) -> Talk<'_> {
        Talk { with: self, line: None }
    }

    async fn see(&self, talk: &mut Talk<'_>) -> Result<Vec<Observation>, CallError> {
        let lamp = talk.lamp().await?;
        let mut seen: Vec<Observation> = lamp.power().into_iter().collect();
        // In standby there is no input to ask for.
        if lamp == Lamp::On {
            match talk.ask("sour", "?").await {
                Ok(input) => {
                    let right = input.is_some_and(|input| input == self.at.input);
                    seen.push(Observation::ProjectorInput { right });
                }
                Err(Nay::NotNow(_) | Nay::Call(CallError::Refused(_))) => {}
                Err(Nay::Call(error)) => return Err(error),
            }
        }
        if !self.named.swap(true, Ordering::Relaxed) {
            let model = talk.ask("modelname", "?").await.ok().flatten();
            self.simulated.store(model.is_some_and(|model| model == SIMULATED_MODEL), Ordering::Relaxed);
        }
        Ok(seen)
    }
}

#[async_trait]
impl Wire for Projector {
    fn family(&self) -> &'static str {
        "projector (BenQ)"
    }

    async fn tell(&self, permit: &Permit, told: &Told<'_>) -> Result<(), CallError> {
        projector::carry_out(&mut self.talk(), permit, told).await
    }

    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let seen = self.see(&mut self.talk()).await;
        if seen.is_err() {
            // It may come back as another.
            self.named.store(false, Ordering::Relaxed);
        }
        seen
    }

    fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    fn longest(&self, effect: Effect) -> Duration {
        projector::longest(effect, self.settle)
    }
}

/// A conversation; connects when there is something to ask, and again after it broke.
struct Talk<'a> {
    with: &'a Projector,
    line: Option<Line>,
}

impl Talk<'_> {
    /// Sends `*key=value#` and returns the value that is answered, in lower case. `None`: it was repeated, so it
    /// arrived, and no answer followed.
    async fn ask(&mut self, key: &str, value: &str) -> Result<Option<String>, Nay> {
        let Benq { host, port, .. } = &self.with.at;
        let mut line = match self.line.take() {
            Some(line) => line,
            None => Line::open(host, *port, self.with.patience).await?,
        };
        let typed = format!("*{key}={value}");
        line.write(format!("\r{typed}#\r").as_bytes()).await?;
        let mut echoed = false;
        let answered = timeout(self.with.patience, listen(&mut line, &typed, key, &mut echoed)).await;
        let silent = matches!(answered, Err(_) | Ok(Err(Nay::Call(CallError::NoAnswer(_)))));
        // What came late would be taken for the next answer.
        if matches!(answered, Ok(Ok(_) | Err(Nay::NotNow(_) | Nay::Call(CallError::Refused(_))))) {
            self.line = Some(line);
        }
        match answered {
            _ if silent && echoed && value != "?" => Ok(None),
            Ok(answered) => answered.map(Some),
            Err(_) => Err(CallError::NoAnswer(format!("nothing to {typed}#")).into()),
        }
    }

    async fn set(&mut self, key: &str, value: &str) -> Result<(), Nay> {
        match self.ask(key, value).await? {
            Some(said) if said != value => {
                let what = format!("told {key}={value}, it says {}", short(&said));
                Err(CallError::Unclear(what).into())
            }
            _ => Ok(()),
        }
    }
}

/// Reads until the answer; notes the echo on the way.
async fn listen(line: &mut Line, typed: &str, key: &str, echoed: &mut bool) -> Result<String, Nay> {
    let mut stray = 0;
    loop {
        let piece = line.read_to(b"\r\n#").await?;
        let piece = String::from_utf8_lossy(&piece);
        let text = piece.trim_matches(|c: char| c == '>' || c.is_whitespace());
        if text.is_empty() {
            continue;
        }
        // Only the first: firmware that answers in small letters too says it twice.
        if text == typed && !*echoed {
            *echoed = true;
            continue;
        }
        let said = text.trim_start_matches('*').to_lowercase();
        match said.as_str() {
            "illegal format" => return Err(refused("it does not understand the command (Illegal format)")),
            "unsupported item" => return Err(refused("this model cannot do that (Unsupported item)")),
            "block item" => {
                let why = "it is warming up, cooling down or in standby (Block item)";
                return Err(Nay::NotNow(why.to_owned()));
            }
            _ => {}
        }
        match said.split_once('=') {
            Some((of, answer)) if of == key && answer != "?" => return Ok(answer.to_owned()),
            _ => stray += 1,
        }
        if stray > STRAY {
            return Err(CallError::Unclear(format!("to {typed}# it says `{}`", short(&said))).into());
        }
    }
}

fn refused(why: &str) -> Nay {
    Nay::Call(CallError::Refused(why.to_owned()))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[async_trait]
impl Remote for Talk<'_> {
    async fn lamp(&mut self) -> Result<Lamp, CallError> {
        match self.ask("pow", "?").await {
            Ok(Some(power)) if power == "on" => Ok(Lamp::On),
            Ok(Some(power)) if power == "off" => Ok(Lamp::Standby),
            Ok(other) => {
                Err(CallError::Unclear(format!("its power is `{}`", short(&other.unwrap_or_default()))))
            }
            Err(Nay::NotNow(_)) => Ok(Lamp::Busy),
            Err(Nay::Call(error)) => Err(error),
        }
    }

    async fn switch(&mut self, on: bool) -> Result<(), Nay> {
        self.set("pow", if on { "on" } else { "off" }).await
    }

    async fn choose(&mut self) -> Result<(), Nay> {
        let input = self.with.at.input.clone();
        self.set("sour", &input).await
    }
}
