//! `clubos pair --try`: what was paired is tried by the running box, through its gate.

use std::process::Command;

use clubos::clock::Clock;
use clubos::simclub::thing_server::{ThingServer, Transport};
use clubos::simclub::{Behaviour, SimClub, SimControl};
use clubos::site::{Effect, Target};

use crate::operator::PASSWORD;
use crate::program::{Box, said};
use crate::support::PATIENCE;
use crate::waiting::asked_until;

/// A box that runs, and things that a simulated club has on the LAN.
struct Club {
    house: Box,
    control: SimControl,
}

impl Club {
    async fn open() -> Club {
        let mut club = SimClub::new().with_speed(20.0);
        ["lights", "bay-1"].into_iter().for_each(|target| club.add(Target::new(target)));
        let house = Box::new().without_model();
        house.add_user("dana", "oncall");
        let password = house.dir.join("dana-password");
        std::fs::write(&password, PASSWORD).expect("written");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&password, private).expect("private");
        Club { house, control: SimControl::new(club) }
    }

    fn thing(&self, target: &str) -> ThingServer {
        let (control, clock) = (self.control.clone(), Clock::system());
        ThingServer::start(&Target::new(target), 0, Transport::Http, None, control, clock).expect("a thing")
    }

    /// `clubos pair …` for this box.
    fn pair(&self, words: &[&str]) -> Command {
        let mut command = self.house.command();
        command.arg("pair").args(words).arg("--site").arg(self.house.dir.join("site.toml"));
        command
    }

    /// As dana, who may sign in at the box.
    fn as_dana(&self, words: &[&str]) -> Command {
        let mut command = self.pair(words);
        command.args(["--try", "--as", "dana", "--url", &self.house.url, "--password-file"]);
        command.arg(self.house.dir.join("dana-password"));
        command
    }
}

/// The words that pair a thing.
fn set(thing: &ThingServer) -> Vec<String> {
    let keys = [
        format!("url=http://{}", thing.addr()),
        r#"on=POST /power {"on": true}"#.to_owned(),
        r#"off=POST /power {"on": false}"#.to_owned(),
        "state=GET /state".to_owned(),
        "state_pointer=/on".to_owned(),
    ];
    keys.into_iter().flat_map(|key| ["--set".to_owned(), key]).chain(["--write".to_owned()]).collect()
}

async fn ran(mut command: Command) -> (Option<i32>, String) {
    tokio::task::spawn_blocking(move || said(command.output().expect("the program"))).await.expect("it ran")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paired_already_is_tried_through_the_gate_and_what_came_of_it_is_said() {
    let mut club = Club::open().await;
    let lights = club.thing("lights");
    let mut command = club.pair(&["http", "lights"]);
    command.args(set(&lights));
    let (code, said) = ran(command).await;
    assert!(code == Some(0) && said.contains("clubos pair http lights --try --as NAME"), "{said}");
    assert!(!lights.asked().iter().any(|asked| asked.starts_with("POST")), "pairing only reads");

    let (code, said) = ran(club.pair(&["http", "lights", "--try"])).await;
    assert!(code == Some(2) && said.contains("give --as NAME"), "{said}");
    let (code, said) = ran(club.as_dana(&["http", "lights"])).await;
    assert!(code == Some(1) && said.contains("does not answer"), "no box runs: {said}");

    let by_hand = reqwest::Client::new().post(format!("http://{}/power", lights.addr()));
    by_hand.body(r#"{"on": false}"#).send().await.expect("switched off by hand");
    club.house.up().await;
    club.house
        .found("SELECT target FROM device_status WHERE target = 'lights' AND state LIKE '%\"on\":false%'")
        .await;
    let (code, said) = ran(club.as_dana(&["http", "lights"])).await;
    assert_eq!(code, Some(0), "{said}");
    for words in
        ["lights.on lights, which harms nobody", "lights.on lights by dana: verified", "was seen to do it"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let told = lights.asked().iter().filter(|asked| *asked == "POST /power").count();
    let journaled = "SELECT count(*) || '' FROM effect WHERE effect = 'lights.on' AND approved_by = 'dana'";
    assert_eq!((told, club.house.look(journaled).as_deref()), (2, Some("1")), "by hand, and once by the box");

    let (code, said) = ran(club.as_dana(&["http", "lights"])).await;
    assert!(code == Some(5) && said.contains("it needs a pause"), "the gate has a say: {said}");
    assert_eq!(lights.asked().iter().filter(|asked| *asked == "POST /power").count(), 2);

    let mut agent = club.house.command();
    agent.args(["pair", "agent-mqtt", "bay-1", "--try"]);
    let (code, said) = ran(agent).await;
    assert!(code == Some(0) && said.contains("sim.restart stops whoever plays there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paired_just_now_is_tried_once_the_box_was_started_again_and_a_failure_is_one() {
    let mut club = Club::open().await;
    club.house.up().await;
    let tv = club.thing("bay-1");
    club.control.set(&Target::new("bay-1"), Effect::TvOn, Behaviour::Fail);
    let mut command = club.as_dana(&["http", "bay-1", "--effects", "tv.on,tv.off"]);
    command.args(set(&tv));
    let trying = tokio::spawn(ran(command));
    let site = club.house.dir.join("site.toml");
    let written = async || std::fs::read_to_string(&site).is_ok_and(|t| t.contains("tv.on")).then_some(());
    asked_until(PATIENCE, written, || "never written".to_owned()).await;
    club.house.down();
    club.house.up().await;
    let (code, said) = trying.await.expect("it ran");
    assert!(said.contains("does not know bay-1 with tv.on yet"), "{said}");
    assert!(code == Some(6) && said.contains("it was told, and failed"), "{said}");
    assert_eq!(tv.asked().iter().filter(|asked| *asked == "POST /power").count(), 1);
}
