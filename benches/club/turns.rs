//! From a committed message to a committed reply, in the real desk on a real store (fsync), with the real
//! model and a device that answers at once; and how many messages a second are taken in for good.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{Desk, Inbound, Options, Parts, Todo};
use clubos::device::{DeviceEvent, Observation, Part};
use clubos::site::{BayId, Effect, Target};
use clubos::store::thread::Channel;
use clubos::store::{Store, message};

use crate::{Bench, Times, ms, row, timed};

const TURNS: i64 = 400;
const MESSAGES: usize = 2_000;
const NOW: UnixMs = UnixMs(1_795_460_000_000);
/// Past every cool-down and everything the desk remembers of a matter.
const APART: Duration = Duration::from_secs(3 * 3600);
/// Longer than any gap the desk waits for more words.
const QUIET: Duration = Duration::from_secs(16);

struct House {
    desk: Desk,
    clock: Clock,
    dir: PathBuf,
}

impl House {
    fn new(bench: &Bench, name: &str) -> House {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a folder");
        let clock = Clock::virtual_at(NOW);
        let parts = Parts {
            store: Store::open(&dir).expect("a store"),
            site: bench.site.clone(),
            library: bench.library.clone(),
            reader: bench.reader.clone(),
            clock: clock.clone(),
            options: Options::default(),
        };
        House { desk: Desk::new(parts).expect("a desk"), clock, dir }
    }

    fn receive(&mut self, session: &str, text: &str) -> i64 {
        let now = self.clock.now();
        let inbound = Inbound {
            channel: Channel::Bay,
            address: "bay-2".into(),
            session: session.into(),
            presence: Some((BayId(2), now + Duration::from_secs(3600))),
            phone: None,
            body: text.into(),
            media: 0,
            provider_id: None,
            written_at: now,
            simulated: true,
        };
        self.desk.receive(&inbound).expect("stored").thread_id
    }

    fn wait(&self, time: Duration) {
        self.clock.advance_to(self.clock.now() + time);
    }

    /// The device does at once what it was told; the desk is told what was seen.
    fn device(&mut self, todos: &[Todo]) -> usize {
        let permits = todos.iter().filter_map(|todo| match todo {
            Todo::Act(permit) => Some(permit),
            _ => None,
        });
        let mut acted = 0;
        for permit in permits {
            acted += 1;
            self.desk.effect_sent(permit.effect_id()).expect("stored");
            assert_eq!(permit.effect(), Effect::ProjectorOn, "the bench knows the projector only");
            let seen = [
                Observation::Acknowledged { effect_id: permit.effect_id() },
                Observation::Power { part: Part::Projector, on: true },
            ];
            for observation in seen {
                let (target, at) = (Target::new("bay-2"), self.clock.now());
                self.desk.device(&DeviceEvent { target, at, observation, simulated: true }).expect("stored");
            }
        }
        acted
    }

    fn replies(&self, thread: i64) -> usize {
        let said = message::of_thread(self.desk.store_ref().conn(), thread, 50).expect("readable");
        said.iter().filter(|m| !m.inbound).count()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn measure(bench: &Bench) {
    end_to_end(bench);
    sustained(bench);
}

fn end_to_end(bench: &Bench) {
    let mut house = House::new(bench, "turns");
    let (mut answered, mut acted, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..TURNS {
        house.wait(APART);
        let off = Observation::Power { part: Part::Projector, on: false };
        let (target, at) = (Target::new("bay-2"), house.clock.now());
        house.desk.device(&DeviceEvent { target, at, observation: off, simulated: true }).expect("stored");

        let thread = house.receive(&format!("question-{turn}"), "what is the wifi password here?");
        house.wait(QUIET);
        let (took, _) = timed(|| house.desk.step().expect("a step"));
        assert_eq!(house.replies(thread), 1, "a fact");
        answered.push(took);

        let thread = house.receive(&format!("fault-{turn}"), "the projector is black, no picture");
        house.wait(QUIET);
        let (took, done) = timed(|| {
            let todos = house.desk.step().expect("a step");
            let done = house.device(&todos);
            house.desk.step().expect("a step");
            done
        });
        assert_eq!((done, house.replies(thread) > 0), (1, true), "it acted, and said so");
        acted.push(took);

        let value = turn.to_string();
        let mut commit =
            || house.desk.store().write(|tx| clubos::store::journal::set_meta(tx, "bench", &value));
        commits.push(timed(|| commit().expect("stored")).0);
    }
    let (answered, acted, commit) = (Times::of(answered), Times::of(acted), Times::of(commits));
    let commits = |times: &Times| times.percentile(50).as_secs_f64() / commit.percentile(50).as_secs_f64();
    let beside = format!("{:.1} bare commits with fsync ({} each)", commits(&answered), commit.both());
    row("message committed → reply committed (a fact)", &answered.both(), &beside);
    let beside = format!(
        "{:.1} bare commits; it makes five: decided, handed over, sent, two sightings",
        commits(&acted)
    );
    row("message committed → device acted and seen → reply committed", &acted.both(), &beside);
}

fn sustained(bench: &Bench) {
    let mut house = House::new(bench, "sustained");
    let mut texts = bench.texts.iter().cycle();
    let (took, ()) = timed(|| {
        for message in 0..MESSAGES {
            house.wait(Duration::from_millis(1));
            house.receive(&format!("visit-{message}"), texts.next().expect("endless"));
        }
    });
    let (bare, ()) = timed(|| {
        for message in 0..MESSAGES {
            let value = message.to_string();
            let commit = house.desk.store().write(|tx| clubos::store::journal::set_meta(tx, "bench", &value));
            commit.expect("stored");
        }
    });
    let rate = |took: Duration| MESSAGES as f64 / took.as_secs_f64();
    let each = ms(took / MESSAGES as u32);
    let beside = format!("bare commits: {:.0}/s", rate(bare));
    row(
        "messages taken in, each committed with fsync and read",
        &format!("{:.0}/s ({each} each)", rate(took)),
        &beside,
    );
}
