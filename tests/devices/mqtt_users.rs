//! Each device is a user of the broker with its own topics, tried with foreign clients.

use clubos::device::Observation;

use crate::mqtt_bench::{Club, Ear, HASS_USER, LNX_USER, PLUG_USER, TV_USER};
use crate::support::publish;

#[tokio::test]
async fn a_device_writes_its_own_topics_and_nobody_elses() {
    let club = Club::start().await;
    let mut ear = Ear::start(&club.broker, "observer", &["#"], "clubos", "clubos/v1/hello").await;
    let foreign = [
        "clubos/v1/bay/1/state",
        "clubos/v1/bay/1/cmd",
        "homeassistant/switch/x/config",
        "cmnd/plug-bay-1/POWER1",
        "tele/plug-bay-2/LWT",
        "zigbee2mqtt/hall/front light/set",
        "tv/4/set",
        "hass/button/bay-2/restart_pc/set",
        "lnxlink/bay-3/commands/restart/restart",
    ];
    for topic in foreign {
        for user in [PLUG_USER, TV_USER, LNX_USER] {
            publish(&club.broker, user, topic, b"forged", false).await;
        }
    }
    for topic in foreign.iter().filter(|topic| !topic.starts_with("zigbee2mqtt/")) {
        publish(&club.broker, "zigbee2mqtt", topic, b"forged", false).await;
    }
    // What HASS.Agent tells stands beside what it is told, so it could write that too: nobody else can.
    for topic in foreign.iter().filter(|topic| !topic.starts_with("hass/")) {
        publish(&club.broker, HASS_USER, topic, b"forged", false).await;
    }
    publish(&club.broker, PLUG_USER, "stat/plug-bay-1/POWER", b"ON", false).await;
    let heard = loop {
        let heard = ear.next().await;
        // The box asks its devices all the time.
        if !heard.2.is_empty() && !heard.0.ends_with("/get") {
            break heard;
        }
    };
    assert_eq!(heard.0, "stat/plug-bay-1/POWER", "a forged message came through: {heard:?}");
}

#[tokio::test]
async fn a_device_hears_what_it_is_told_and_nothing_of_others() {
    let club = Club::start().await;
    for (user, own) in [
        (PLUG_USER, "cmnd/plug-bay-1/end"),
        (HASS_USER, "hass/button/bay-2/restart_sim/set"),
        (LNX_USER, "lnxlink/bay-3/commands/restart/restart"),
        (TV_USER, "tv/4/set"),
    ] {
        let mut ear = Ear::start(&club.broker, user, &["#"], "clubos", own).await;
        for topic in [
            "clubos/v1/bay/1/cmd",
            "cmnd/plug-bay-2/POWER1",
            "hass/button/bay-2/restart_sim/action",
            "hass/button/bay-1/restart_sim/set",
            "lnxlink/bay-3/commands/bash",
            "lnxlink/bay-1/commands/restart/restart",
        ] {
            publish(&club.broker, "clubos", topic, b"not for you", false).await;
        }
        publish(&club.broker, "clubos", own, b"last", false).await;
        let heard = loop {
            let heard = ear.next().await;
            if !heard.2.is_empty() {
                break heard;
            }
        };
        assert_eq!((heard.0.as_str(), heard.2.as_str()), (own, "last"), "{user}");
    }
}

#[tokio::test]
async fn the_box_reaches_every_device_of_the_site() {
    let mut club = Club::start().await;
    let (_plug, _bridge) = (club.plug().await, club.bridge().await);
    for (user, topic, word, target) in [
        (TV_USER, "tv/4/online", "yes", "bay-4"),
        (HASS_USER, "hass/sensor/bay-2/availability", "online", "bay-2"),
        (LNX_USER, "lnxlink/bay-3/lwt", "ON", "bay-3"),
    ] {
        club.publish(user, topic, word, true).await;
        club.seen.once(target, |o| matches!(o, Observation::Reachable { online: true, .. })).await;
    }
}
