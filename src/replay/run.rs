//! Runs a scenario: the real engine on virtual time, between customers, people and devices that are
//! played by the scenario.
//!
//! Owns the clock and what comes when. Decides nothing that the desk, the gate or a device decides: it
//! carries texts in, permits to the simulated devices, and what those show back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::queue::{Coming, Queue};
use super::record::{Record, sort};
use super::scenario::{Answer, Llm, Scenario};
use super::state_dir::StateDir;
use super::trace;
use crate::clock::{Clock, UnixMs};
use crate::desk::{AlertChannel, BookingList, Desk, FallbackQuestion, Inbound, Line, Options, Parts, Todo};
use crate::device::{DeviceEvent, NotSent, Observation};
use crate::intent::Understand;
use crate::policy::Permit;
use crate::simclub::{Behaviour, SimClub};
use crate::site::{Effect, Target};
use crate::sop::Library;
use crate::store::{self, Store, StoreError};

/// The channel that reaches people over the line in a simulation.
pub const ALERT_CHANNEL: &str = "push";
/// How long after the last event things may stay pending.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);
/// What a scripted answer of the cloud model takes.
const LLM_THINKS: Duration = Duration::from_millis(500);
/// The bay's agent carries out these three; one that is offline is offline for all of them.
const AGENT: [Effect; 3] = [Effect::SimRestart, Effect::RadarReset, Effect::PcReboot];
/// Timers that something still hangs on; re-alerts, holds and open questions are not pending.
const PENDING_TIMERS: [&str; 2] = ["effect", "door-open"];
/// More moments than any evening has: the engine would run in a circle.
const MOST_MOMENTS: u32 = 200_000;

/// Why a scenario could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("no folder for the database: {0}")]
    StateDir(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the engine is busy for ever at {0}: something is always due")]
    Circle(UnixMs),
}

/// What decisions go by besides the scenario.
#[derive(Clone)]
pub struct Engine {
    pub library: Arc<Library>,
    pub reader: Arc<dyn Understand>,
}

/// Runs a scenario to its end and gives back what happened, in order of time.
///
/// # Errors
/// Only the machine's: what the club does wrong is for the expectations to find.
pub fn run(scenario: &Scenario, engine: &Engine) -> Result<Vec<Record>, RunError> {
    let dir = StateDir::new()?;
    let clock = Clock::virtual_at(scenario.at);
    let desk = open(scenario, engine, &dir, &clock)?;
    let mut world = World {
        scenario,
        engine,
        dir,
        clock,
        desk,
        club: club(scenario),
        queue: Queue::default(),
        line: Line::Up,
        waiting: Vec::new(),
        llm: scenario.llm.clone(),
        answers: VecDeque::new(),
        shown: Vec::new(),
    };
    world.begin()?;
    world.play()?;
    world.records()
}

fn open(scenario: &Scenario, engine: &Engine, dir: &StateDir, clock: &Clock) -> store::Result<Desk> {
    Desk::new(Parts {
        store: Store::open(dir.path())?,
        site: scenario.site.clone(),
        library: engine.library.clone(),
        reader: engine.reader.clone(),
        clock: clock.clone(),
        options: Options {
            safe_mode: false,
            fallback: scenario.llm != Llm::Off,
            texts: true,
            alert_channels: vec![AlertChannel::per_person(ALERT_CHANNEL)],
            better_reader_within: None,
        },
    })
}

fn club(scenario: &Scenario) -> SimClub {
    let mut club = SimClub::from_site(&scenario.site);
    for (target, effect, behaviour) in &scenario.devices {
        club.set(target.clone(), *effect, *behaviour);
    }
    club
}

/// Everything of one run.
pub(super) struct World<'a> {
    pub scenario: &'a Scenario,
    engine: &'a Engine,
    dir: StateDir,
    pub clock: Clock,
    pub desk: Desk,
    pub club: SimClub,
    pub queue: Queue,
    pub line: Line,
    /// Texts that the provider holds while the line is down.
    pub waiting: Vec<Inbound>,
    pub llm: Llm,
    answers: VecDeque<Answer>,
    /// What a person was shown on the page and nowhere else (a second click is a conflict).
    pub shown: Vec<Record>,
}

