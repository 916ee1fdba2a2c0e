//! The agent over a real Mosquitto with TLS, driven by the box's own driver.

use clubos::clock::UnixMs;
use clubos::device::verify::Verdict;
use clubos::device::{DeviceEvent, NotSent, Observation};
use clubos::site::Effect;

use crate::pc::Pc;
use crate::support::Bench;

/// Bay 2's PC on the bench's broker, its software up.
async fn bay_2(bench: &mut Bench, more: &str) -> Pc {
    let mut pc = Pc::new();
    let link = pc.mqtt(bench.broker.tls_port(), &bench.password("bay-2"), bench.broker.certificate());
    pc.configure(2, &link, more);
    pc.start_agent();
    bench.seen.once("bay-2", |o| *o == Observation::Software { running: true }).await;
    pc
}

fn command(id: i64, action: &str, expires: UnixMs) -> Vec<u8> {
    format!(r#"{{"v":1,"id":{id},"action":"{action}","value":null,"expires_at":{}}}"#, expires.0).into_bytes()
}

fn in_a_minute(bench: &Bench) -> UnixMs {
    UnixMs(bench.clock.now().0 + 60_000)
}

async fn refused(bench: &mut Bench, id: i64) -> String {
    let fits = |o: &Observation| matches!(o, Observation::Rejected { effect_id, .. } if *effect_id == id);
    let told = |e: &DeviceEvent| fits(&e.observation);
    if !bench.seen.all.iter().any(told) {
        bench.seen.until("bay-2", fits).await;
    }
    let event = bench.seen.all.iter().find(|e| told(e)).expect("just seen");
    let Observation::Rejected { reason, .. } = &event.observation else { unreachable!() };
    reason.clone()
}

#[tokio::test]
async fn a_restart_ends_the_process_starts_another_and_is_verified() {
    let mut bench = Bench::without_agents().await;
    let pc = bay_2(&mut bench, "").await;
    let before = pc.starts();
    let mut watch = bench.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    assert_eq!(bench.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{}", pc.log());
    let after = pc.starts();
    assert_eq!((before.len(), after.len()), (1, 2));
    assert!(!Pc::lives(before[0]) && Pc::lives(after[1]));
    assert!(bench.seen.all.iter().all(|event| !event.simulated), "this one is real");
}

#[tokio::test]
async fn software_that_will_not_start_ends_as_failed_with_the_reason() {
    let mut bench = Bench::without_agents().await;
    let pc = bay_2(&mut bench, "").await;
    pc.put("broken", "");
    let mut watch = bench.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert_eq!(verdict, Verdict::Failed("it ended at once (exit status: 3)".into()), "{}", pc.log());
}

#[tokio::test]
async fn software_that_runs_but_does_not_answer_is_not_called_running() {
    let mut bench = Bench::without_agents().await;
    let pc = bay_2(&mut bench, "").await;
    pc.put("ill", "");
    bench.seen.until("bay-2", |o| *o == Observation::Software { running: false }).await;
    let config = std::fs::read_to_string(pc.path("agent.toml")).expect("the configuration");
    assert!(config.contains("start_within_s = 20"));
    let mut watch = bench.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert!(matches!(&verdict, Verdict::Failed(why) if why.contains("does not answer")), "{verdict:?}");
    assert_eq!(pc.starts().len(), 2);
}

#[tokio::test]
async fn software_that_dies_is_started_again() {
    let mut bench = Bench::without_agents().await;
    let pc = bay_2(&mut bench, "").await;
    let pid = pc.starts()[0].to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
    bench.seen.until("bay-2", |o| *o == Observation::Software { running: false }).await;
    bench.seen.until("bay-2", |o| *o == Observation::Software { running: true }).await;
    assert_eq!(pc.starts().len(), 2);
}

#[tokio::test]
async fn an_agent_killed_in_the_middle_of_a_restart_does_not_do_it_again() {
    let mut bench = Bench::without_agents().await;
    let mut pc = bay_2(&mut bench, "").await;
    pc.put("stubborn", "");
    // The one that runs is not stubborn yet: a start with the file there is.
    let pid = pc.starts()[0].to_string();
    assert!(std::process::Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
    bench.seen.until("bay-2", |o| *o == Observation::Software { running: true }).await;
    let pid = pc.starts()[1];

    let expires = in_a_minute(&bench);
    let topic = "clubos/v1/bay/2/cmd";
    bench.publish("clubos", topic, &command(71, "sim.restart", expires), false).await;
    pc.until("the software was asked to end", |pc| pc.path("asked").exists()).await;
    pc.kill_agent();
    bench.seen.online("bay-2", false).await;
    pc.start_agent();
    bench.seen.online("bay-2", true).await;
    bench.publish("clubos", topic, &command(71, "sim.restart", expires), false).await;
    bench.publish("clubos", topic, &command(72, "bay.explode", expires), false).await;
    refused(&mut bench, 72).await;
    assert!(pc.log().contains("it was taken before"), "{}", pc.log());
    assert!(Pc::lives(pid), "the software was ended by a command that was repeated");
    assert_eq!(pc.starts().len(), 2);
    let answers = |o: &Observation| {
        matches!(o, Observation::Acknowledged { effect_id: 71 } | Observation::Rejected { effect_id: 71, .. })
    };
    assert_eq!(bench.seen.all.iter().filter(|e| answers(&e.observation)).count(), 1, "accepted, once");
}

#[tokio::test]
async fn expired_retained_and_unreadable_commands_are_ignored_and_unknown_ones_refused() {
    let mut bench = Bench::without_agents().await;
    let topic = "clubos/v1/bay/2/cmd";
    let expires = in_a_minute(&bench);
    // Kept by the broker, and good for a minute still when the agent comes.
    bench.publish("clubos", topic, &command(82, "sim.restart", expires), true).await;
    let pc = bay_2(&mut bench, "").await;
    let past = UnixMs(bench.clock.now().0 - 1);
    for payload in [b"{".to_vec(), b"\xff".to_vec(), command(81, "sim.restart", past)] {
        bench.publish("clubos", topic, &payload, false).await;
    }
    bench.publish("clubos", topic, &command(83, "pc.reboot", expires), false).await;
    assert!(refused(&mut bench, 83).await.contains("unknown command"));
    assert_eq!(pc.starts().len(), 1);
    let taken = |e: &DeviceEvent| matches!(e.observation, Observation::Acknowledged { .. });
    assert!(!bench.seen.all.iter().any(taken), "{}", pc.log());
    assert!(pc.log().contains("a command that is retained"), "{}", pc.log());
}

#[tokio::test]
async fn only_what_the_configuration_names_is_announced() {
    let mut bench = Bench::without_agents().await;
    let _pc = bay_2(&mut bench, "").await;
    for effect in [Effect::PcReboot, Effect::RadarReset, Effect::TvOn] {
        let sent = bench.act(1, effect, "bay-2").await;
        assert!(matches!(sent, Err(NotSent::Unsupported(e)) if e == effect), "{effect}");
    }
}

#[tokio::test]
async fn a_radar_that_is_down_is_said_and_a_reset_shows_it_going_and_coming_back() {
    let mut bench = Bench::without_agents().await;
    let radar = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a radar");
    let address = radar.local_addr().expect("an address");
    let pc_more = format!(
        "[radar]\nprobe = \"tcp://{address}\"\nevery_s = 1\nreset = [\"sh\", \"-c\", \"touch reset-asked\"]\n"
    );
    let pc = bay_2(&mut bench, &pc_more).await;
    bench.seen.once("bay-2", |o| *o == Observation::Radar { reachable: true }).await;
    let mut watch = bench.act(1, Effect::RadarReset, "bay-2").await.expect("sent");
    bench.seen.once("bay-2", |o| *o == Observation::Acknowledged { effect_id: 1 }).await;
    drop(radar);
    bench.seen.until("bay-2", |o| *o == Observation::Radar { reachable: false }).await;
    let _back = tokio::net::TcpListener::bind(address).await.expect("back");
    // Fed with all that was seen since: gone, then there.
    let mut verdict = Verdict::Pending;
    for event in bench.seen.all.clone() {
        verdict = watch.verification.observe(watch.id, &event);
    }
    if verdict != Verdict::Verified {
        verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    }
    assert_eq!(verdict, Verdict::Verified, "{}", pc.log());
}

#[tokio::test]
async fn a_reset_whose_command_fails_is_failed() {
    let mut bench = Bench::without_agents().await;
    let radar = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a radar");
    let address = radar.local_addr().expect("an address");
    let more = format!("[radar]\nprobe = \"tcp://{address}\"\nreset = [\"false\"]\n");
    let _pc = bay_2(&mut bench, &more).await;
    let mut watch = bench.act(1, Effect::RadarReset, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert_eq!(verdict, Verdict::Failed("false ended with exit status: 1".into()));
}

#[tokio::test]
async fn a_reboot_is_proved_by_another_boot_and_a_failed_one_says_why() {
    let mut bench = Bench::without_agents().await;
    // In the place of a real reboot: the command changes what names the boot, and this test pulls the plug.
    let more = "[pc]\nreboot = [\"sh\", \"-c\", \"if [ -e locked ]; then exit 9; fi; echo boot-2 > boot\"]\nboot_id = [\"cat\", \"boot\"]\n";
    let mut pc = Pc::new();
    let link = pc.mqtt(bench.broker.tls_port(), &bench.password("bay-2"), bench.broker.certificate());
    pc.configure(2, &link, more);
    pc.put("boot", "boot-1\n");
    pc.put("locked", "");
    pc.start_agent();
    bench.seen.once("bay-2", |o| *o == Observation::Software { running: true }).await;
    let mut watch = bench.act(1, Effect::PcReboot, "bay-2").await.expect("sent");
    let verdict = bench.seen.verdict(&mut watch, |_, _| false).await;
    assert_eq!(verdict, Verdict::Failed("sh ended with exit status: 9".into()), "{}", pc.log());

    std::fs::remove_file(pc.path("locked")).expect("unlocked");
    let mut watch = bench.act(2, Effect::PcReboot, "bay-2").await.expect("sent");
    pc.until("the reboot", |pc| std::fs::read_to_string(pc.path("boot")).is_ok_and(|b| b == "boot-2\n"))
        .await;
    pc.kill_agent();
    pc.start_agent();
    assert_eq!(bench.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified, "{}", pc.log());
}

#[tokio::test]
async fn the_check_tries_everything_and_names_what_is_wrong() {
    let bench = Bench::without_agents().await;
    let pc = Pc::new();
    let link = pc.mqtt(bench.broker.tls_port(), &bench.password("bay-2"), bench.broker.certificate());
    pc.configure(2, &link, "[radar]\nprobe = \"tcp://127.0.0.1:1\"\n");
    let check = || {
        let output = pc.command().arg("--check").output().expect("the agent");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, said) = check();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAILED   radar: tcp://127.0.0.1:1 does not answer"), "{said}");
    assert!(said.contains("ok       broker: localhost:") && said.contains("lets bay 2 in"), "{said}");
    assert!(pc.starts().is_empty(), "a check starts nothing");

    pc.put_secret("password", "wrong");
    let (_, said) = check();
    assert!(said.contains("FAILED   broker:"), "{said}");
    pc.put(
        "agent.toml",
        "bay = 2\nstate_dir = \"state\"\n[mqtt]\nhost = \"192.0.2.1\"\npassword_file = \"password\"\n",
    );
    let (code, said) = check();
    assert!(code == Some(78) && said.contains("mqtt.certificate"), "{said}");
}

#[tokio::test]
async fn a_broker_that_shows_another_certificate_is_not_spoken_to() {
    let mut bench = Bench::without_agents().await;
    let mut pc = Pc::new();
    let foreign = crate::support::Scratch::new();
    let names = ["localhost".to_owned()];
    let made = clubos::device::broker_certificate::make(foreign.path(), &names, None).expect("a certificate");
    let link = pc.mqtt(bench.broker.tls_port(), &bench.password("bay-2"), &made.0);
    pc.configure(2, &link, "");
    pc.start_agent();
    pc.until("it tried", |pc| pc.log().contains("no connection to the broker")).await;
    assert!(!pc.log().contains("connected to the broker\n"), "{}", pc.log());
    pc.kill_agent();
    bench.seen.all.retain(|e| matches!(e.observation, Observation::Reachable { online: true, .. }));
    assert!(bench.seen.all.is_empty());
}
