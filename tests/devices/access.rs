//! The door driver against a controller on real HTTPS.

use std::collections::BTreeMap;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::access::{AccessDriver, AccessError, AccessOptions};
use clubos::device::access_hook::NotTaken;
use clubos::device::verify::{Verdict, door_opened};
use clubos::device::{DeviceHealth, Driver, NotSent, Observation};
use clubos::simclub::access_server::{AccessServer, Fault};
use clubos::simclub::{Behaviour, SimClub, SimControl};
use clubos::site::{AccessController, Effect, Target};

use crate::support::{Scratch, Seen, Watch, act, eventually, permit};

const DOOR: &str = "door-main";

fn door() -> Target {
    Target::new(DOOR)
}

fn quick() -> AccessOptions {
    AccessOptions {
        patience: Duration::from_secs(2),
        open_poll: Duration::from_millis(50),
        open_for: Duration::from_secs(3),
        idle_poll: Duration::from_millis(200),
        grace: Duration::from_millis(300),
        retry: Duration::from_millis(100),
    }
}

/// A controller with one simulated door, ten times as fast as a real one, and the box's driver.
struct Bench {
    server: AccessServer,
    control: SimControl,
    clock: Clock,
    driver: AccessDriver,
    seen: Seen,
    _scratch: Scratch,
}

impl Bench {
    fn start() -> Bench {
        Bench::start_with(|controller| controller).expect("a driver")
    }

    fn start_with(change: impl FnOnce(AccessController) -> AccessController) -> Result<Bench, AccessError> {
        let scratch = Scratch::new();
        let clock = Clock::system();
        let mut club = SimClub::new().with_speed(10.0);
        club.add(door());
        let control = SimControl::new(club);
        let doors = BTreeMap::from([(door(), "d-1".to_owned())]);
        let server = AccessServer::start(scratch.path(), 0, &doors, control.clone(), clock.clone())
            .expect("a controller");
        let (sender, seen) = Seen::new();
        let driver = AccessDriver::start(&change(server.settings()), doors, sender, clock.clone(), quick())?;
        Ok(Bench { server, control, clock, driver, seen, _scratch: scratch })
    }

    async fn unlock(&self, id: i64) -> Result<Watch, NotSent> {
        act(&self.driver, &self.clock, &self.seen, id, Effect::DoorUnlock, DOOR).await
    }

    fn health(&self) -> DeviceHealth {
        self.driver.health().remove(0)
    }

    /// Follows an unlock until it ends, at most through the whole time it is watched.
    async fn follow(&mut self, watch: &mut Watch) -> Verdict {
        let ended = self.seen.verdict(watch, |_, _| false);
        match tokio::time::timeout(quick().open_for, ended).await {
            Ok(verdict) => verdict,
            Err(_) => watch.verification.verdict().clone(),
        }
    }
}

#[tokio::test]
async fn an_unlock_is_verified_and_the_door_then_opens() {
    let mut bench = Bench::start();
    bench.seen.online(DOOR, true).await;
    let mut watch = bench.unlock(7).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Verified);
    let opened = bench.seen.until(DOOR, |o| matches!(o, Observation::Position { open: true })).await;
    assert_eq!(door_opened(&opened), Some(true));
    bench.seen.until(DOOR, |o| *o == Observation::Position { open: false }).await;
    assert!(bench.seen.all.iter().any(|e| e.observation == Observation::UnlockLogged { effect_id: 7 }));
    assert!(bench.seen.all.iter().all(|e| e.simulated));
}

#[tokio::test]
async fn the_log_entry_arrives_by_notification_alone() {
    let mut bench = Bench::start();
    eventually("notifications open", || bench.server.listeners() == 1).await;
    let _watch = bench.unlock(8).await.expect("sent");
    bench.server.set_fault(Some(Fault::Html));
    bench.seen.until(DOOR, |o| *o == Observation::UnlockLogged { effect_id: 8 }).await;
    bench.seen.until(DOOR, |o| *o == Observation::Lock { unlocked: false }).await;
}

#[tokio::test]
async fn without_notifications_and_log_the_door_itself_is_looked_at() {
    let mut bench = Bench::start();
    bench.server.set_fault(Some(Fault::Quiet));
    let mut watch = bench.unlock(9).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Verified);
    bench.seen.until(DOOR, |o| *o == Observation::Position { open: true }).await;
    bench.seen.until(DOOR, |o| *o == Observation::Position { open: false }).await;
    assert!(!bench.seen.all.iter().any(|e| matches!(e.observation, Observation::UnlockLogged { .. })));
}

