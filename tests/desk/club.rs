//! A desk on virtual time whose reader takes a text for the intent it names, and whose channels to people
//! are played here: each works or does not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{AlertChannel, Desk, Inbound, Operator, Options, Parts, Todo};
use clubos::intent::{By, Context, Reading, Slots, Topic, Understand, Verdict};
use clubos::site::{LoadMode, Role, Site};
use clubos::sop::Library;
use clubos::store::Store;
use clubos::store::escalation::{self, Escalation};
use clubos::store::journal;
use clubos::store::thread::Channel;

/// `minutes(90)`.
pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// Takes every text for a certain match of the intent it consists of.
#[derive(Default)]
pub struct Named {
    pub reads: AtomicUsize,
    /// Lines it was given in all.
    pub words: AtomicUsize,
}

impl Understand for Named {
    fn read(&self, text: &str, _: &Context) -> Reading {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.words.fetch_add(text.lines().count(), Ordering::Relaxed);
        let intent = text.lines().last().unwrap_or_default();
        let decision = if intent.starts_with("emergency.") { Verdict::Emergency } else { Verdict::Match };
        Reading { topics: vec![topic(intent, decision)], slots: Slots::default(), complete: true }
    }

    fn emergency(&self, text: &str) -> Option<Topic> {
        text.starts_with("emergency.").then(|| topic(text, Verdict::Emergency))
    }
}

fn topic(intent: &str, decision: Verdict) -> Topic {
    let text = intent.to_owned();
    Topic {
        intent: intent.to_owned(),
        confidence: 1.0,
        decision,
        alternatives: Vec::new(),
        text,
        by: By::Rule,
    }
}

/// One call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    pub after: Duration,
    pub person: String,
    pub channel: String,
    pub escalation: i64,
}

pub struct Club {
    pub desk: Desk,
    pub clock: Clock,
    pub reader: Arc<Named>,
    dir: PathBuf,
    site: Arc<Site>,
    channels: Vec<AlertChannel>,
    start: UnixMs,
    /// Channels that do not get through.
    pub broken: BTreeSet<String>,
    /// Calls that got through or did not, in order.
    pub called: Vec<Called>,
    /// Escalations whose noise was called off, and when.
    pub silenced: Vec<(Duration, i64)>,
    /// Digests that went out: person, channel, text.
    pub digests: Vec<(Duration, String, String, String)>,
}

impl Club {
    /// Starts at a local time of the site (America/Halifax).
    pub fn at(name: &str, local: &str, channels: Vec<AlertChannel>) -> Club {
        Club::with(name, local, channels, |_| {})
    }

    pub fn with(
        name: &str,
        local: &str,
        channels: Vec<AlertChannel>,
        change: impl FnOnce(&mut Site),
    ) -> Club {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("desk-{name}"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let mut site =
            clubos::site::load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).unwrap();
        change(&mut site);
        let local: jiff::civil::DateTime = local.parse().unwrap();
        let start = UnixMs::from(local.to_zoned_datetime(site.zone.clone()).unwrap().timestamp());
        let (site, clock, reader) = (Arc::new(site), Clock::virtual_at(start), Arc::new(Named::default()));
        let desk = desk(&dir, &site, &clock, &reader, &channels);
        Club {
            desk,
            clock,
            reader,
            dir,
            site,
            channels,
            start,
            broken: BTreeSet::new(),
            called: Vec::new(),
            silenced: Vec::new(),
            digests: Vec::new(),
        }
    }

    /// The program is killed and starts on the same data.
    pub fn restart(mut self) -> Club {
        let elsewhere = self.dir.join("unused");
        std::fs::create_dir_all(&elsewhere).unwrap();
        let idle = desk(&elsewhere, &self.site, &self.clock, &self.reader, &self.channels);
        drop(std::mem::replace(&mut self.desk, idle));
        self.desk = desk(&self.dir, &self.site, &self.clock, &self.reader, &self.channels);
        self
    }

