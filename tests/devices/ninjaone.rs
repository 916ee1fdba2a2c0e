//! Reboots of a bay's PC by NinjaOne, against a simulated account on real HTTPS; every request is held against the
//! published document.

use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::lan::{LanDriver, LanError, LanOptions};
use clubos::device::verify::Verdict;
use clubos::device::{Driver, LanUnit, NotSent, Observation};
use clubos::simclub::ninjaone_server::{NinjaOneServer, Trouble};
use clubos::site::lan::NinjaOne;
use clubos::site::{Effect, LanDevice, Target};
use serde_json::Value;

use crate::support::{Scratch, Seen, Watch, act, eventually};

struct Bench {
    server: NinjaOneServer,
    clock: Clock,
    driver: LanDriver,
    seen: Seen,
    scratch: Scratch,
}

impl Bench {
    fn start(person: bool) -> Bench {
        Bench::start_with(person, None, |_| {}).expect("a driver")
    }

    /// Bays 1 and 2 at one account.
    fn start_with(
        person: bool,
        trouble: Option<Trouble>,
        change: impl Fn(&mut NinjaOne),
    ) -> Result<Bench, LanError> {
        let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
        let scratch = Scratch::new();
        let server = NinjaOneServer::start(scratch.path()).expect("an account");
        server.set_trouble(trouble);
        let mut pc = server.settings(person);
        change(&mut pc);
        let unit = |bay: &str| LanUnit {
            target: Target::new(bay),
            effects: vec![Effect::PcReboot],
            device: LanDevice::NinjaOne(Box::new(pc.clone())),
            simulated: false,
        };
        let (sender, seen) = Seen::new();
        let clock = Clock::system();
        let options = LanOptions {
            patience: Duration::from_millis(1500),
            open_poll: Duration::from_millis(20),
            idle_poll: Duration::from_millis(50),
            grace: Duration::from_millis(100),
            backoff: Duration::from_millis(50),
            longest_pause: Duration::from_millis(200),
            breaker: 5,
            ..LanOptions::default()
        };
        let driver = LanDriver::start(vec![unit("bay-1"), unit("bay-2")], sender, clock.clone(), options)?;
        Ok(Bench { server, clock, driver, seen, scratch })
    }

    async fn reboot(&self, id: i64) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, Effect::PcReboot, "bay-1").await
    }

    /// What became of a reboot as far as the account says it.
    async fn word(&mut self, id: i64) -> Verdict {
        let mut watch = self.reboot(id).await.expect("sent");
        self.seen.verdict(&mut watch, |v, _| *v == Verdict::Acknowledged).await
    }

    fn last_error(&self) -> String {
        self.driver.health().into_iter().filter_map(|row| row.last_error).collect::<Vec<_>>().join("; ")
    }

    fn tokens_asked(&self) -> usize {
        self.server.asked().iter().filter(|asked| asked.path.ends_with("/oauth/token")).count()
    }

    fn asked_only_what_exists(&self) {
        for asked in self.server.asked() {
            assert_eq!(wrong(&asked.method, &asked.path, &asked.body), Vec::<String>::new());
            let kind = if asked.path.ends_with("token") {
                "application/x-www-form-urlencoded"
            } else {
                "application/json"
            };
            assert!(asked.method == "GET" || asked.content_type == kind, "{asked:?}");
        }
    }
}

/// What of a request the published document does not know. It has no word on tokens.
fn wrong(method: &str, path: &str, body: &str) -> Vec<String> {
    let spec: Value =
        serde_json::from_str(include_str!("../data/wire/ninjaone/reboot.openapi.json")).expect("JSON");
    if path.ends_with("/oauth/token") {
        return Vec::new();
    }
    let parts: Vec<&str> = path.split('/').collect();
    let paths = spec["paths"].as_object().expect("paths");
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == parts.len()
            && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') || t == p)
    };
    let Some((template, item)) = paths.iter().find(|(template, _)| fits(template)) else {
        return vec![format!("{path} does not exist")];
    };
    let operation = &item[method.to_ascii_lowercase()];
    let mut wrong = Vec::new();
    if operation.is_null() {
        wrong.push(format!("{method} {path} does not exist"));
    }
    for (name, given) in template.split('/').zip(&parts).filter(|(name, _)| name.starts_with('{')) {
        let name = name.trim_matches(['{', '}']);
        let rows = operation["parameters"].as_array().into_iter().flatten();
        let schema =
            rows.into_iter().find(|row| row["name"] == name).map_or(&Value::Null, |row| &row["schema"]);
        let allowed = schema["enum"].as_array();
        let right = match schema["type"].as_str() {
            Some("integer") => given.parse::<i32>().is_ok(),
            Some("string") => allowed.is_none_or(|allowed| allowed.iter().any(|one| one == given)),
            _ => false,
        };
        if !right {
            wrong.push(format!("{name} is `{given}`"));
        }
    }
    let reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
    match (reference, body.is_empty()) {
        (None, true) => {}
        (None, false) => wrong.push("a body where none belongs".to_owned()),
        (Some(reference), _) => {
            let schema = spec.pointer(reference.trim_start_matches('#')).expect("a schema");
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            for (key, value) in body.as_object().into_iter().flatten() {
                if schema["properties"][key]["type"] != "string" || !value.is_string() {
                    wrong.push(format!("{key} in the body"));
                }
            }
            wrong.extend((!body.is_object()).then(|| "no object as the body".to_owned()));
        }
    }
    wrong
}

