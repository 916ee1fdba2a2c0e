//! The switchboard: takes the desk's alerts to the channels, and writes down what became of them.
//!
//! People of one wave who share a line (a Slack channel, a topic) are called once, together. What passes by
//! itself (429, a time-out, 5xx) is tried again a few times, as long as nobody has acknowledged. A dead
//! channel is not asked. Nothing here waits for anything else: each call runs by itself.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::{Call, Card, Channel, Health, NotReached, Reception, push, silence};
use crate::clock::Clock;
use crate::desk::DeskHandle;
use crate::site::{Person, Role, Site};
use crate::store::called::{self, State};
use crate::store::digest::DigestCall;
use crate::store::escalation::{self, Alert, Escalation};
use crate::store::push as store_push;
use crate::store::{Reader, StoreError};

/// Calls that are remembered, to find those of the same wave.
const WAVES: usize = 64;
/// A server that asks for more is left to the next step of the ladder.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
const TRIES: u32 = 3;
/// For one try, whatever the channel does.
const ONE_TRY: Duration = Duration::from_secs(40);

type Ending = Arc<OnceCell<Result<(), NotReached>>>;

/// Escalation, channel, line, and the round it was called on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wave(i64, &'static str, String, u32);

pub struct Switchboard {
    pub(super) channels: Vec<Arc<dyn Channel>>,
    pub(super) reception: Reception,
    page: Option<String>,
    waves: Mutex<VecDeque<(Wave, Ending)>>,
}

impl Switchboard {
    /// `page`: where links lead, unless the site says otherwise.
    pub fn new(
        channels: Vec<Arc<dyn Channel>>,
        desk: DeskHandle,
        db: PathBuf,
        site: Arc<Site>,
        clock: Clock,
        page: Option<String>,
    ) -> Arc<Switchboard> {
        let health = Health::new(desk.clone());
        let page = site.notify.page.clone().or(page);
        let reception = Reception { desk, db, site, clock, health };
        for channel in &channels {
            channel.meet(&reception);
        }
        Arc::new(Switchboard { channels, reception, page, waves: Mutex::default() })
    }