#[tokio::test]
async fn a_success_without_relay_or_log_proves_nothing() {
    let mut bench = Bench::start();
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Lies);
    let mut watch = bench.unlock(10).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Acknowledged);
}

#[tokio::test]
async fn somebody_elses_log_entry_is_not_ours() {
    let mut bench = Bench::start();
    eventually("notifications open", || bench.server.listeners() == 1).await;
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Lies);
    let mut watch = bench.unlock(11).await.expect("sent");
    for other in [1, 110] {
        bench.server.notify(&format!(
            r#"{{"event":"access.logs.add","data":{{"_source":{{"actor":{{"id":"clubos-effect-{other}"}},"event":{{"result":"ACCESS"}}}}}}}}"#
        ));
    }
    bench.server.notify(r#"{"event":"access.data.v2.location.update","data":{"id":"d-other","state":{"lock":"unlocked","dps":"open"}}}"#);
    assert_eq!(bench.follow(&mut watch).await, Verdict::Acknowledged);
    assert!(!bench.seen.all.iter().any(|e| matches!(e.observation, Observation::UnlockLogged { .. })));
}

#[tokio::test]
async fn a_stuck_door_is_verified_unlocked_and_not_open() {
    let mut bench = Bench::start();
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Stuck);
    let mut watch = bench.unlock(12).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Verified);
    bench.seen.until(DOOR, |o| *o == Observation::Lock { unlocked: false }).await;
    assert!(!bench.seen.all.iter().any(|e| door_opened(e) == Some(true)));
}

#[tokio::test]
async fn a_door_the_controller_calls_offline_is_rejected_with_its_code() {
    let mut bench = Bench::start();
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Offline);
    let mut watch = bench.unlock(13).await.expect("asked");
    let verdict = bench.follow(&mut watch).await;
    assert!(matches!(verdict, Verdict::Failed(reason) if reason.contains("CODE_DEVICE_DEVICE_OFFLINE")));
}

#[tokio::test]
async fn no_answer_leaves_the_outcome_to_observation() {
    let mut bench = Bench::start();
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Silent);
    let mut watch = bench.unlock(14).await.expect("a time-out after sending is no refusal");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Pending);
}

#[tokio::test]
async fn a_502_from_a_controller_that_acted_is_verified_by_observation() {
    let mut bench = Bench::start();
    eventually("notifications open", || bench.server.listeners() == 1).await;
    bench.server.set_fault(Some(Fault::BadGateway));
    let mut watch = bench.unlock(15).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Verified);
    assert!(!bench.seen.all.iter().any(|e| matches!(e.observation, Observation::Rejected { .. })));
}

#[tokio::test]
async fn garbage_never_panics_and_never_verifies() {
    let mut bench = Bench::start();
    eventually("notifications open", || bench.server.listeners() == 1).await;
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Lies);
    for (id, fault) in [(20, Fault::Html), (21, Fault::Truncated), (22, Fault::Huge)] {
        bench.server.set_fault(Some(fault));
        for text in ["{", "<html>", "null", "[[[[", r#"{"event":7,"data":[]}"#, &"[".repeat(100_000)] {
            bench.server.notify(text);
        }
        assert!(bench.unlock(id).await.is_ok(), "{fault:?}: it may have acted, so it is not refused");
        let error = bench.health().last_error.expect("said in the health");
        assert!(!error.is_empty() && error.len() < 500, "{error}");
    }
    eventually("broken notifications counted", || bench.health().malformed >= 3).await;
    bench.server.set_fault(None);
    bench.control.set(&door(), Effect::DoorUnlock, Behaviour::Ok);
    let mut watch = bench.unlock(23).await.expect("sent");
    assert_eq!(bench.follow(&mut watch).await, Verdict::Verified);
    assert!((20..23).all(|id| {
        !bench.seen.all.iter().any(|e| e.observation == Observation::UnlockLogged { effect_id: id })
    }));
}

#[tokio::test]
async fn another_certificate_is_refused_and_the_reason_is_clear() {
    let wrong =
        |controller: AccessController| AccessController { certificate_sha256: "ab".repeat(32), ..controller };
    let mut bench = Bench::start_with(wrong).expect("a driver");
    let Err(NotSent::Offline(reason)) = bench.unlock(30).await else {
        panic!("an unlock went to another device")
    };
    assert!(reason.contains("another certificate") && reason.contains(&"ab".repeat(32)), "{reason}");
    let gone = bench.seen.online(DOOR, false).await;
    assert!(
        matches!(gone.observation, Observation::Reachable { reason: Some(why), .. } if why.contains("another certificate"))
    );
    assert_eq!(bench.server.listeners(), 0);
}

