//! What a box does with texts while its model is still being loaded, and which door a door page opens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says that it failed by panicking"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::desk::{Desk, Inbound, Options, Parts, Todo};
use clubos::intent::Understanding;
use clubos::site::{BayId, LoadMode, Site, Target};
use clubos::sop::Library;
use clubos::store::Store;
use clubos::store::booking::{self, Booking};
use clubos::store::message;
use clubos::store::thread::Channel;

const NOW: UnixMs = UnixMs(1_795_460_000_000);
const WITHIN: Duration = Duration::from_secs(10);

struct House {
    desk: Desk,
    clock: Clock,
    dir: PathBuf,
}

impl House {
    fn new(name: &str, change: impl FnOnce(&mut Site)) -> House {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("start-{name}"));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a folder");
        let mut site =
            clubos::site::load(Path::new("tests/sites/clubhouse.toml"), LoadMode::Simulated).expect("a site");
        change(&mut site);
        let clock = Clock::virtual_at(NOW);
        let desk = desk(&dir, site, &clock);
        House { desk, clock, dir }
    }

    fn after(&mut self, time: Duration) -> Vec<Todo> {
        self.clock.advance_to(NOW + time);
        self.desk.step().expect("a step")
    }

    fn receive(&mut self, channel: Channel, body: &str) -> i64 {
        let phone = "+19025550101".parse().expect("a number");
        let inbound = Inbound {
            channel,
            address: "+19025550101".into(),
            session: if channel == Channel::Door { "B1".into() } else { String::new() },
            presence: None,
            phone: Some(phone),
            body: body.into(),
            media: 0,
            provider_id: None,
            written_at: self.clock.now(),
            simulated: true,
        };
        self.desk.receive(&inbound).expect("stored").message_id
    }

    fn has_ended(&self, message: i64) -> bool {
        message::get(self.desk.store_ref().conn(), message)
            .expect("readable")
            .is_some_and(|m| m.ending.is_some())
    }

    /// The program is killed and starts on the same data.
    fn restart(self) -> House {
        let (site, dir, clock) = (Site::clone(self.desk.site()), self.dir.clone(), self.clock.clone());
        drop(self.desk);
        House { desk: desk(&dir, site, &clock), clock, dir }
    }
}

fn desk(dir: &Path, site: Site, clock: &Clock) -> Desk {
    let site = Arc::new(site);
    Desk::new(Parts {
        store: Store::open(dir).expect("a store"),
        reader: Arc::new(Understanding::rules_only(Some(&site))),
        site,
        library: Arc::new(Library::load(Path::new("sops")).expect("the SOPs")),
        clock: clock.clone(),
        options: Options { better_reader_within: Some(WITHIN), ..Options::default() },
    })
    .expect("a desk")
}

#[test]
fn a_text_that_was_due_when_the_box_died_waits_for_the_model() {
    let mut house = House::new("due", |_| {});
    let text = house.receive(Channel::Sms, "trackman is frozen on box 2");
    house.clock.advance_to(NOW + Duration::from_secs(30));
    let mut house = house.restart();
    house.after(Duration::from_secs(31));
    assert!(!house.has_ended(text), "the rules alone would have called a person");
    house.desk.no_better_reader().expect("looked again");
    house.after(Duration::from_secs(31));
    assert!(house.has_ended(text), "there is nothing to wait for any more");
}

#[test]
fn nobody_waits_for_a_model_that_does_not_come() {
    let mut house = House::new("never", |_| {});
    let text = house.receive(Channel::Sms, "trackman is frozen on box 2");
    house.after(Duration::from_secs(9));
    assert!(!house.has_ended(text));
    house.after(WITHIN);
    assert!(house.has_ended(text));
}

#[test]
fn an_emergency_waits_for_nothing() {
    let mut house = House::new("emergency", |_| {});
    let text = house.receive(Channel::Sms, "my friend collapsed and is not breathing");
    house.after(Duration::ZERO);
    assert!(house.has_ended(text));
}

#[test]
fn a_door_page_opens_its_own_door_where_there_are_two_and_needs_no_model() {
    let mut house = House::new("doors", |site| {
        let mut north = site.doors[&Target::new("door-main")].clone();
        north.target = Target::new("door-north");
        north.label = "north door".into();
        site.doors.insert(north.target.clone(), north);
    });
    let booking = Booking {
        id: "B1".into(),
        phone: Some("+19025550101".parse().expect("a number")),
        name: String::new(),
        bay: BayId(1),
        starts_at: NOW,
        ends_at: NOW + Duration::from_secs(3600),
        reference: None,
        pin: None,
        source: String::new(),
        read_at: UnixMs(0),
    };
    booking::put(house.desk.store().conn(), &booking, "test", NOW).expect("stored");
    for (door, after) in [("north", 0), ("main", 60)] {
        house.clock.advance_to(NOW + Duration::from_secs(after));
        house.receive(Channel::Door, &format!("Please open the {door} door (door page)"));
        let todos = house.after(Duration::from_secs(after));
        let target = todos.iter().find_map(|todo| match todo {
            Todo::Act(permit) => Some(permit.target().to_string()),
            _ => None,
        });
        assert_eq!(target, Some(format!("door-{door}")), "{todos:?}");
    }
}