    /// Starts what goes on beside the calls. The tasks end when they are aborted or the desk has stopped.
    pub fn start(self: &Arc<Self>) -> Vec<JoinHandle<()>> {
        let known: Vec<(&'static str, String)> =
            self.channels.iter().map(|c| (c.name(), c.config())).collect();
        let reachable: Vec<(&'static str, Vec<String>)> =
            self.channels.iter().map(|c| (c.name(), self.reached_by(c.as_ref()))).collect();
        let told = self.reception.desk.tell(move |desk| {
            for (channel, people) in reachable {
                desk.set_reachable(channel, people);
            }
            let written: Result<(), StoreError> = desk
                .store()
                .write(|tx| known.iter().try_for_each(|(name, config)| called::configured(tx, name, config)));
            if let Err(error) = written {
                tracing::error!(%error, "the channels' configuration could not be stored");
            }
        });
        if told.is_err() {
            tracing::debug!("the desk has stopped");
        }
        let attended = self.channels.iter().cloned();
        let mut tasks: Vec<_> =
            attended.map(|channel| tokio::spawn(async move { channel.attend().await })).collect();
        tasks.push(tokio::spawn(silence::watch(self.clone())));
        tasks
    }

    /// Carries one alert out.
    ///
    /// # Errors
    /// [`NotReached`], after the last try.
    pub async fn call(&self, alert: &Alert) -> Result<(), NotReached> {
        let unread = |error: StoreError| NotReached::Later { why: error.to_string(), after: None };
        let channel = self.channels.iter().find(|c| c.name() == alert.channel);
        let channel = channel
            .cloned()
            .ok_or_else(|| NotReached::NoAddress(format!("there is no channel {}", alert.channel)))?;
        let first = self.person(alert.people().next().unwrap_or_default());
        let line = channel.line(&first).map_err(NotReached::NoAddress)?;
        let db = Reader::open(&self.reception.db).map_err(unread)?;
        let Some(row) = escalation::get(db.conn(), alert.escalation_id).map_err(unread)? else {
            return Err(NotReached::NoAddress("the escalation is gone".into()));
        };
        let called = escalation::alerts_of(db.conn(), row.id).map_err(unread)?;
        drop(db);
        let same =
            |a: &&Alert| a.channel == alert.channel && a.round == alert.round && a.state != "cancelled";
        let round = called.iter().filter(same).flat_map(Alert::people);
        let people = self.on_line(channel.as_ref(), &line, round);
        let people = if people.is_empty() { vec![first] } else { people };
        let wave = Wave(row.id, channel.name(), line, alert.round);
        let ending = self.wave(wave);
        ending.get_or_init(|| self.deliver(&channel, people, &row)).await.clone()
    }

    /// Sends the daily digest.
    ///
    /// # Errors
    /// [`NotReached`], after the first try: the desk takes another channel.
    pub async fn digest(&self, digest: &DigestCall) -> Result<(), NotReached> {
        let found = self.channels.iter().find(|c| c.name() == digest.channel);
        let none = || NotReached::NoAddress(format!("there is no channel {}", digest.channel));
        let channel = found.ok_or_else(none)?;
        let people: Vec<Person> = digest.person.split(", ").map(|name| self.person(name)).collect();
        if let Some(first) = people.first() {
            channel.line(first).map_err(NotReached::NoAddress)?;
        }
        let card = Card::digest(&self.reception.site, self.page.as_deref(), &digest.text);
        let call = Call { people, card, shown: None };
        let result = attempt(channel.as_ref(), &call).await.map(|_| ());
        self.reception.health.report(channel.name(), &result);
        result
    }

    /// Sends a test to one person over one channel, also over one that is taken as dead.
    ///
    /// # Errors
    /// [`NotReached`], in words for the person who pressed the button.
    pub async fn test(&self, channel: &str, person: &str) -> Result<(), NotReached> {
        let found = self.channels.iter().find(|c| c.name() == channel);
        let channel = found.ok_or_else(|| NotReached::NoAddress(format!("there is no channel {channel}")))?;
        let person = self.person(person);
        channel.line(&person).map_err(NotReached::NoAddress)?;
        let card = Card::test(&self.reception.site, self.page.as_deref());
        let call = Call { people: vec![person], card, shown: None };
        let result = attempt(channel.as_ref(), &call).await.map(|_| ());
        self.reception.health.report(channel.name(), &result);
        result
    }

    /// Name and label of every channel, in the order of the site.
    pub fn channels(&self) -> Vec<(&'static str, &'static str)> {
        self.channels.iter().map(|c| (c.name(), c.label())).collect()
    }

    /// Somebody who is not in the site's list has a name and nothing else.
    pub(super) fn person(&self, name: &str) -> Person {
        let known = self.reception.site.people.iter().find(|p| p.name == name);
        known.cloned().unwrap_or_else(|| Person {
            name: name.to_owned(),
            role: Role::OnCall,
            phone: None,
            slack: None,
            ntfy_topic_file: None,
        })
    }

    /// The people of the site who have an address on this channel.
    fn reached_by(&self, channel: &dyn Channel) -> Vec<String> {
        if channel.name() == push::NAME {
            let read = Reader::open(&self.reception.db).and_then(|db| store_push::people(db.conn()));
            return read.unwrap_or_default(); // unread: nobody is waited for who may have no browser
        }
        let people = self.reception.site.people.iter();
        people.filter(|p| channel.line(p).is_ok()).map(|p| p.name.clone()).collect()
    }

    /// Those of `names` who are on this line, each once.
    fn on_line<'a>(
        &self,
        channel: &dyn Channel,
        line: &str,
        names: impl Iterator<Item = &'a str>,
    ) -> Vec<Person> {
        let mut people: Vec<Person> = Vec::new();
        for name in names {
            let person = self.person(name);
            let same = channel.line(&person).as_deref() == Ok(line);
            if same && !people.iter().any(|p| p.name == person.name) {
                people.push(person);
            }
        }
        people
    }

    pub(super) fn card(&self, row: &Escalation) -> Card {
        Card::of(row, &self.reception.site, self.page.as_deref(), self.reception.clock.now())
    }

    fn wave(&self, wave: Wave) -> Ending {
        let mut waves = self.waves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ending)) = waves.iter().find(|(known, _)| *known == wave) {
            return ending.clone();
        }
        let ending = Ending::default();
        waves.push_back((wave, ending.clone()));
        if waves.len() > WAVES {
            waves.pop_front();
        }
        ending
    }

    /// One wave over one line, with what follows from how it ended.
    async fn deliver(
        &self,
        channel: &Arc<dyn Channel>,
        people: Vec<Person>,
        row: &Escalation,
    ) -> Result<(), NotReached> {
        let name = channel.name();
        let (shown, dead) = self.known(name, row.id)?;
        if let Some(why) = dead {
            return Err(NotReached::Dead(why));
        }
        let call = Call { people, card: self.card(row), shown };
        let result = self.patiently(channel.as_ref(), &call, row.id).await;
        if let Ok(mark) = &result
            && channel.can_silence()
        {
            self.remember(row.id, name, mark.clone()).await;
        }
        let result = result.map(|_| ());
        self.reception.health.report(name, &result);
        result
    }

    async fn patiently(&self, channel: &dyn Channel, call: &Call, id: i64) -> Result<String, NotReached> {
        let mut tried = 1;
        loop {
            let (why, after) = match attempt(channel, call).await {
                Err(NotReached::Later { why, after }) => (why, after),
                ended => return ended,
            };
            let wait = after.unwrap_or(Duration::from_secs(1 << tried));
            if tried >= TRIES || wait > LONGEST_WAIT {
                return Err(NotReached::Later { why, after });
            }
            tokio::time::sleep(wait).await;
            if !self.still_waits(id) {
                return Err(NotReached::NoAddress("somebody looked after it before this call left".into()));
            }
            tried += 1;
        }
    }

    /// What the channel shows of this escalation already, and why it is dead, if it is.
    fn known(&self, channel: &str, id: i64) -> Result<(Option<called::Shown>, Option<String>), NotReached> {
        let read = || -> Result<_, StoreError> {
            let db = Reader::open(&self.reception.db)?;
            let health = called::health(db.conn(), channel)?;
            let dead = health.filter(|h| h.state == State::Dead).map(|h| h.why.unwrap_or_default());
            Ok((called::shown_by(db.conn(), id, channel)?, dead))
        };
        read().map_err(|error| NotReached::Later { why: error.to_string(), after: None })
    }

    fn still_waits(&self, id: i64) -> bool {
        let row = Reader::open(&self.reception.db).and_then(|db| escalation::get(db.conn(), id));
        !matches!(row, Ok(Some(row)) if row.acked_at.is_some() || row.closed_at.is_some())
    }

    async fn remember(&self, id: i64, channel: &'static str, mark: String) {
        let written = self.reception.desk.call(move |desk| {
            let now = desk.now();
            desk.store().write(|tx| called::shown(tx, id, channel, &mark, now))
        });
        if let Ok(Err(error)) = written.await {
            tracing::error!(%error, "what a channel shows could not be stored");
        }
    }
}

async fn attempt(channel: &dyn Channel, call: &Call) -> Result<String, NotReached> {
    let late = || NotReached::Later { why: format!("{} did not answer", channel.label()), after: None };
    tokio::time::timeout(ONE_TRY, channel.call(call)).await.unwrap_or_else(|_| Err(late()))
}