#[tokio::test]
async fn a_wrong_token_is_said_in_the_health_and_fails_the_unlock() {
    let other = Scratch::new();
    let path = other.path().join("token");
    std::fs::write(&path, "not-the-token\n").expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("mode");
    let wrong = |controller| AccessController { token_file: path.clone(), ..controller };
    let mut bench = Bench::start_with(wrong).expect("a driver");
    let mut watch = bench.unlock(31).await.expect("asked");
    let verdict = bench.follow(&mut watch).await;
    assert!(matches!(verdict, Verdict::Failed(reason) if reason.contains("CODE_ACCESS_TOKEN_INVALID")));
    let error = bench.health().last_error.expect("said");
    assert!(error.contains("CODE_ACCESS_TOKEN_INVALID") && !error.contains("not-the-token"), "{error}");
}

#[tokio::test]
async fn a_token_everybody_can_read_is_not_used() {
    let other = Scratch::new();
    let path = other.path().join("token");
    std::fs::write(&path, "token\n").expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("mode");
    let open = |controller| AccessController { token_file: path.clone(), ..controller };
    let Err(error) = Bench::start_with(open) else { panic!("a world-readable token was used") };
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_controller_that_is_gone() {
    let mut bench = Bench::start();
    bench.seen.online(DOOR, true).await;
    bench.server.stop().await;
    bench.seen.online(DOOR, false).await;
    assert!(matches!(bench.unlock(40).await, Err(NotSent::Offline(_))));
    assert_eq!(bench.health().online, Some(false));
}

#[tokio::test]
async fn only_the_sites_doors_are_unlocked_and_only_in_time() {
    let bench = Bench::start();
    let now = bench.clock.now();
    let later = now + Duration::from_secs(60);
    for (effect, target) in [(Effect::DoorUnlock, "door-staff"), (Effect::LightsOn, DOOR)] {
        let refused = bench.driver.act(permit(50, effect, target, later)).await;
        assert!(matches!(refused, Err(NotSent::Unsupported(_))), "{effect} {target}");
    }
    assert!(matches!(
        bench.driver.act(permit(51, Effect::DoorUnlock, DOOR, now)).await,
        Err(NotSent::Offline(_))
    ));
}

/// The controller's signature over a webhook, made by the outside tool that is everywhere.
async fn signed(secret: &str, seconds: i64, body: &str) -> String {
    use tokio::io::AsyncWriteExt;
    let mut openssl = tokio::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", secret, "-r"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut stdin = openssl.stdin.take().expect("piped");
    stdin.write_all(format!("{seconds}.{body}").as_bytes()).await.expect("written");
    drop(stdin);
    let said = openssl.wait_with_output().await.expect("ended").stdout;
    let hex = String::from_utf8(said).expect("text");
    format!("t={seconds},v1={}", hex.split_whitespace().next().expect("a digest"))
}

#[tokio::test]
async fn a_signed_webhook_tells_of_an_unlock_and_of_the_door_and_a_forged_one_of_nothing() {
    let secret = "SIMULATED-webhook-secret";
    let scratch = Scratch::new();
    let file = scratch.path().join("webhook-secret");
    std::fs::write(&file, secret).expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).expect("private");
    let mut bench = Bench::start_with(|controller| AccessController {
        webhook_secret_file: Some(file.clone()),
        ..controller
    })
    .expect("a driver");
    let hooks = bench.driver.hooks().expect("the site names their secret");
    // The notifications and the log are silent: what is learned here is learned from the webhook.
    bench.server.set_fault(Some(Fault::Quiet));
    let now = bench.clock.now();
    let seconds = now.0 / 1000;
    let body = r#"{"event":"access.device.dps_status","data":{"location":{"id":"d-1"},"object":{"event_type":"dps_change","status":"open"}}}"#;
    let signature = signed(secret, seconds, body).await;
    assert_eq!(hooks.take(&signature, body.as_bytes(), now), Ok(()));
    bench.seen.once(DOOR, |o| *o == Observation::Position { open: true }).await;
    let _watch = bench.unlock(31).await.expect("sent");
    let unlock = |effect: i64, result: &str| {
        format!(
            r#"{{"event":"access.door.unlock","event_object_id":"e1","data":{{"location":{{"id":"d-1","location_type":"door","name":"SIMULATED"}},"device":{{"name":"SIMULATED"}},"actor":{{"id":"clubos-effect-{effect}","name":"ClubOS effect {effect}","type":"user"}},"object":{{"authentication_type":"CALL","result":"{result}"}},"extra":{{"clubos_effect":{effect}}}}}}}"#
        )
    };
    let forged = signed("another", seconds, &unlock(31, "Access Granted")).await;
    assert_eq!(hooks.take(&forged, unlock(31, "Access Granted").as_bytes(), now), Err(NotTaken::Forged));
    let old = signed(secret, seconds - 301, &unlock(31, "Access Granted")).await;
    assert_eq!(hooks.take(&old, unlock(31, "Access Granted").as_bytes(), now), Err(NotTaken::Stale));
    for body in [unlock(31, "Access Denied"), unlock(32, "Access Granted")] {
        let signature = signed(secret, seconds, &body).await;
        assert_eq!(hooks.take(&signature, body.as_bytes(), now), Ok(()));
    }
    let body = unlock(31, "Access Granted");
    let signature = signed(secret, seconds, &body).await;
    assert_eq!(hooks.take(&signature, body.as_bytes(), now), Ok(()));
    bench.seen.once(DOOR, |o| *o == Observation::UnlockLogged { effect_id: 31 }).await;
    assert_eq!(hooks.take(&signature, body.as_bytes(), now), Err(NotTaken::Replayed));
    let logged = bench.seen.all.iter().filter(|e| matches!(e.observation, Observation::UnlockLogged { .. }));
    assert_eq!(logged.count(), 1, "neither a refused unlock nor another's is ours");
}

