//! What the device tests share: a scratch directory, a bench with broker and bays, awaited conditions.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::device::agent::{AgentDriver, AgentOptions};
use clubos::device::verify::{Known, Verdict, Verification};
use clubos::device::{DeviceEvent, Driver, NotSent, Observation};
use clubos::policy::Permit;
use clubos::simclub::agent::{SimAgent, SimAgentLink};
use clubos::simclub::broker::SimBroker;
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{BayId, Effect, Target};
use tokio::sync::mpsc;

use crate::waiting::asked_until;

/// The longest a condition is awaited.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A directory that goes with the test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("clubos-devices-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("scratch directory");
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Events of a driver, awaited by condition.
pub struct Seen {
    events: mpsc::Receiver<DeviceEvent>,
    pub all: Vec<DeviceEvent>,
}

impl Seen {
    pub fn new() -> (mpsc::Sender<DeviceEvent>, Seen) {
        let (sender, events) = mpsc::channel(1024);
        (sender, Seen { events, all: Vec::new() })
    }

    pub async fn next(&mut self) -> DeviceEvent {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        let event = event.expect("an event in time").expect("the driver lives");
        self.all.push(event.clone());
        event
    }

    /// Waits until something that fits was seen of `target`, now or before.
    pub async fn once(&mut self, target: &str, fits: impl Fn(&Observation) -> bool) {
        while !self.all.iter().any(|e| e.target.as_str() == target && fits(&e.observation)) {
            self.next().await;
        }
    }

    /// Waits for a new event of `target` that fits; those before it are kept in `all`.
    pub async fn until(&mut self, target: &str, fits: impl Fn(&Observation) -> bool) -> DeviceEvent {
        loop {
            let event = self.next().await;
            if event.target.as_str() == target && fits(&event.observation) {
                return event;
            }
        }
    }

    pub async fn online(&mut self, target: &str, online: bool) -> DeviceEvent {
        self.until(target, |o| matches!(o, Observation::Reachable { online: o, .. } if *o == online)).await
    }

    /// Feeds what comes to a verification until it ends, or until it is acknowledged and `also` holds.
    pub async fn verdict(
        &mut self,
        watch: &mut Watch,
        stop: impl Fn(&Verdict, &DeviceEvent) -> bool,
    ) -> Verdict {
        loop {
            let event = self.next().await;
            if event.target != watch.target {
                continue;
            }
            let verdict = watch.verification.observe(watch.id, &event);
            if matches!(verdict, Verdict::Verified | Verdict::Failed(_)) || stop(&verdict, &event) {
                return verdict;
            }
        }
    }

    pub fn known(&self, target: &str) -> Known {
        let mut known = Known::default();
        self.all.iter().filter(|e| e.target.as_str() == target).for_each(|e| known.note(e));
        known
    }
}

/// One effect under way.
pub struct Watch {
    pub id: i64,
    pub target: Target,
    pub verification: Verification,
}

/// Sends an effect the way the desk does: watch first, then act.
pub async fn act(
    driver: &dyn Driver,
    clock: &Clock,
    seen: &Seen,
    id: i64,
    effect: Effect,
    target: &str,
) -> Result<Watch, NotSent> {
    let now = clock.now();
    let verification = Verification::begin(effect, Some(21.0), now, &seen.known(target));
    driver.act(permit(id, effect, target, now + Duration::from_secs(60))).await?;
    Ok(Watch { id, target: Target::new(target), verification })
}

pub fn permit(id: i64, effect: Effect, target: &str, expires_at: UnixMs) -> Permit {
    Permit::for_tests(id, effect, Target::new(target), Some(21.0), expires_at)
}

/// A broker with two simulated bays and the driver of the box.
pub struct Bench {
    pub broker: SimBroker,
    pub control: SimControl,
    pub clock: Clock,
    pub driver: AgentDriver,
    pub seen: Seen,
    pub agents: Vec<SimAgent>,
    pub scratch: Scratch,
}

pub const BAYS: [BayId; 2] = [BayId(1), BayId(2)];