    pub fn text(&mut self, from: &str, body: &str) -> i64 {
        let inbound = Inbound {
            channel: Channel::Sms,
            address: from.into(),
            session: String::new(),
            presence: None,
            phone: Some(from.parse().unwrap()),
            body: body.into(),
            media: 0,
            provider_id: None,
            written_at: self.clock.now(),
            simulated: true,
        };
        self.desk.receive(&inbound).unwrap().thread_id
    }

    fn after(&self) -> Duration {
        self.clock.now().since(self.start)
    }

    /// What is to go out now, not yet carried out.
    pub fn step(&mut self) -> Vec<Todo> {
        self.desk.step().unwrap()
    }

    /// Lets time pass to `after` the start; calls are made as they come due.
    pub fn until(&mut self, after: Duration) {
        let end = self.start + after;
        loop {
            loop {
                let todos = self.step();
                if todos.is_empty() {
                    break;
                }
                todos.into_iter().for_each(|todo| self.carry_out(todo));
            }
            let due = self.desk.next_due().unwrap().map(|at| at.max(UnixMs(self.clock.now().0 + 1)));
            match due.filter(|at| *at <= end) {
                Some(at) => self.clock.advance_to(at),
                None => break,
            }
        }
        self.clock.advance_to(end);
    }

    pub fn carry_out(&mut self, todo: Todo) {
        let after = self.after();
        match todo {
            Todo::Alert(alert) => {
                let works = !self.broken.contains(&alert.channel);
                self.called.push(Called {
                    after,
                    person: alert.person.clone(),
                    channel: alert.channel.clone(),
                    escalation: alert.escalation_id,
                });
                if works {
                    self.desk.alert_sent(alert.id).unwrap();
                } else {
                    self.desk.alert_failed(alert.id, "it is broken").unwrap();
                }
            }
            Todo::Silence(matter) => self.silenced.push((after, matter.id)),
            Todo::Digest(call) if self.broken.contains(&call.channel) => {
                self.desk.digest_failed(call.id, "it is broken").unwrap();
            }
            Todo::Digest(call) => {
                self.desk.digest_sent(call.id).unwrap();
                self.digests.push((after, call.person, call.channel, call.text));
            }
            Todo::Deliver(text) => self.desk.delivered(text.id).unwrap(),
            _ => {}
        }
    }

    /// `dana by push` …, at this minute.
    pub fn calls_at(&self, after: Duration) -> Vec<String> {
        let now = |c: &&Called| c.after.as_secs() / 60 == after.as_secs() / 60;
        self.called.iter().filter(now).map(|c| format!("{} by {}", c.person, c.channel)).collect()
    }

    pub fn calls(&self) -> Vec<String> {
        self.called.iter().map(|c| format!("{} by {}", c.person, c.channel)).collect()
    }

    pub fn waiting(&self) -> Vec<Escalation> {
        escalation::waiting(self.desk.store_ref().conn()).unwrap()
    }

    pub fn notices(&self) -> Vec<String> {
        let all = journal::notices(self.desk.store_ref().conn(), UnixMs(i64::MIN)).unwrap();
        all.into_iter().map(|n| n.text).collect()
    }
}

fn desk(dir: &Path, site: &Arc<Site>, clock: &Clock, reader: &Arc<Named>, channels: &[AlertChannel]) -> Desk {
    Desk::new(Parts {
        store: Store::open(dir).unwrap(),
        site: site.clone(),
        library: Arc::new(Library::load(Path::new("sops")).unwrap()),
        reader: reader.clone(),
        clock: clock.clone(),
        options: Options { texts: true, alert_channels: channels.to_vec(), ..Options::default() },
    })
    .unwrap()
}

pub fn who(name: &str) -> Operator {
    Operator { name: name.into(), role: if name == "dana" { Role::Manager } else { Role::OnCall } }
}

pub fn push() -> AlertChannel {
    AlertChannel::per_person("push")
}

pub fn sms() -> AlertChannel {
    AlertChannel::per_person("sms")
}

pub fn slack() -> AlertChannel {
    AlertChannel::site_wide("slack")
}

pub fn voice() -> AlertChannel {
    AlertChannel::per_person("voice").on_the_last_rung()
}
