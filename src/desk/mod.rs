//! The desk: the conversation. Inbox, turns, episodes, decisions, effects, hand-over.
//!
//! Owns every rule of conversation. May use `intent`, `llm`, `device`, `policy`, `sop`, `store`, `site`.
//! Knows no transport: it is told what came in and what was seen ([`Desk::receive`], [`Desk::device`] …),
//! and says what is to go out ([`Todo`]). It never waits and never reads a clock of its own: all its
//! state is in the database, all its time comes from the injected [`Clock`], so that the same history
//! gives the same decisions, after a kill at any point and on virtual time too.
//!
//! ```text
//! receive ─> inbox ─> turn (due) ─> decide ─┬─> reply (outbox)        ─> Todo::Deliver
//!                                           ├─> effect (gate, journal) ─> Todo::Act ─> device ─> outcome
//!                                           └─> escalation (alerts)    ─> Todo::Alert, then Todo::Silence
//! ```

mod alerts;
mod answers;
mod bays;
mod bookings;
mod collect;
mod consent;
mod decide;
mod digest;
mod door;
mod draft;
mod effects;
mod elsewhere;
mod hall;
mod health;
mod housekeeping;
mod inbox;
mod input;
mod ladder;
mod line;
mod on_call;
mod operate;
mod outage;
mod outcome;
mod people;
mod phrases;
mod readings;
mod run;
mod scene;
mod texts;
mod topics;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

pub use crate::llm::{Nomination, Question as FallbackQuestion};
pub use bookings::{BookingList, NotRead};
pub use elsewhere::{MissedCall, SentElsewhere};
pub use input::{
    Acknowledged, Act, AlertChannel, Inbound, Line, OperateError, Operator, Reach, Received, TextRefusal,
    Todo,
};
pub use on_call::{OnCall, order as on_call_order};
use readings::Readings;
pub use run::{DeskGone, DeskHandle, Work, start};

use crate::clock::{Clock, UnixMs};
use crate::intent::{self, Reading, Understand};
use crate::policy::Gate;
use crate::site::Site;
use crate::sop::Library;
use crate::store::{self, Store, StoreError};

/// What the desk is made of.
pub struct Parts {
    pub store: Store,
    pub site: Arc<Site>,
    pub library: Arc<Library>,
    pub reader: Arc<dyn Understand>,
    pub clock: Clock,
    pub options: Options,
}

/// How this desk runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The configuration is bad: no effect is authorised.
    pub safe_mode: bool,
    /// A cloud model may be asked when the reading is unsure.
    pub fallback: bool,
    /// Texts can be sent. Without it they wait in the outbox.
    pub texts: bool,
    /// Channels that reach people over the line, the best first. The LAN alarm is always there.
    pub alert_channels: Vec<AlertChannel>,
    /// The reader given is a makeshift, and a better one will be put in place: what is no emergency waits
    /// for it, at most this long from the start.
    pub better_reader_within: Option<Duration>,
}

/// The one authority over conversations and effects. Lives on one thread; see [`start`].
pub struct Desk {
    store: Store,
    world: World,
    /// Texts that were in mid-send when the program stopped: to be looked up before anything else is done.
    interrupted: Vec<store::outbox::Outgoing>,
}

/// What decisions go by besides the database.
pub(crate) struct World {
    site: Arc<Site>,
    library: Arc<Library>,
    reader: Arc<dyn Understand>,
    clock: Clock,
    options: Options,
    line: Line,
    /// Until then only emergencies and the door are decided: the model is being loaded.
    awaits_reader: Option<UnixMs>,
    readings: Readings,
    /// Whom a channel can reach, where it has said so.
    reachable: BTreeMap<String, Vec<String>>,
}

impl World {
    /// What the words say. Deciding reads the same words as looking did: they are read once.
    fn read(&self, text: &str, context: &intent::Context) -> Reading {
        self.readings.get(text, context, || self.reader.read(text, context))
    }

    fn set_reader(&mut self, reader: Arc<dyn Understand>) {
        self.reader = reader;
        self.readings.forget();
    }
}

/// One transaction's view: the database, the world, and the moment it is decided in.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    db: &'a Connection,
    world: &'a World,
    now: UnixMs,
}

impl<'a> Cx<'a> {
    fn site(&self) -> &'a Site {
        &self.world.site
    }

    fn library(&self) -> &'a Library {
        &self.world.library
    }

    fn gate(&self) -> Gate<'a> {
        Gate { site: &self.world.site, safe_mode: self.world.options.safe_mode }
    }
}

