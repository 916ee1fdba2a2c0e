//! The box's half of two meetings with foreign programs, `tests/peers/tasmota.py` and `tests/peers/lnxlink.py`, which
//! start these and say where in `CLUBOS_PEER`: a folder for the broker. Without them there is nothing to meet.

use std::path::PathBuf;
use std::time::Duration;

use clubos::clock::Clock;
use clubos::device::mqtt::{MqttDeviceOptions, MqttDriver, accounts_of};
use clubos::device::verify::Verdict;
use clubos::device::{LanUnit, Observation};
use clubos::simclub::broker::SimBroker;
use clubos::simclub::{PlugUse, SimClub, SimControl, SimDeviceLink, TasmotaPlug};
use clubos::site::{Effect, LanDevice, Target};

use crate::mqtt_bench::{LNX_USER, PLUG_USER, lnxlink, plug};
use crate::support::{Seen, act, eventually, password};

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CLUBOS_PEER").expect("CLUBOS_PEER names a folder"))
}

/// Writes down how the peer comes in; it waits for the file.
fn tell(broker: &SimBroker, user: &str) {
    let text =
        format!(r#"{{"port":{},"user":"{user}","password":"{}"}}"#, broker.port(), password(broker, user));
    std::fs::write(folder().join("come.tmp"), text).expect("written");
    std::fs::rename(folder().join("come.tmp"), folder().join("come.json")).expect("told");
}

#[tokio::test]
#[ignore = "tests/peers/tasmota.py starts it"]
async fn a_simulated_plug_meets_a_foreign_controller() {
    let units = [plug("bay-1", "plug-bay-1")];
    let mut accounts = accounts_of(&units);
    // Here the controller looks for devices, as in a house that lets it.
    accounts[0].writes.push("tasmota/discovery/#".to_owned());
    let broker = SimBroker::start_for(&folder(), &[], &accounts, 0, 0).await.expect("a broker");
    let mut club = SimClub::new().with_speed(40.0);
    club.add(Target::new("bay-1"));
    let link = SimDeviceLink {
        host: "127.0.0.1".into(),
        port: broker.port(),
        user: PLUG_USER.into(),
        password: password(&broker, PLUG_USER),
    };
    let _plug = TasmotaPlug::start(
        Target::new("bay-1"),
        "plug-bay-1",
        PlugUse::Outlet,
        link,
        SimControl::new(club),
        Clock::system(),
    );
    tell(&broker, "clubos");
    eventually("the peer is done", || folder().join("done").exists()).await;
}

#[tokio::test]
#[ignore = "tests/peers/lnxlink.py starts it"]
async fn a_real_agent_runs_a_harmless_command_at_the_drivers_word() {
    let mut unit = lnxlink();
    if let LanDevice::Lnxlink(of) = &mut unit.device {
        of.sim_restart_payload = std::env::var("CLUBOS_PEER_COMMAND").expect("the command it exposes");
    }
    let units: [LanUnit; 1] = [unit];
    let broker = SimBroker::start_for(&folder(), &[], &accounts_of(&units), 0, 0).await.expect("a broker");
    let (sender, mut seen) = Seen::new();
    let clock = Clock::system();
    let driver =
        MqttDriver::start(&broker.settings(), &units, sender, clock.clone(), MqttDeviceOptions::default());
    let driver = driver.expect("a driver");
    tell(&broker, LNX_USER);
    let patience = Duration::from_secs(90);
    let meeting = async {
        seen.once("bay-3", |o| matches!(o, Observation::Reachable { online: true, .. })).await;
        seen.once("bay-3", |o| *o == Observation::Software { running: true }).await;
        let mut watch = act(&driver, &clock, &seen, 1, Effect::SimRestart, "bay-3").await.expect("sent");
        let verdict = seen.verdict(&mut watch, |_, _| false).await;
        assert_eq!(verdict, Verdict::Verified);
        seen.all.iter().any(|event| event.observation == Observation::Acknowledged { effect_id: 1 })
    };
    let taken = tokio::time::timeout(patience, meeting).await.expect("in time");
    assert!(taken, "what the command printed came back as its result");
}
