//! What simulated projectors share, whatever they speak: a lamp that warms up and cools down, one client at a time,
//! and a port on loopback that can be pulled and put back.
//!
//! Owns the pretended lamp; what it does with a command follows the model. Can be told to answer badly ([`Fault`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::behaviour::Behaviour;
use super::control::SimControl;
use crate::clock::{Clock, UnixMs};
use crate::device::{Observation, Part};
use crate::site::{Effect, Target};

/// A client that says nothing for so long is hung up on.
const IDLE: Duration = Duration::from_secs(30);

/// What the pretended lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimLamp {
    Standby,
    On,
    Cooling,
    Warming,
}

/// Where a projector answers badly, whatever its lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Takes connections and says nothing at all.
    Silent,
    /// Greets, where its protocol does, and closes its sending side; goes on listening.
    HalfClosed,
    /// A web page.
    Html,
    /// A line that never ends.
    Endless,
    /// Values that nobody has heard of.
    Unknown,
    /// Answers to another command.
    Other,
    /// Does what it is told and hangs up without an answer.
    HangsUp,
    /// Not now, to all that would move it.
    NotNow,
    /// Says that it is broken, to all that would move it.
    Broken,
    /// PJLink: `ERRA`, whatever the password.
    WrongPassword,
    /// PJLink: greets with another salt than it reckons with.
    WrongSalt,
}

/// How the lamp takes a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Yes, or no in its own words, at this time.
    Taken(UnixMs),
    Refused(UnixMs),
    NotNow,
    /// It never answers this one.
    Never,
}

/// The lamp and the input behind a wire.
pub struct SimProjector {
    target: Target,
    control: SimControl,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    lamp: SimLamp,
    input: String,
    /// What is to happen, in order of time.
    due: Vec<(UnixMs, Change)>,
    fault: Option<Fault>,
    told: Vec<String>,
    wrong: Vec<String>,
    questions: u64,
}

#[derive(Debug, Clone)]
enum Change {
    Lamp(SimLamp),
    Input(String),
}