impl Desk {
    /// Takes over the database and picks up whatever a kill left half-done.
    ///
    /// # Errors
    /// Only the database's.
    pub fn new(parts: Parts) -> store::Result<Desk> {
        let Parts { store, site, library, reader, clock, options } = parts;
        let awaits_reader = options.better_reader_within.map(|within| clock.now() + within);
        let world = World {
            site,
            library,
            reader,
            clock,
            options,
            line: Line::Up,
            awaits_reader,
            readings: Readings::default(),
            reachable: BTreeMap::new(),
        };
        let mut desk = Desk { store, world, interrupted: Vec::new() };
        desk.resume()?;
        Ok(desk)
    }

    pub fn now(&self) -> UnixMs {
        self.world.clock.now()
    }

    pub fn site(&self) -> &Arc<Site> {
        &self.world.site
    }

    pub fn library(&self) -> &Arc<Library> {
        &self.world.library
    }

    /// The line to the internet went or came back, or was looked at for the first time.
    ///
    /// # Errors
    /// Only the database's; the line is what it is all the same.
    pub fn set_line(&mut self, line: Line) -> store::Result<()> {
        self.world.line = line;
        self.write(|cx| line::is(cx, line))
    }

    pub fn line(&self) -> Line {
        self.world.line
    }

    /// Whether a cloud model may be asked from now on (its budget or key came or went).
    pub fn set_fallback(&mut self, on: bool) {
        self.world.options.fallback = on;
    }

    /// Puts a better reader in place (the encoder has finished loading).
    ///
    /// # Errors
    /// Only the database's; the reader is in place all the same.
    pub fn set_reader(&mut self, reader: Arc<dyn Understand>) -> store::Result<()> {
        self.world.set_reader(reader);
        self.no_better_reader()
    }

    /// The reader in place is the best there will be: what waited for a better one is decided by it.
    ///
    /// # Errors
    /// Only the database's.
    pub fn no_better_reader(&mut self) -> store::Result<()> {
        self.world.awaits_reader = None;
        self.write(inbox::look_again)
    }

    /// Puts a new version of the SOPs in place, with a reader trained on it.
    pub fn set_library(&mut self, library: Arc<Library>, reader: Arc<dyn Understand>) {
        self.world.library = library;
        self.world.set_reader(reader);
    }

    /// The database, for rooms above that write their own tables (sign-in, presence codes).
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// The database, to look at.
    pub fn store_ref(&self) -> &Store {
        &self.store
    }

    /// When [`Desk::step`] has something to do next, if nothing comes in before.
    ///
    /// # Errors
    /// Only the database's.
    pub fn next_due(&self) -> store::Result<Option<UnixMs>> {
        let turn = store::turn::next_due(self.store.conn())?;
        let timer = store::timer::next(self.store.conn())?;
        Ok([turn, timer].into_iter().flatten().min())
    }

    /// Does everything that is due now and says what is to go out. Call it after every input and whenever
    /// [`Desk::next_due`] has come.
    ///
    /// # Errors
    /// Only the database's; what was committed before the error stays done.
    pub fn step(&mut self) -> store::Result<Vec<Todo>> {
        let mut todos = Vec::new();
        loop {
            if self.dispatch_effects(&mut todos)? | self.run_timer()? | self.run_turn(&mut todos)? {
                continue;
            }
            break;
        }
        self.send_texts(&mut todos)?;
        self.send_calls(&mut todos)?;
        Ok(todos)
    }

    /// Runs `work` in one committed transaction at the current moment.
    fn write<T>(&mut self, work: impl FnOnce(Cx<'_>) -> store::Result<T>) -> store::Result<T> {
        let world = &self.world;
        let now = world.clock.now();
        self.store.write(|tx| work(Cx { db: tx, world, now }))
    }

    /// Picks up after a start: messages without a turn get one, effects handed to a driver keep being
    /// watched (never sent again), texts in mid-send are looked up at the provider.
    fn resume(&mut self) -> store::Result<()> {
        self.interrupted = self.write(|cx| {
            inbox::adopt(cx)?;
            if cx.world.awaits_reader.is_some() {
                inbox::look_again(cx)?;
            }
            effects::resume(cx)?;
            housekeeping::resume(cx)?;
            alerts::resume(cx)?;
            texts::resume(cx)
        })?;
        Ok(())
    }
}

/// The text of a reason that only a defect or a broken disk can give.
pub(crate) fn log_store_error(what: &str, error: &StoreError) {
    tracing::error!(%error, "{what}");
}
