//! Devices that name themselves by mDNS (RFC 6762) on the network the box is in.
//!
//! Browses for a few kinds of service and asks for nothing else. A name on `_http._tcp` counts only where it is one
//! that a device here is known by.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::future::select_all;
use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent};
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::News;
use super::found::{self, Value};
use crate::store::proposal::Heard;

const SOURCE: &str = "mdns";
const SERVICES: [&str; 4] =
    ["_shelly._tcp.local.", "_http._tcp.local.", "_pjlink._tcp.local.", "_esphomelib._tcp.local."];

/// A service as it was resolved.
#[derive(Debug, Clone)]
pub struct Service<'a> {
    /// `_shelly._tcp.local.`
    pub kind: &'a str,
    /// What stands before the kind: `shellyplugus-083af2013b08`.
    pub instance: &'a str,
    pub addresses: Vec<IpAddr>,
    pub port: u16,
    /// `gen` of its TXT record.
    pub generation: Option<&'a str>,
    /// `app` of its TXT record.
    pub app: Option<&'a str>,
}

/// What a service seems to be; `None` where it is of no interest.
pub fn read(service: &Service<'_>) -> Option<Heard> {
    let instance = found::clean(service.instance);
    let lower = instance.to_ascii_lowercase();
    let address = service.addresses.iter().copied().find_map(on_the_lan)?;
    let host = address.to_string();
    let (kind, family, usual_port) = match service.kind {
        "_shelly._tcp.local." => ("a plug or relay by Shelly", Some("shelly"), 80),
        "_http._tcp.local." if lower.starts_with("shelly") => {
            ("a plug or relay by Shelly", Some("shelly"), 80)
        }
        "_http._tcp.local." if lower.starts_with("tasmota") => {
            ("a device with Tasmota: give it the club's broker", None, 80)
        }
        "_pjlink._tcp.local." => ("a projector that speaks PJLink", Some("pjlink"), 4352),
        "_esphomelib._tcp.local." => ("a device with ESPHome: give it the club's broker", None, 6053),
        _ => return None,
    };
    let port = (service.port != usual_port && service.port != 0).then(|| Value::Whole(service.port.into()));
    let (keys, can) = match family {
        Some("pjlink") => {
            let keys =
                [("host", Some(Value::Text(&host))), ("port", port), ("input", Some(Value::Text("31")))];
            found::offer("pjlink", &keys, |_| true)
        }
        Some(family) => found::offer(family, &[("host", Some(Value::Text(&host))), ("port", port)], |_| true),
        None => (None, Vec::new()),
    };
    let app = service.app.map(found::clean).filter(|app| !app.is_empty());
    let generation = service.generation.map(found::clean).filter(|gen_| gen_.len() == 1);
    let seems = [Some(kind.to_owned()), app, generation.map(|gen_| format!("generation {gen_}"))];
    Some(Heard {
        source: SOURCE,
        // A Shelly stands under two kinds: one device, one proposal.
        key: if instance.is_empty() { host.clone() } else { lower },
        name: if instance.is_empty() { host.clone() } else { instance },
        address: host,
        seems: seems.into_iter().flatten().collect::<Vec<_>>().join(", "),
        keys,
        can,
    })
}

/// Only addresses of a network at home: who names another would have the box speak to the internet.
fn on_the_lan(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) if v4.is_private() => Some(v4),
        _ => None,
    }
}

/// Listens until nobody wants to know any more.
pub(super) async fn listen(tell: mpsc::Sender<News>) {
    let browsing = ServiceDaemon::new().and_then(|daemon| {
        let kinds = SERVICES.iter().map(|kind| daemon.browse(kind)).collect::<mdns_sd::Result<Vec<_>>>()?;
        Ok((Browsing(daemon), kinds))
    });
    let (_browsing, mut kinds) = match browsing {
        Ok(browsing) => browsing,
        Err(error) => return warn!(%error, "devices that name themselves by mDNS are not heard"),
    };
    info!("listening for devices by mDNS");
    while !tell.is_closed() && !kinds.is_empty() {
        let next = kinds.iter().map(|kind: &Receiver<ServiceEvent>| Box::pin(kind.recv_async()));
        let (event, nth, _) = select_all(next).await;
        match event {
            Ok(ServiceEvent::ServiceResolved(of)) => {
                let service = Service {
                    kind: &of.ty_domain,
                    instance: of.fullname.strip_suffix(&format!(".{}", of.ty_domain)).unwrap_or(&of.fullname),
                    addresses: of.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect(),
                    port: of.port,
                    generation: of.txt_properties.get_property_val_str("gen"),
                    app: of.txt_properties.get_property_val_str("app"),
                };
                if let Some(heard) = read(&service) {
                    drop(tell.try_send(News::Found(heard))); // a flood is dropped
                }
            }
            Ok(_) => {}
            Err(_) => drop(kinds.swap_remove(nth)),
        }
    }
}

/// Ends the library's own thread with the task.
struct Browsing(ServiceDaemon);

impl Drop for Browsing {
    fn drop(&mut self) {
        drop(self.0.shutdown());
    }
}