impl SimProjector {
    pub fn new(target: Target, input: &str, control: SimControl, clock: Clock) -> SimProjector {
        let state = State {
            lamp: SimLamp::On,
            input: input.to_owned(),
            due: Vec::new(),
            fault: None,
            told: Vec::new(),
            wrong: Vec::new(),
            questions: 0,
        };
        SimProjector { target, control, clock, state: Mutex::new(state) }
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn lamp(&self) -> SimLamp {
        self.state().lamp
    }

    /// Answers what the lamp does, and counts the question.
    pub fn asked(&self) -> SimLamp {
        let mut state = self.state();
        state.questions += 1;
        state.lamp
    }

    pub fn questions(&self) -> u64 {
        self.state().questions
    }

    pub fn set_lamp(&self, lamp: SimLamp) {
        let mut state = self.state();
        state.due.clear();
        state.lamp = lamp;
    }

    pub fn input(&self) -> String {
        self.state().input.clone()
    }

    pub fn set_input(&self, input: &str) {
        input.clone_into(&mut self.state().input);
    }

    pub fn fault(&self) -> Option<Fault> {
        self.state().fault
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// All that would have moved it, in order: `on`, `off`, `input 31`.
    pub fn told(&self) -> Vec<String> {
        self.state().told.clone()
    }

    /// What no careful client does: switching on while the lamp cools.
    pub fn wrong(&self) -> Vec<String> {
        self.state().wrong.clone()
    }

    /// Whether nobody is there: no power, or told to be offline.
    pub fn is_gone(&self) -> bool {
        use Effect as E;
        let offline = |effect| self.control.behaviour(&self.target, effect) == Behaviour::Offline;
        let mut effects = [E::ProjectorOn, E::ProjectorOff, E::ProjectorInput, E::ProjectorCycle].into_iter();
        !self.control.powered(&self.target) || effects.any(offline)
    }

    pub fn switch(&self, on: bool) -> Reply {
        let now = self.clock.now();
        let mut state = self.state();
        state.told.push(if on { "on" } else { "off" }.to_owned());
        match (on, state.lamp) {
            (true, SimLamp::On | SimLamp::Warming) | (false, SimLamp::Standby | SimLamp::Cooling) => {
                return Reply::Taken(now);
            }
            (true, SimLamp::Cooling) => {
                state.wrong.push("told to switch on while it cools".to_owned());
                return Reply::NotNow;
            }
            (false, SimLamp::Warming) => return Reply::NotNow,
            (true, SimLamp::Standby) | (false, SimLamp::On) => {}
        }
        let passing = if on { SimLamp::Warming } else { SimLamp::Cooling };
        let reply =
            self.ask_the_model(&mut state, now, self.switching(on), |observation| match observation {
                Observation::Power { part: Part::Projector, on: seen } if seen == on => {
                    Some(Change::Lamp(if on { SimLamp::On } else { SimLamp::Standby }))
                }
                _ => None,
            });
        if let (Reply::Taken(at), false) = (&reply, state.due.is_empty()) {
            state.due.insert(0, (*at, Change::Lamp(passing)));
        }
        reply
    }

    pub fn choose(&self, input: &str) -> Reply {
        let now = self.clock.now();
        let mut state = self.state();
        state.told.push(format!("input {input}"));
        if state.lamp != SimLamp::On {
            return Reply::NotNow;
        }
        self.ask_the_model(&mut state, now, Effect::ProjectorInput, |observation| match observation {
            Observation::ProjectorInput { right: true } => Some(Change::Input(input.to_owned())),
            _ => None,
        })
    }

    /// A wire knows no power-cycle, only off and on: its behaviour is that of off, where off has none of its own.
    fn switching(&self, on: bool) -> Effect {
        let works = |effect| self.control.behaviour(&self.target, effect) == Behaviour::Ok;
        match on {
            true => Effect::ProjectorOn,
            false if works(Effect::ProjectorOff) && !works(Effect::ProjectorCycle) => Effect::ProjectorCycle,
            false => Effect::ProjectorOff,
        }
    }

    fn ask_the_model(
        &self,
        state: &mut State,
        now: UnixMs,
        effect: Effect,
        change: impl Fn(Observation) -> Option<Change>,
    ) -> Reply {
        match state.fault {
            Some(Fault::NotNow) => return Reply::NotNow,
            Some(Fault::Broken) => return Reply::Refused(now),
            _ => {}
        }
        let schedule = self.control.command_own(now, effect, &self.target).unwrap_or_default();
        let mut schedule = schedule.into_iter();
        let reply = match schedule.next() {
            None => return Reply::Never,
            Some((at, Observation::Rejected { .. })) => return Reply::Refused(at),
            Some((at, _)) => Reply::Taken(at),
        };
        state.due = schedule.filter_map(|(at, seen)| Some((at, change(seen)?))).take(1).collect();
        reply
    }

    /// The state of this moment.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        while state.due.first().is_some_and(|(at, _)| *at <= now) {
            match state.due.remove(0).1 {
                Change::Lamp(lamp) => state.lamp = lamp,
                Change::Input(input) => state.input = input,
            }
        }
        state
    }

    /// Waits until an answer is due. False: the client left before.
    pub async fn wait(&self, client: &Client, at: UnixMs) -> bool {
        let due = tokio::time::sleep(at.since(self.clock.now()));
        tokio::select! {
            () = due => true,
            () = client.left() => false,
        }
    }
}

/// What one protocol says to a client.
#[async_trait]
pub trait Speech: Send + Sync + 'static {
    fn projector(&self) -> &SimProjector;
    /// What is said first, if anything.
    fn greeting(&self) -> String;
    /// Serves a client that was greeted.
    async fn converse(&self, client: &mut Client, greeting: &str);
}