impl World<'_> {
    fn begin(&mut self) -> Result<(), RunError> {
        self.desk.bookings_read(&BookingList {
            source: "scenario".to_owned(),
            bookings: self.scenario.bookings.clone(),
            skipped: 0,
            why: String::new(),
            read_at: self.scenario.at - self.scenario.bookings_age,
        })?;
        self.set_llm(self.scenario.llm.clone());
        self.set_line(self.scenario.line)?;
        let targets: Vec<Target> = self.club.targets().cloned().collect();
        for target in targets {
            for observation in first_look(&self.club, self.scenario, &target) {
                let event = DeviceEvent {
                    target: target.clone(),
                    at: self.scenario.at,
                    observation,
                    simulated: true,
                };
                self.desk.device(&event)?;
            }
        }
        for (index, event) in self.scenario.events.iter().enumerate() {
            self.queue.put(self.scenario.at + event.at, Coming::Event(index));
        }
        Ok(())
    }

    /// From moment to moment, until the scenario's time is up or nothing is pending.
    fn play(&mut self) -> Result<(), RunError> {
        for _ in 0..MOST_MOMENTS {
            self.moment()?;
            let Some(next) = self.next()? else {
                let end = self.ends_by_itself()?;
                self.clock.advance_to(end);
                return Ok(());
            };
            self.clock.advance_to(next);
        }
        Err(RunError::Circle(self.clock.now()))
    }

    /// Everything that happens now.
    fn moment(&mut self) -> Result<(), RunError> {
        let now = self.clock.now();
        loop {
            while let Some(coming) = self.queue.take_due(now) {
                self.happen(coming)?;
                self.step()?;
            }
            if !self.step()? {
                return Ok(());
            }
        }
    }

    /// Lets the desk do what is due. True if something was to go out.
    fn step(&mut self) -> Result<bool, RunError> {
        let todos = self.desk.step()?;
        let any = !todos.is_empty();
        for todo in todos {
            self.carry_out(todo)?;
        }
        Ok(any)
    }

    /// The next moment to look at; `None` when the run is over.
    fn next(&mut self) -> Result<Option<UnixMs>, RunError> {
        let now = self.clock.now();
        let due = self.desk.next_due()?.map(|due| due.max(UnixMs(now.0 + 1)));
        let next = [due, self.queue.next_at()].into_iter().flatten().min();
        let goes_on = match self.scenario.until {
            Some(until) => next.filter(|at| *at <= self.scenario.at + until),
            None => {
                let more = self.events_left() || self.pending()?;
                next.filter(|at| more && *at <= self.last_moment())
            }
        };
        Ok(goes_on)
    }

    fn events_left(&self) -> bool {
        self.queue.any(|coming| matches!(coming, Coming::Event(_)))
    }

    /// Without `until`, nothing happens after this.
    fn last_moment(&self) -> UnixMs {
        let last = self.scenario.events.last().map_or(Duration::ZERO, |event| event.at);
        self.scenario.at + last + LONGEST_WAIT
    }

    fn ends_by_itself(&mut self) -> Result<UnixMs, RunError> {
        if let Some(until) = self.scenario.until {
            return Ok(self.scenario.at + until);
        }
        Ok(if self.pending()? { self.last_moment() } else { self.clock.now() })
    }

    /// Whether something is still under way: a turn, an effect, a text that can leave, a device at work.
    fn pending(&mut self) -> Result<bool, RunError> {
        let line = self.line;
        let db = self.desk.store().conn();
        let timers = store::timer::all(db)?;
        let timer = timers.iter().any(|timer| PENDING_TIMERS.contains(&timer.kind.as_str()));
        let turn = store::turn::next_due(db)?.is_some();
        let open = store::effect::open(db)?;
        let effect = !open.is_empty();
        let text = line == Line::Up && !store::outbox::queued(db, "sms")?.is_empty();
        let at_work = |coming: &Coming| match coming {
            Coming::Seen { effect: Some(id), .. } => open.iter().any(|row| row.id == *id),
            Coming::Seen { effect: None, .. } | Coming::Event(_) => false,
            Coming::Answer { .. } => true,
        };
        Ok(timer || turn || effect || text || self.queue.any(at_work))
    }

    fn happen(&mut self, coming: Coming) -> Result<(), RunError> {
        match coming {
            Coming::Event(index) => self.event(&self.scenario.events[index].what),
            Coming::Seen { event, .. } => Ok(self.desk.device(&event)?),
            Coming::Answer { turn_id, nonce, said } => {
                Ok(self.desk.fallback_answered(turn_id, &nonce, said)?)
            }
        }
    }

    fn carry_out(&mut self, todo: Todo) -> Result<(), RunError> {
        match todo {
            Todo::Act(permit) => self.act(&permit)?,
            Todo::Deliver(text) | Todo::LookUp(text) => self.desk.delivered(text.id)?,
            Todo::Alert(alert) => self.desk.alert_sent(alert.id)?,
            Todo::Silence(_) => {}
            Todo::Digest(call) => self.desk.digest_sent(call.id)?,
            Todo::Ask(question) => self.ask(&question),
        }
        Ok(())
    }

    fn act(&mut self, permit: &Permit) -> store::Result<()> {
        let (now, id, target) = (self.clock.now(), permit.effect_id(), permit.target());
        if now >= permit.expires_at() {
            let late = NotSent::Offline("the permit ran out before it could be sent".into());
            return self.desk.effect_not_sent(id, &late);
        }
        match self.club.command(now, id, permit.effect(), target, permit.value()) {
            Ok(schedule) => {
                self.desk.effect_sent(id)?;
                for (at, observation) in schedule {
                    let event = DeviceEvent { target: target.clone(), at, observation, simulated: true };
                    self.queue.put(at, Coming::Seen { event, effect: Some(id) });
                }
                Ok(())
            }
            Err(why) => self.desk.effect_not_sent(id, &why),
        }
    }

    /// The cloud model, as the scenario scripts it.
    fn ask(&mut self, question: &FallbackQuestion) {
        let failed = || Err("the cloud model did not answer (simulated)".to_owned());
        let (late, said) = match &self.llm {
            _ if self.line == Line::Down => (Duration::ZERO, Err("the line is down (simulated)".to_owned())),
            Llm::Off | Llm::Error => (LLM_THINKS, failed()),
            Llm::Slow(late) => (*late, failed()),
            Llm::Answers(_) => match self.answers.pop_front() {
                Some(Answer::Says(nomination)) => (LLM_THINKS, Ok(nomination)),
                Some(Answer::Slow(late)) => (late, failed()),
                Some(Answer::Error) | None => (LLM_THINKS, failed()),
            },
        };
        let coming = Coming::Answer { turn_id: question.turn_id, nonce: question.nonce.clone(), said };
        self.queue.put(self.clock.now() + late, coming);
    }

    pub fn set_llm(&mut self, llm: Llm) {
        self.answers = match &llm {
            Llm::Answers(answers) => answers.iter().cloned().collect(),
            _ => VecDeque::new(),
        };
        self.desk.set_fallback(llm != Llm::Off);
        self.llm = llm;
    }

    /// The line goes or comes back; with it come the texts that the provider held.
    pub fn set_line(&mut self, line: Line) -> store::Result<()> {
        self.line = line;
        self.desk.set_line(line)?;
        if line == Line::Up {
            for inbound in std::mem::take(&mut self.waiting) {
                self.desk.receive(&inbound)?;
            }
        }
        Ok(())
    }

    /// The program is killed and started on the same data. Devices go on, and so does the provider.
    pub fn restart(&mut self) -> Result<(), RunError> {
        self.queue.forget_answers();
        self.desk = open(self.scenario, self.engine, &self.dir, &self.clock)?;
        self.desk.set_line(self.line)?;
        self.desk.set_fallback(self.llm != Llm::Off);
        Ok(())
    }

    pub fn show(&mut self, thread: Option<String>, text: &str) {
        self.shown.push(Record::new(self.clock.now(), "notice", thread, json!({"text": text})));
    }

    fn records(mut self) -> Result<Vec<Record>, RunError> {
        let mut records = trace::records(self.desk.store().conn(), self.scenario.at, self.clock.now())?;
        records.append(&mut self.shown);
        sort(&mut records);
        Ok(records)
    }
}

/// What is seen of a device when the box starts: its health, and what of it is known to be offline.
fn first_look(club: &SimClub, scenario: &Scenario, target: &Target) -> Vec<Observation> {
    let offline = |effect: Effect| club.behaviour(target, effect) == Behaviour::Offline;
    let agent = AGENT.into_iter().any(offline);
    let reason = || Some("offline (simulated)".to_owned());
    let unreachable =
        |effect: Effect| Observation::Reachable { online: false, effect: Some(effect), reason: reason() };
    let of_agent = AGENT.into_iter().filter(|_| agent);
    let others = Effect::ALL.iter().copied().filter(|effect| !AGENT.contains(effect) && offline(*effect));
    let mut seen: Vec<Observation> = if agent { Vec::new() } else { club.snapshot(scenario.at, target) };
    seen.extend(of_agent.chain(others).map(unreachable));
    seen
}
