//! What of the network gear is never cut: the uplinks, and whatever carries this box.
//!
//! Owns the rule, and reads what it needs from the console right before each action. What is not known is
//! refused, with what to do about it. Never acts.

use super::call::CallError;
use super::unifi_legacy::Seen;
use super::unifi_network_client::NetworkClient;
use super::unifi_network_wire::{DeviceDetails, DeviceRow};
use crate::site::{Gear, NetworkConsole, plain_mac};

/// A way to the gateway over more devices than this is none.
const MOST_HOPS: usize = 8;

/// Why nothing is done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Barred {
    #[error(transparent)]
    Console(#[from] CallError),
    #[error("not done: {0}")]
    Rule(String),
}

fn rule<T>(why: impl Into<String>) -> Result<T, Barred> {
    Err(Barred::Rule(why.into()))
}

/// The device at the console that may be acted on, as it is now. `seen`: what the older API showed lately.
pub(super) async fn clear(
    client: &NetworkClient,
    console: &NetworkConsole,
    seen: Option<&Seen>,
    gear: &Gear,
) -> Result<DeviceRow, Barred> {
    let (Gear::Port { device: mac, .. } | Gear::Device { device: mac }) = gear else {
        return rule("the site names no device here");
    };
    let devices = client.devices().await?;
    let Some(device) = find(&devices, mac) else {
        return rule(format!("the console knows no device {mac}"));
    };
    if device.online() == Some(false) {
        return rule(format!("the device is {}", device.state));
    }
    let carrier = carrier(client, console, &devices).await?;
    match gear {
        Gear::Port { port, .. } => {
            let details = client.device(&device.id).await?;
            port_may(console, seen, device, &details, *port, carrier)?;
        }
        _ => device_may(client, device, carrier, &devices).await?,
    }
    Ok(device.clone())
}

fn find<'a>(devices: &'a [DeviceRow], mac: &str) -> Option<&'a DeviceRow> {
    devices.iter().find(|row| plain_mac(&row.mac_address).as_deref() == Some(mac))
}

/// The device that carries this box: as the site says, as the console sees it, and both alike.
async fn carrier<'a>(
    client: &NetworkClient,
    console: &NetworkConsole,
    devices: &'a [DeviceRow],
) -> Result<&'a DeviceRow, Barred> {
    let said = console.box_device.as_ref().map(|mac| find(devices, mac).ok_or(mac)).transpose();
    let said = match said {
        Ok(said) => said,
        Err(mac) => return rule(format!("the console knows no device {mac}, which is to carry this box")),
    };
    let seen = match &console.box_mac {
        Some(mac) => {
            let clients = client.clients(&[mac.as_str()]).await?;
            let at =
                |row: &&DeviceRow| clients.iter().any(|c| c.uplink_device_id.as_deref() == Some(&row.id));
            devices.iter().find(at)
        }
        None => None,
    };
    match (said, seen) {
        (Some(said), Some(seen)) if said.id != seen.id => rule(format!(
            "`network.box_device` names {}, but the console sees this box at {}",
            said.mac_address, seen.mac_address
        )),
        (Some(one), _) | (None, Some(one)) => Ok(one),
        (None, None) => rule(
            "it is not known which device carries this box; name it in `network.box_device`, or the box's own \
             MAC in `network.box_mac`",
        ),
    }
}

fn port_may(
    console: &NetworkConsole,
    seen: Option<&Seen>,
    device: &DeviceRow,
    details: &DeviceDetails,
    port: u16,
    carrier: &DeviceRow,
) -> Result<(), Barred> {
    let mac = plain_mac(&details.mac_address).unwrap_or_default();
    if plain_mac(&device.mac_address).as_deref() != Some(mac.as_str()) {
        return rule("the console answered with another device than the one asked for");
    }
    if let Some(why) = console.spares(&mac, port, seen.is_some_and(|seen| seen.links.knows(&mac))) {
        return rule(format!("port {port} {why}"));
    }
    if seen.is_some_and(|seen| seen.links.has(&mac, port)) {
        return rule(format!("port {port} carries other network gear, as the console shows"));
    }
    let box_at = seen.and_then(|seen| seen.box_at.as_ref()).filter(|(at, _)| *at == mac).map(|(_, own)| *own);
    if box_at == Some(port) {
        return rule(format!("port {port} carries this box, as the console shows"));
    }
    let box_port = console.box_port.or(box_at);
    if carrier.id == device.id && box_port.is_none_or(|own| own == port) {
        return match box_port {
            Some(_) => rule(format!("port {port} carries this box")),
            None => {
                rule("this box hangs on the same device, at a port nobody named; write `network.box_port`")
            }
        };
    }
    if device.is("gateway") && console.wan_port.is_none_or(|wan| wan == port) {
        return rule("it is on the gateway, and could be its line to the internet; write `network.wan_port`");
    }
    match details.port(port) {
        None => rule(format!("{} has no port {port}", device.mac_address)),
        Some(found) if !found.poe.as_ref().is_some_and(|poe| poe.enabled) => {
            rule(format!("port {port} gives no power"))
        }
        Some(_) => Ok(()),
    }
}

/// A device may be restarted unless it carries this box or lies on the box's way to the gateway.
async fn device_may(
    client: &NetworkClient,
    device: &DeviceRow,
    carrier: &DeviceRow,
    devices: &[DeviceRow],
) -> Result<(), Barred> {
    let mut at = carrier;
    for _ in 0..MOST_HOPS {
        if at.id == device.id && at.id == carrier.id {
            return rule(format!("{} carries this box", device.mac_address));
        }
        if at.is("gateway") {
            return Ok(());
        }
        if at.id == device.id {
            return rule(format!("this box's way to the gateway leads over {}", device.mac_address));
        }
        let up = client.device(&at.id).await?.uplink.and_then(|uplink| uplink.device_id);
        match devices.iter().find(|row| Some(&row.id) == up.as_ref()) {
            Some(next) => at = next,
            None => break,
        }
    }
    rule("the console does not tell this box's way to the gateway, so it is not known what it would cut")
}