#[test]
fn the_document_knows_what_is_wrong() {
    let right = r#"{"reason":"x"}"#;
    assert_eq!(wrong("POST", "/v2/device/7/reboot/NORMAL", right), Vec::<String>::new());
    for (method, path, body) in [
        ("POST", "/v2/device/x/reboot/NORMAL", right),
        ("POST", "/v2/device/7/reboot/SOFT", right),
        ("POST", "/v2/device/7/reboot/NORMAL", r#"{"why":"x"}"#),
        ("POST", "/v2/device/7/reboot/NORMAL", "x"),
        ("GET", "/v2/device/7/reboot/NORMAL", ""),
        ("GET", "/v2/device/7/boot", ""),
        ("GET", "/v2/device/7", right),
    ] {
        assert_ne!(wrong(method, path, body), Vec::<String>::new(), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn a_reboot_is_taken_and_only_the_bays_own_agent_proves_it() {
    for person in [false, true] {
        let mut bench = Bench::start(person);
        let mut watch = bench.reboot(7).await.expect("sent");
        assert_eq!(
            bench.seen.verdict(&mut watch, |v, _| *v == Verdict::Acknowledged).await,
            Verdict::Acknowledged
        );
        let [reboot] = &bench.server.reboots()[..] else { panic!("one") };
        assert_eq!(reboot.path, "/v2/device/4711/reboot/NORMAL");
        assert!(reboot.body.contains("ClubOS effect 7 at bay-1"), "{}", reboot.body);
        // The bay's agent comes up anew, on its own line.
        let said = |observation| clubos::device::DeviceEvent {
            target: Target::new("bay-1"),
            at: bench.clock.now(),
            observation,
            simulated: true,
        };
        let before = watch.verification.observe(7, &said(Observation::Software { running: true }));
        assert_eq!(before, Verdict::Acknowledged, "running is no proof of a boot");
        watch.verification.observe(7, &said(Observation::Boot { id: "old".into() }));
        watch.verification.observe(7, &said(Observation::Boot { id: "new".into() }));
        let after = watch.verification.observe(7, &said(Observation::Software { running: true }));
        assert_eq!(after, Verdict::Verified);
        assert!(bench.seen.all.iter().all(|event| event.simulated));
        bench.asked_only_what_exists();
    }
}

#[tokio::test]
async fn two_pcs_share_a_session_and_what_a_person_gave_is_kept_as_it_changes() {
    let mut bench = Bench::start(true);
    bench.seen.online("bay-1", true).await;
    bench.seen.once("bay-2", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
    assert_eq!(bench.tokens_asked(), 1);
    bench.server.end_session();
    assert_eq!(bench.word(8).await, Verdict::Acknowledged);
    assert_eq!(bench.tokens_asked(), 2, "once more, with what was handed out last");
    let kept = std::fs::read_to_string(bench.scratch.path().join("ninjaone-refresh")).unwrap();
    assert_eq!(kept, bench.server.refresh_token());
    assert!(bench.server.reboots().len() <= 2, "again only after a 401, which did nothing");
}

#[tokio::test]
async fn an_instance_that_hands_out_tokens_elsewhere_is_found() {
    let mut bench = Bench::start_with(false, Some(Trouble::OtherDoor), |_| {}).expect("a driver");
    assert_eq!(bench.word(9).await, Verdict::Acknowledged);
    let doors: Vec<String> = bench.server.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(doors[..2], ["/ws/oauth/token", "/oauth/token"]);
    assert_eq!(doors.iter().filter(|door| *door == "/ws/oauth/token").count(), 1, "it is not tried again");
}

#[tokio::test]
async fn a_403_says_that_a_persons_token_is_needed_and_with_one_it_works() {
    let mut bench = Bench::start_with(false, Some(Trouble::NeedsPerson), |_| {}).expect("a driver");
    let Verdict::Failed(why) = bench.word(10).await else { panic!("refused") };
    assert!(why.contains("needs a user-context token: write `refresh_token_file`"), "{why}");
    let mut bench = Bench::start_with(true, Some(Trouble::NeedsPerson), |_| {}).expect("a driver");
    assert_eq!(bench.word(11).await, Verdict::Acknowledged);
}

#[tokio::test]
async fn a_pc_that_is_offline_there_is_offline_here_and_comes_back() {
    let mut bench = Bench::start_with(false, Some(Trouble::Offline), |_| {}).expect("a driver");
    let gone = bench.seen.online("bay-1", false).await;
    let Observation::Reachable { effect, reason, .. } = gone.observation else { panic!() };
    assert_eq!(effect, Some(Effect::PcReboot), "the bay itself is not said to be gone");
    assert!(reason.unwrap().contains("the PC is offline at NinjaOne"));
    bench.server.set_trouble(None);
    bench.seen.online("bay-1", true).await;
}

#[tokio::test]
async fn a_429_is_honoured_for_as_long_as_it_asks() {
    let mut bench = Bench::start(false);
    bench.seen.online("bay-1", true).await;
    bench.server.set_trouble(Some(Trouble::TooMany(600)));
    // A look may have been told so just before.
    if let Ok(mut watch) = bench.reboot(12).await {
        let Verdict::Failed(why) = bench.seen.verdict(&mut watch, |_, _| false).await else {
            panic!("taken")
        };
        assert!(why.contains("429"), "{why}");
    }
    bench.server.set_trouble(None);
    let long = |said: String| ["again in 600 s", "again in 59"].iter().any(|end| said.contains(end));
    eventually("the breaker's own pause is over", || long(bench.last_error())).await;
    let asked = bench.server.asked().len();
    let Err(NotSent::Offline(why)) = bench.reboot(13).await else { panic!("asked again") };
    assert!(why.contains("429"), "{why}");
    assert_eq!(bench.server.asked().len(), asked, "nothing more was asked");
}

#[tokio::test]
async fn a_reboot_without_an_answer_is_neither_failed_nor_done() {
    let mut bench = Bench::start(false);
    bench.seen.online("bay-1", true).await;
    bench.server.set_trouble(Some(Trouble::Silent));
    let watch = bench.reboot(14).await.expect("it may have left");
    eventually("it is said", || bench.last_error().contains("no answer")).await;
    assert_eq!(*watch.verification.verdict(), Verdict::Pending);
    assert_eq!(bench.server.reboots().len(), 1, "never a second time");
}

#[tokio::test]
async fn bad_answers_are_survived() {
    for trouble in [Trouble::Html, Trouble::Truncated, Trouble::Huge, Trouble::Redirect, Trouble::NoSession] {
        let mut bench = Bench::start_with(false, Some(trouble), |_| {}).expect("a driver");
        bench.seen.online("bay-1", false).await;
        bench.server.set_trouble(None);
        bench.seen.online("bay-1", true).await;
    }
}

#[tokio::test]
async fn no_secret_is_ever_said_and_no_other_certificate_gets_one() {
    let wrong_pin = |pc: &mut NinjaOne| pc.certificate_sha256 = Some("0".repeat(64));
    let mut bench = Bench::start_with(true, None, wrong_pin).expect("a driver");
    bench.seen.online("bay-1", false).await;
    assert!(bench.last_error().contains("another certificate"), "{}", bench.last_error());
    assert_eq!(bench.server.asked().len(), 0);
    let unknown = |pc: &mut NinjaOne| pc.client_id = "somebody".to_owned();
    let mut bench = Bench::start_with(true, None, unknown).expect("a driver");
    bench.seen.online("bay-1", false).await;
    let said = bench.last_error();
    assert!(said.contains("opens no session for this account (HTTP 400 invalid_client)"), "{said}");
    let Verdict::Failed(why) = bench.word(15).await else { panic!("no session, so nothing left") };
    for secret in bench.server.secrets() {
        assert!(!said.contains(&secret) && !why.contains(&secret));
    }
}