impl Bench {
    /// Starts all; devices react 40 times as fast as real ones. Ready when both bays are online.
    pub async fn start() -> Bench {
        let mut bench = Bench::without_agents().await;
        bench.agents = BAYS.iter().map(|bay| bench.agent(*bay)).collect();
        for bay in BAYS {
            // In whichever order they come: what does not change is not told again at once.
            bench.seen.once(&bay.to_string(), |o| matches!(o, Observation::Software { running: true })).await;
        }
        bench
    }

    pub async fn without_agents() -> Bench {
        Bench::without_agents_in(&BAYS).await
    }

    pub async fn without_agents_in(bays: &[BayId]) -> Bench {
        let scratch = Scratch::new();
        let broker = SimBroker::start(scratch.path(), bays, 0, 0).await.expect("a broker");
        let clock = Clock::system();
        let mut club = SimClub::new().with_speed(40.0);
        bays.iter().for_each(|bay| club.add(Target::from(*bay)));
        let control = SimControl::new(club);
        let (sender, seen) = Seen::new();
        let options = AgentOptions {
            grace: Duration::from_millis(200),
            retry: Duration::from_millis(100),
            ..AgentOptions::default()
        };
        let driver =
            AgentDriver::start(&broker.settings(), bays, sender, clock.clone(), options).expect("a driver");
        Bench { broker, control, clock, driver, seen, agents: Vec::new(), scratch }
    }

    pub fn agent(&self, bay: BayId) -> SimAgent {
        let link = SimAgentLink {
            host: "127.0.0.1".into(),
            port: self.broker.port(),
            password: self.password(&bay.to_string()),
        };
        SimAgent::start(bay, link, self.control.clone(), self.clock.clone())
    }

    pub fn password(&self, user: &str) -> String {
        password(&self.broker, user)
    }

    pub async fn act(&self, id: i64, effect: Effect, target: &str) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, effect, target).await
    }

    /// A foreign client: `mosquitto_pub` or `mosquitto_sub` as this user.
    pub fn foreign(&self, program: &str, user: &str, args: &[&str]) -> tokio::process::Command {
        foreign(&self.broker, program, user, args)
    }

    /// Publishes one message as a foreign client; the broker has taken it when this returns.
    pub async fn publish(&self, user: &str, topic: &str, payload: &[u8], retain: bool) {
        publish(&self.broker, user, topic, payload, retain).await;
    }

    /// Publishes each line as a message of its own, one right after the other.
    pub async fn publish_lines(&self, user: &str, topic: &str, lines: &str) {
        publish_with(&self.broker, user, topic, lines.as_bytes(), &["-l"]).await;
    }
}

/// A user's password at a broker.
pub fn password(broker: &SimBroker, user: &str) -> String {
    std::fs::read_to_string(broker.secret_file(user)).expect("a secret").trim().to_owned()
}

/// A foreign client: `mosquitto_pub` or `mosquitto_sub` as this user.
pub fn foreign(broker: &SimBroker, program: &str, user: &str, args: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(program);
    let (port, password) = (broker.port().to_string(), password(broker, user));
    command.args(["-h", "127.0.0.1", "-p", &port, "-u", user, "-P", &password]);
    command.args(args).kill_on_drop(true);
    command
}

/// Publishes one message as a foreign client; the broker has taken it when this returns.
pub async fn publish(broker: &SimBroker, user: &str, topic: &str, payload: &[u8], retain: bool) {
    let kept: &[&str] = if retain { &["-r"] } else { &[] };
    let flags = [&[if payload.is_empty() { "-n" } else { "-s" }], kept].concat();
    publish_with(broker, user, topic, payload, &flags).await;
}

/// Publishes with these flags of `mosquitto_pub`, which reads `input`.
pub async fn publish_with(broker: &SimBroker, user: &str, topic: &str, input: &[u8], flags: &[&str]) {
    use tokio::io::AsyncWriteExt;
    let args = [&["-q", "1", "-t", topic], flags].concat();
    let mut command = foreign(broker, "mosquitto_pub", user, &args);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("mosquitto_pub");
    let mut stdin = child.stdin.take().expect("piped");
    // With nothing to send it may be gone before it is written to.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    assert!(child.wait().await.expect("ended").success(), "mosquitto_pub as {user} on {topic}");
}

/// Waits until a condition holds that no event tells of.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    asked_until(PATIENCE, async || holds().then_some(()), || what.to_owned()).await;
}