#[tokio::test]
async fn without_a_secret_no_webhook_is_taken() {
    assert!(Bench::start().driver.hooks().is_none());
}

#[tokio::test]
async fn a_429_is_waited_out_by_the_looks_and_an_unlock_then_is_refused_and_not_unknown() {
    for wait in [Some(30), None] {
        let mut bench = Bench::start();
        bench.seen.online(DOOR, true).await;
        bench.server.set_fault(Some(Fault::TooMany(wait)));
        let waits = || bench.health().last_error.is_some_and(|error| error.contains("looked at again in"));
        eventually("the looks wait", waits).await;
        let mut watch = bench.unlock(41).await.expect("it was tried");
        let Verdict::Failed(why) = bench.follow(&mut watch).await else { panic!("refused") };
        assert!(why.contains("429"), "{why}");
        assert_eq!(bench.server.unlocks(), [] as [i64; 0]);
        let asked = bench.server.asked();
        bench.seen.once(DOOR, |o| matches!(o, Observation::Reachable { online: false, .. })).await;
        assert_eq!(bench.server.asked(), asked, "no look meanwhile");
    }
}

#[tokio::test]
async fn a_door_without_a_hub_is_told_and_sent_no_unlock_until_it_has_one() {
    let bench = Bench::start();
    bench.server.set_hub("d-1", false);
    let told = || bench.health().last_error.is_some_and(|error| error.contains("no hub is bound"));
    eventually("it is told", told).await;
    let Err(NotSent::Cannot(why)) = bench.unlock(42).await else { panic!("an unlock was sent") };
    assert!(why.contains(DOOR) && why.contains("bind one to it in UniFi Access"), "{why}");
    assert_eq!(bench.server.unlocks(), [] as [i64; 0]);
    bench.server.set_hub("d-1", true);
    let looks = bench.server.asked() + 2;
    eventually("it is looked at again", || bench.server.asked() >= looks).await;
    bench.unlock(43).await.expect("sent");
    assert_eq!(bench.server.unlocks(), [43]);
}

#[test]
fn the_box_has_no_word_that_locks_down_or_keeps_a_door_open() {
    let mut read = 0;
    for file in std::fs::read_dir("src/device").expect("the drivers").flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.starts_with("access") {
            continue;
        }
        read += 1;
        let text = std::fs::read_to_string(file.path()).expect("text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in ["lock_rule", "lockdown", "evacuation", "keep_lock", "keep_unlock", "emergency"] {
                assert!(!line.contains(word), "{name}: {line}");
            }
        }
    }
    assert!(read >= 5, "the driver's files are elsewhere");
}