/// A running projector that speaks `S`, with what a test or the demo turns and asks; it ends with the value.
pub struct ProjectorServer<S> {
    address: SocketAddr,
    pub(super) speech: Arc<S>,
    task: Option<JoinHandle<()>>,
}

impl<S: Speech> ProjectorServer<S> {
    /// Starts on loopback; port 0 takes a free one.
    pub(super) fn listen(port: u16, speech: S) -> io::Result<ProjectorServer<S>> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = ProjectorServer { address, speech: Arc::new(speech), task: None };
        server.come_back()?;
        Ok(server)
    }

    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Makes it answer badly from its next client or command on, or well again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.speech.projector().set_fault(fault);
    }

    pub fn lamp(&self) -> SimLamp {
        self.speech.projector().lamp()
    }

    /// Puts the lamp where it stays until the next command.
    pub fn set_lamp(&self, lamp: SimLamp) {
        self.speech.projector().set_lamp(lamp);
    }

    pub fn set_input(&self, input: &str) {
        self.speech.projector().set_input(input);
    }

    /// All that would have moved it, in order: `on`, `off`, `input hdmi`.
    pub fn told(&self) -> Vec<String> {
        self.speech.projector().told()
    }

    /// What no careful client does.
    pub fn wrong(&self) -> Vec<String> {
        self.speech.projector().wrong()
    }

    /// How often it was asked what its lamp does.
    pub fn asked(&self) -> u64 {
        self.speech.projector().questions()
    }

    /// Takes its port again.
    ///
    /// # Errors
    /// The port cannot be used.
    pub fn come_back(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        self.address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        self.task = Some(tokio::spawn(serve(listener, self.speech.clone())));
        Ok(())
    }

    /// Pulls its plug: the port closes and the connection breaks.
    pub async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It only ends; how does not matter.
            let _ = task.await;
        }
    }
}

impl<S> Drop for ProjectorServer<S> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// One client after the other, as most projectors.
async fn serve<S: Speech>(listener: tokio::net::TcpListener, speech: Arc<S>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let mut client = Client { stream, rest: Vec::new() };
        if speech.projector().is_gone() {
            continue;
        }
        let greeting = speech.greeting();
        match speech.projector().fault() {
            Some(Fault::Silent) => while client.line(b"\r#", 4096).await.is_some() {},
            Some(Fault::Html) => {
                client.say("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n").await;
                client.say("<html><body>SIMULATED: no projector</body></html>").await;
            }
            Some(Fault::Endless) => while client.say(&"x".repeat(1024)).await {},
            Some(Fault::HalfClosed) => {
                client.say(&greeting).await;
                // It may be gone already.
                let _ = client.stream.shutdown().await;
                while client.line(b"\r", 4096).await.is_some() {}
            }
            _ => {
                if client.say(&greeting).await {
                    speech.converse(&mut client, &greeting).await;
                }
            }
        }
    }
}

/// A connected client.
pub struct Client {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Client {
    /// False: it is gone.
    pub async fn say(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).await.is_ok()
    }

    /// Its next line up to one of these bytes. `None`: it left, says nothing for too long, or never ends its line.
    pub async fn line(&mut self, ends: &[u8], most: usize) -> Option<String> {
        tokio::time::timeout(IDLE, self.piece(ends, most)).await.ok().flatten()
    }

    async fn piece(&mut self, ends: &[u8], most: usize) -> Option<String> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| ends.contains(byte)) {
                let line: Vec<u8> = self.rest.drain(..=at).collect();
                return Some(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            let mut buffer = [0; 256];
            match self.stream.read(&mut buffer).await {
                Ok(n) if n > 0 && self.rest.len() <= most => self.rest.extend_from_slice(&buffer[..n]),
                _ => return None,
            }
        }
    }

    /// Waits until it closes; what it says meanwhile is left for later.
    async fn left(&self) {
        let mut one = [0; 1];
        while self.stream.peek(&mut one).await.is_ok_and(|n| n > 0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
