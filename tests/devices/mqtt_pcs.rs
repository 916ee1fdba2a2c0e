//! Other people's agents on a bay's PC: HASS.Agent and LNXlink, played by foreign MQTT clients as their users.

use clubos::device::verify::Verdict;
use clubos::device::{NotSent, Observation};
use clubos::site::{Effect, LanDevice};

use crate::mqtt_bench::{Club, Ear, HASS_USER, LNX_USER, hass_agent, options};

const HASS_PROCESS: &str = "hass/sensor/bay-2/sim_process/state";
const HASS_BOOT: &str = "hass/sensor/bay-2/lastboot/state";
const LNX_PROCESS: &str = "lnxlink/bay-3/monitor_controls/bash/bash_sim";
const LNX_BOOT: &str = "lnxlink/bay-3/monitor_controls/boot_time";

async fn club_with_pcs() -> Club {
    let mut club = Club::start().await;
    club.publish(HASS_USER, "hass/sensor/bay-2/availability", "online", true).await;
    club.publish(LNX_USER, "lnxlink/bay-3/lwt", "ON", true).await;
    club.publish(HASS_USER, HASS_BOOT, "2026-11-30T08:00:00.123-04:00", true).await;
    club.publish(LNX_USER, LNX_BOOT, r#"{"boot_time":"2026-11-30T08:00:00-04:00"}"#, true).await;
    for target in ["bay-2", "bay-3"] {
        club.seen.once(target, |o| matches!(o, Observation::Reachable { online: true, .. })).await;
        club.seen.once(target, |o| matches!(o, Observation::Boot { .. })).await;
    }
    club
}

#[tokio::test]
async fn hass_agent_runs_the_named_command_and_its_process_sensor_proves_it() {
    let mut club = club_with_pcs().await;
    let topic = "hass/button/bay-2/restart_sim/set";
    let mut pc = Ear::start(&club.broker, HASS_USER, &[topic], "clubos", topic).await;
    let mut watch = club.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    assert_eq!(pc.next().await, (topic.into(), false, "ON".into()));
    club.publish(HASS_USER, HASS_PROCESS, "1", true).await;
    let shown = |o: &Observation| matches!(o, Observation::Software { .. });
    let verdict = club.seen.verdict(&mut watch, |_, e| shown(&e.observation)).await;
    assert_eq!(verdict, Verdict::Pending, "it ran before too");
    club.publish(HASS_USER, HASS_PROCESS, "0", true).await;
    club.publish(HASS_USER, HASS_PROCESS, "1", true).await;
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    assert_eq!((club.row("bay-2").family, club.row("bay-2").simulated), ("HASS.Agent", false));
}

#[tokio::test]
async fn hass_agent_reboots_and_a_new_start_with_running_software_proves_it() {
    let mut club = club_with_pcs().await;
    let topic = "hass/button/bay-2/restart_pc/set";
    let mut pc = Ear::start(&club.broker, HASS_USER, &[topic], "clubos", topic).await;
    let mut watch = club.act(1, Effect::PcReboot, "bay-2").await.expect("sent");
    assert_eq!(pc.next().await.2, "ON");
    // The same start, read a little later, and the software that ran all the time: no reboot.
    club.publish(HASS_USER, HASS_BOOT, "2026-11-30T08:00:01.9-04:00", true).await;
    club.publish(HASS_USER, HASS_PROCESS, "1", true).await;
    let shown = |o: &Observation| matches!(o, Observation::Software { .. });
    let verdict = club.seen.verdict(&mut watch, |_, e| shown(&e.observation)).await;
    assert_eq!(verdict, Verdict::Pending, "a wavering time is no reboot");
    club.publish(HASS_USER, "hass/sensor/bay-2/availability", "offline", true).await;
    club.seen.online("bay-2", false).await;
    assert!(matches!(club.act(2, Effect::SimRestart, "bay-2").await, Err(NotSent::Offline(_))));
    club.publish(HASS_USER, "hass/sensor/bay-2/availability", "online", true).await;
    club.publish(HASS_USER, HASS_BOOT, "2026-11-30T18:20:00-04:00", true).await;
    club.publish(HASS_USER, HASS_PROCESS, "1", true).await;
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
}

#[tokio::test]
async fn lnxlink_runs_the_configured_command_and_what_it_printed_is_no_proof() {
    let mut club = club_with_pcs().await;
    let topic = "lnxlink/bay-3/commands/bash/bash_restart_sim";
    let mut pc = Ear::start(&club.broker, LNX_USER, &[topic], "clubos", topic).await;
    let mut watch = club.act(1, Effect::SimRestart, "bay-3").await.expect("sent");
    assert_eq!(pc.next().await, (topic.into(), false, "systemctl restart sim".into()));
    let result = "lnxlink/bay-3/command_result/bash/bash_restart_sim";
    club.publish(LNX_USER, result, "done, and all is well", true).await;
    let verdict = club.seen.verdict(&mut watch, |verdict, _| *verdict == Verdict::Acknowledged).await;
    assert_eq!(verdict, Verdict::Acknowledged);
    for status in ["OFF", "ON"] {
        club.publish(LNX_USER, LNX_PROCESS, &format!(r#"{{"status":"{status}","attributes":{{}}}}"#), true)
            .await;
    }
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    // The result that the broker kept is nobody's receipt.
    let _watch = club.act(2, Effect::SimRestart, "bay-3").await.expect("sent");
    club.broker.stop().await.expect("stopped");
    club.broker.resume().await.expect("back");
    club.seen.until("bay-3", |o| matches!(o, Observation::Software { running: true })).await;
    assert!(!club.seen.all.iter().any(|e| e.observation == Observation::Acknowledged { effect_id: 2 }));
}

#[tokio::test]
async fn lnxlink_reboots_and_a_new_start_with_running_software_proves_it() {
    let mut club = club_with_pcs().await;
    let topic = "lnxlink/bay-3/commands/restart/restart";
    let mut pc = Ear::start(&club.broker, LNX_USER, &[topic], "clubos", topic).await;
    let mut watch = club.act(1, Effect::PcReboot, "bay-3").await.expect("sent");
    assert_eq!(pc.next().await.2, "PRESS");
    // Going down it clears what its sensors told.
    for topic in [LNX_PROCESS, LNX_BOOT] {
        club.publish(LNX_USER, topic, r#"{"status":null}"#, true).await;
    }
    club.publish(LNX_USER, "lnxlink/bay-3/lwt", "OFF", true).await;
    club.seen.online("bay-3", false).await;
    club.publish(LNX_USER, "lnxlink/bay-3/lwt", "ON", true).await;
    club.publish(LNX_USER, LNX_BOOT, r#"{"boot_time":"2026-11-30T18:20:00-04:00"}"#, true).await;
    club.publish(LNX_USER, LNX_PROCESS, r#"{"status":"ON"}"#, true).await;
    assert_eq!(club.seen.verdict(&mut watch, |_, _| false).await, Verdict::Verified);
    assert_eq!(club.row("bay-3").malformed, 0);
}

#[tokio::test]
async fn without_a_sensor_nothing_a_pc_tells_proves_a_restart() {
    let mut blind = hass_agent();
    if let LanDevice::HassAgent(of) = &mut blind.device {
        (of.running, of.last_boot) = (None, None);
    }
    let mut club = Club::start_with(&[blind], options()).await;
    club.publish(HASS_USER, "hass/sensor/bay-2/availability", "online", true).await;
    club.seen.online("bay-2", true).await;
    let mut watch = club.act(1, Effect::SimRestart, "bay-2").await.expect("sent");
    club.publish(HASS_USER, HASS_PROCESS, "0", true).await;
    club.publish(HASS_USER, HASS_PROCESS, "1", true).await;
    club.publish(HASS_USER, "hass/sensor/bay-2/availability", "offline", true).await;
    let verdict = club
        .seen
        .verdict(&mut watch, |_, e| matches!(e.observation, Observation::Reachable { online: false, .. }));
    assert_eq!(verdict.await, Verdict::Pending);
}
