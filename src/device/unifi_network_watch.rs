//! What keeps an eye on the network: regular looks, and closer ones while an action is open. Owns no state
//! but pauses; reports through `unifi_network`. The console has no events in its official API.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::Observation;
use super::call::CallError;
use super::unifi_network::Network;
use super::unifi_network_wire::DeviceRow;
use crate::site::{Effect, Gear, Target, plain_mac};

/// Looks at everything now and then; reports a console that stays away longer than the grace.
pub(super) async fn look(network: Arc<Network>) {
    let mut failing_since: Option<Instant> = None;
    loop {
        let failure = look_once(&network).await.err();
        if network.client.take_odd() > 0
            && let Some(target) = network.gear.keys().next()
            && network.board.malformed(target, "rows of the console's lists cannot be read")
        {
            warn!("rows of the console's lists cannot be read; further ones are only counted");
        }
        if let Some(error) = &failure {
            network.client.forget_site();
            let since = *failing_since.get_or_insert_with(Instant::now);
            let long = since.elapsed() >= network.options.grace;
            for (target, gear) in &network.gear {
                network.board.error(target, &error.to_string());
                if long {
                    report(&network, target, gear, false, Some(&error.to_string())).await;
                }
            }
        } else {
            failing_since = None;
        }
        let pause = if failure.is_some() { network.options.grace / 4 } else { network.options.idle_poll };
        let pause = pause.min(network.options.idle_poll).max(network.client.held_for());
        tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
    }
}

async fn look_once(network: &Network) -> Result<(), CallError> {
    let devices = network.client.devices().await?;
    let by_mac = |mac: &str| devices.iter().find(|row| plain_mac(&row.mac_address).as_deref() == Some(mac));
    for (target, gear) in &network.gear {
        match gear {
            Gear::Watched => report(network, target, gear, true, None).await,
            Gear::Device { device } | Gear::Port { device, .. } => match by_mac(device) {
                None => report(network, target, gear, false, Some("the console knows no such device")).await,
                Some(row) => {
                    let away = format!("the console says {}", state(row));
                    match row.online() {
                        Some(true) => report(network, target, gear, true, None).await,
                        Some(false) => report(network, target, gear, false, Some(&away)).await,
                        None => network.board.error(target, &away),
                    }
                    if row.online() == Some(true) {
                        see(network, target, gear, &row.id, false).await?;
                    }
                }
            },
        }
    }
    if let Some(hall) = network.hall() {
        see_network(network, hall, &devices).await?;
    }
    see_pcs(network).await
}

fn state(row: &DeviceRow) -> String {
    row.state.chars().filter(|c| c.is_ascii_graphic()).take(40).collect()
}

/// Reads what proves the gear's effect and reports it. Returns it.
async fn see(
    network: &Network,
    target: &Target,
    gear: &Gear,
    id: &str,
    watched: bool,
) -> Result<Option<Observation>, CallError> {
    let seen = match gear {
        Gear::Port { port, .. } => network.client.device(id).await?.port(*port).and_then(|p| p.supply()),
        Gear::Device { .. } => {
            let uptime = network.client.statistics(id).await?.uptime_sec;
            uptime.map(|seconds| Observation::Uptime { seconds })
        }
        Gear::Watched => None,
    };
    if let Some(seen) = &seen {
        network.saw(target, seen.clone(), watched).await;
    }
    Ok(seen)
}

/// The gateway's line to the internet and the access points, told of the hall's `network`.
async fn see_network(network: &Network, hall: &Target, devices: &[DeviceRow]) -> Result<(), CallError> {
    let points: Vec<&DeviceRow> = devices.iter().filter(|row| row.is("accessPoint")).collect();
    let online = points.iter().filter(|row| row.online() == Some(true)).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let seen = Observation::AccessPoints { online: count(online), total: count(points.len()) };
    network.saw(hall, seen, false).await;
    // The older API says whether the internet works, which is more than a cable that is plugged in.
    let told = network.legacy.as_ref().and_then(|legacy| legacy.seen()?.internet);
    if told.is_some() {
        return Ok(());
    }
    let gateway = devices.iter().find(|row| row.is("gateway"));
    let (Some(gateway), Some(port)) = (gateway, network.console.wan_port) else { return Ok(()) };
    let up = if gateway.online() == Some(false) {
        Some(false)
    } else {
        network.client.device(&gateway.id).await?.port(port).and_then(|port| port.link())
    };
    if let Some(up) = up {
        network.saw(hall, Observation::Wan { up }, false).await;
    }
    Ok(())
}

async fn see_pcs(network: &Network) -> Result<(), CallError> {
    let macs: Vec<&str> = network.console.pcs.values().map(String::as_str).collect();
    let clients = network.client.clients(&macs).await?;
    let there: BTreeSet<String> =
        clients.iter().filter_map(|c| plain_mac(c.mac_address.as_deref()?)).collect();
    for (bay, mac) in &network.console.pcs {
        let present = there.contains(mac);
        network.saw(&Target::from(*bay), Observation::OnNetwork { present }, false).await;
    }
    Ok(())
}

/// Tells that a device can be reached or not: the whole hall, but only the port's part of a bay.
async fn report(network: &Network, target: &Target, gear: &Gear, online: bool, why: Option<&str>) {
    if network.board.set(target, online, network.clock.now(), why) {
        match why {
            Some(why) => warn!(gear = %target, why, "network gear cannot be reached"),
            None => info!(gear = %target, "network gear can be reached"),
        }
    }
    let effect = matches!(gear, Gear::Port { .. }).then_some(Effect::PoeCycle);
    let seen = Observation::Reachable { online, effect, reason: why.map(str::to_owned) };
    network.saw(target, seen, false).await;
}

/// Looks closely until the proof is whole or its time is over.
pub(super) async fn watch(network: Arc<Network>, target: Target, gear: Gear, id: String, within: Duration) {
    let begun = Instant::now();
    let mut looks = tokio::time::interval(network.options.open_poll);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut was_off = false;
    while begun.elapsed() < within {
        looks.tick().await;
        match see(&network, &target, &gear, &id, true).await {
            Ok(Some(Observation::Supply { on })) => {
                if on && was_off {
                    return;
                }
                was_off |= !on;
            }
            Ok(_) => {}
            Err(error) => network.board.error(&target, &error.to_string()),
        }
    }
}
