//! Projectors that speak PJLink over TCP, class 1 and 2, with or without a password.
//!
//! Many take one client at a time and close after 30 s, so each look and each step is a connection of its own that
//! is given up at once. The password goes once a connection, as an MD5 over the greeting's salt; nothing that moves
//! the lamp is sent before the projector was asked what it does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::super::Observation;
use super::super::call::CallError;
use super::pjlink_wire::{self as wire, LONGEST};
use super::projector::{self, Lamp, Nay, Remote};
use super::tcp::Line;
use super::{LanOptions, Told, Wire};
use crate::policy::Permit;
use crate::site::{Effect, lan::Pjlink};

/// What a simulated projector writes where a real one names its maker.
pub const SIMULATED_MAKER: &str = "ClubOS simulated";

/// One projector.
pub(super) struct Projector {
    at: Pjlink,
    password: Option<String>,
    patience: Duration,
    settle: Duration,
    /// Who made it was asked since it was last away.
    named: AtomicBool,
    simulated: AtomicBool,
    /// It does not answer `ERST`.
    tells_no_errors: AtomicBool,
    trouble: Mutex<Option<String>>,
}

impl Projector {
    pub fn new(at: &Pjlink, password: Option<String>, options: &LanOptions) -> Projector {
        Projector {
            at: at.clone(),
            password,
            patience: options.patience,
            settle: options.settle,
            named: AtomicBool::new(false),
            simulated: AtomicBool::new(false),
            tells_no_errors: AtomicBool::new(false),
            trouble: Mutex::default(),
        }
    }

    fn talk(&self) -> Talk<'_> {
        Talk { with: self, open: None }
    }

    /// Connects and reads the greeting. A projector that is busy with another client does not greet.
    async fn open(&self) -> Result<Open, CallError> {
        let mut line = Line::open(&self.at.host, self.at.port, self.patience).await?.at_most(LONGEST);
        let greeting = line.read_to(b"\r\n").await;
        let greeting = greeting.map_err(|error| CallError::NotSent(format!("no greeting: {error}")))?;
        let digest = match (wire::greeting(&greeting)?, &self.password) {
            (None, _) => String::new(),
            (Some(salt), Some(password)) => wire::digest(&salt, password),
            (Some(_), None) => {
                let why = "it wants a password; write `password_file` beside its `host`";
                return Err(CallError::Held(why.to_owned()));
            }
        };
        Ok(Open { line, digest })
    }

    async fn see(&self, talk: &mut Talk<'_>) -> Result<Vec<Observation>, CallError> {
        let lamp = talk.lamp().await?;
        let mut seen: Vec<Observation> = lamp.power().into_iter().collect();
        // In standby there is no input to ask for.
        if lamp == Lamp::On {
            match talk.ask(wire::class_of(&self.at.input), "INPT", "?").await {
                Ok(input) => {
                    let right = input.eq_ignore_ascii_case(&self.at.input);
                    seen.push(Observation::ProjectorInput { right });
                }
                Err(Nay::NotNow(_) | Nay::Call(CallError::Refused(_))) => {}
                Err(Nay::Call(error)) => return Err(error),
            }
        }
        Ok(seen)
    }

    /// Who made it and what ails it: nice to know, and no reason to call it gone.
    async fn ask_the_rest(&self, talk: &mut Talk<'_>) {
        if !self.named.load(Ordering::Relaxed) {
            let maker = talk.ask('1', "INF1", "?").await;
            self.named.store(talk.is_open(), Ordering::Relaxed);
            let simulated = maker.is_ok_and(|maker| maker.starts_with(SIMULATED_MAKER));
            self.simulated.store(simulated, Ordering::Relaxed);
        }
        if !talk.is_open() || self.tells_no_errors.load(Ordering::Relaxed) {
            return;
        }
        let trouble = match talk.ask('1', "ERST", "?").await {
            Ok(digits) => wire::trouble(&digits),
            Err(Nay::NotNow(_)) => return,
            Err(Nay::Call(_)) => {
                self.tells_no_errors.store(true, Ordering::Relaxed);
                None
            }
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

#[async_trait]
impl Wire for Projector {
    fn family(&self) -> &'static str {
        "projector (PJLink)"
    }

    async fn tell(&self, permit: &Permit, told: &Told<'_>) -> Result<(), CallError> {
        projector::carry_out(&mut self.talk(), permit, told).await
    }

    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let mut talk = self.talk();
        let seen = self.see(&mut talk).await;
        match &seen {
            Ok(_) => self.ask_the_rest(&mut talk).await,
            // It may come back as another.
            Err(_) => {
                self.named.store(false, Ordering::Relaxed);
                self.tells_no_errors.store(false, Ordering::Relaxed);
            }
        }
        seen
    }

    fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn longest(&self, effect: Effect) -> Duration {
        projector::longest(effect, self.settle)
    }
}

/// A connection that was greeted on, and what goes before its first command.
struct Open {
    line: Line,
    digest: String,
}

/// A conversation; connects when there is something to ask, and again after it broke.
struct Talk<'a> {
    with: &'a Projector,
    open: Option<Open>,
}

impl Talk<'_> {
    fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// One command and its answer.
    async fn ask(&mut self, class: char, command: &str, value: &str) -> Result<String, Nay> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.with.open().await?,
        };
        let request = format!("{}%{class}{command} {value}\r", std::mem::take(&mut open.digest));
        open.line.write(request.as_bytes()).await?;
        let answered = timeout(self.with.patience, whole_line(&mut open.line)).await;
        let line = answered.unwrap_or_else(|_| Err(CallError::NoAnswer("only empty lines".to_owned())))?;
        let answer = wire::answer(&line, command);
        // Out of step with each other, a later answer would be taken for the next one.
        if !matches!(answer, Err(Nay::Call(CallError::Unclear(_)))) {
            self.open = Some(open);
        }
        answer
    }

    async fn set(&mut self, class: char, command: &str, value: &str) -> Result<(), Nay> {
        let answer = self.ask(class, command, value).await?;
        Ok(wire::taken(&answer)?)
    }
}

#[async_trait]
impl Remote for Talk<'_> {
    async fn lamp(&mut self) -> Result<Lamp, CallError> {
        match self.ask('1', "POWR", "?").await {
            Ok(value) => wire::lamp(&value),
            Err(Nay::NotNow(_)) => Ok(Lamp::Busy),
            Err(Nay::Call(error)) => Err(error),
        }
    }

    async fn switch(&mut self, on: bool) -> Result<(), Nay> {
        self.set('1', "POWR", if on { "1" } else { "0" }).await
    }

    async fn choose(&mut self) -> Result<(), Nay> {
        let input = &self.with.at.input;
        self.set(wire::class_of(input), "INPT", input).await
    }
}

/// The next line that says anything: some end theirs in two bytes.
async fn whole_line(line: &mut Line) -> Result<Vec<u8>, CallError> {
    loop {
        let piece = line.read_to(b"\r\n").await?;
        if !piece.is_empty() {
            return Ok(piece);
        }
    }
}
