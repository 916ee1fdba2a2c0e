//! `clubos device` against the running box, with a real bay behind it.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::club::Club;
use crate::pc::Pc;
use crate::program::said;
use crate::support::PATIENCE;

#[tokio::test]
async fn a_list_names_every_device_with_state_and_effects_and_show_tells_what_became_of_the_last() {
    let club = Club::open("").await;
    let (code, list) = club.device(&["list"]);
    assert_eq!(code, Some(0), "{list}");
    let line = list.lines().find(|line| line.starts_with("bay-1")).expect("bay 1");
    assert!(line.contains("online") && line.contains("sim.restart pc.reboot"), "{list}");
    assert!(list.lines().any(|line| line.starts_with("door-main") && line.contains("door.unlock")), "{list}");
    let (_, json) = club.device(&["list", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json[0]["target"], &json[0]["condition"]), (&"bay-1".into(), &"online".into()), "{json}");
    assert_eq!(json[0]["simulated"], false);

    let (code, done) = club.device(&["do", "bay-1", "sim.restart"]);
    assert_eq!(code, Some(0), "{done}{}", club.pc.log());
    assert!(
        done.lines().next().is_some_and(|line| line.ends_with("sim.restart bay-1 by dana: verified")),
        "{done}"
    );
    assert_eq!(club.pc.starts().len(), 2);
    assert!(club.pc.starts().last().is_some_and(|pid| Pc::lives(*pid)));

    let (code, again) = club.device(&["do", "bay-1", "sim.restart", "--json"]);
    let said: Value = serde_json::from_str(&again).expect("JSON");
    assert_eq!((code, &said["outcome"]), (Some(3), &"refused".into()), "{again}");
    assert_eq!(said["reason"], "done a moment ago; it needs a pause");
    assert_eq!(club.pc.starts().len(), 2, "the gate said no and nothing moved");

    let id = said_id(&done);
    let (code, undone) = club.device(&["undo", &id]);
    assert!(code == Some(3) && undone.contains("cannot be taken back"), "nothing undoes a restart: {undone}");
    let (code, undone) = club.device(&["undo", "4711"]);
    assert!(code == Some(2) && undone.contains("there is no such effect"), "{undone}");

    let (code, shown) = club.device(&["show", "bay-1"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.starts_with("bay-1 online: software running"), "{shown}");
    assert!(shown.contains("can        sim.restart (interrupts play)"), "{shown}");
    assert!(shown.contains("sim.restart bay-1 by dana: verified"), "{shown}");
    assert!(shown.contains("sim.restart bay-1 by dana: refused, done a moment ago"), "{shown}");
    let open = "SELECT count(*) || '' FROM session";
    assert_eq!(club.house.look(open).as_deref(), Some("0"), "each command signed out again");
}

#[tokio::test]
async fn what_fails_is_a_failure_in_the_exit_code_too() {
    let club = Club::open("").await;
    club.pc.put("broken", "");
    let (code, said) = club.device(&["do", "bay-1", "sim.restart"]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("failed, it ended at once (exit status: 3)"), "{said}");
}

#[tokio::test]
async fn who_asks_wrongly_is_told_so_and_nothing_is_asked_for() {
    let club = Club::open("").await;
    for words in [["do", "bay-7", "sim.restart"], ["do", "bay-1", "bay.explode"], ["do", "../x", "tv.on"]] {
        let (code, said) = club.device(&words);
        assert_eq!(code, Some(2), "{said}");
    }
    let (code, said) = club.device(&["show", "bay-7"]);
    assert!(code == Some(2) && said.contains("there is no such device"), "{said}");
    let (code, said) = club.device(&["do", "bay-1", "radar.reset"]);
    assert!(code == Some(3) && said.contains("there is no such device here"), "{said}");
    let mut wrong = club.device_command(&["list"]);
    club.pc.put_secret("wrong", "not-the-password");
    wrong.arg("--password-file").arg(club.pc.path("wrong"));
    let (code, _) = said_of(wrong);
    assert_eq!(code, Some(2), "an option may be given only once");
    let mut wrong = club.house.command();
    wrong.args(["device", "list", "--as", "dana", "--url", &club.house.url, "--password-file"]);
    let (code, said) = said_of({
        wrong.arg(club.pc.path("wrong"));
        wrong
    });
    assert!(code == Some(1) && said.contains("name or password is wrong"), "{said}");
    let mut away = club.house.command();
    away.args(["device", "list", "--as", "dana", "--url", "http://127.0.0.1:1", "--password-file"]);
    away.arg(club.pc.path("wrong"));
    let (code, said) = said_of(away);
    assert!(code == Some(1) && said.contains("does not answer"), "{said}");
}

fn said_of(mut command: std::process::Command) -> (Option<i32>, String) {
    said(command.output().expect("the program"))
}

#[tokio::test]
async fn a_watch_tells_each_change_as_it_happens() {
    let mut club = Club::open("").await;
    let mut watch = tokio::process::Command::from(club.device_command(&["watch", "--json"]));
    let mut watch = watch.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("the program");
    let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
    let mut until = async |what: &str, fits: &dyn Fn(&Value) -> bool| {
        let found = async {
            loop {
                let line = lines.next_line().await.expect("readable").expect("it goes on");
                let line: Value = serde_json::from_str(&line).expect("JSON");
                if fits(&line) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never came: {what}"));
    };
    until("the bay as it is", &|line| {
        line["device"]["target"] == "bay-1" && line["device"]["online"] == true
    })
    .await;
    let (code, said) = club.device(&["do", "bay-1", "sim.restart"]);
    assert_eq!(code, Some(0), "{said}");
    until("the effect's end", &|line| line["effect"]["outcome"] == "verified").await;
    club.pc.kill_agent();
    until("the bay is gone", &|line| line["device"]["condition"] == "offline").await;
}

/// `12` of "#12 sim.restart bay-1 by dana: verified".
fn said_id(line: &str) -> String {
    let from = line.rfind('#').expect("a number") + 1;
    line[from..].chars().take_while(char::is_ascii_digit).collect()
}
