//! Wake-on-LAN: the magic packet (AMD, "Magic Packet Technology", 1995: six 0xFF, then the MAC sixteen
//! times). Owns its form and where it may go: only private, loopback or broadcast addresses.

use std::io;
use std::net::Ipv4Addr;

use tokio::net::UdpSocket;

use super::agent_wire::Wake;

/// Length of a magic packet in bytes.
pub const PACKET: usize = 102;

/// The packet that wakes the network card with this MAC (`aa:bb:cc:dd:ee:ff` or with dashes).
pub fn magic_packet(mac: &str) -> Option<[u8; PACKET]> {
    let mut address = [0_u8; 6];
    let mut parts = mac.split([':', '-']);
    for byte in &mut address {
        let part = parts.next().filter(|p| p.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    if parts.next().is_some() {
        return None;
    }
    let mut packet = [0xFF; PACKET];
    for copy in packet[6..].chunks_exact_mut(6) {
        copy.copy_from_slice(&address);
    }
    Some(packet)
}

fn local(ip: Ipv4Addr) -> bool {
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast()
}

/// Sends the packet three times, as UDP may lose one; waking twice does no harm.
///
/// # Errors
/// The MAC is none, the address is not on a local network, or the first packet could not be sent.
pub async fn send(wake: &Wake) -> io::Result<()> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    let packet = magic_packet(&wake.mac).ok_or_else(|| invalid("the announced MAC is none"))?;
    if !local(*wake.address.ip()) {
        return Err(invalid("the announced wake address is not on a local network"));
    }
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.set_broadcast(true)?;
    socket.send_to(&packet, wake.address).await?;
    for _ in 0..2 {
        if let Err(error) = socket.send_to(&packet, wake.address).await {
            tracing::debug!(%error, "a repeated wake packet was not sent");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_is_six_ff_and_sixteen_times_the_mac() {
        let packet = magic_packet("02:00:5E:00-53:0a").expect("a MAC");
        assert_eq!(packet[..6], [0xFF; 6]);
        assert!(packet[6..].chunks(6).all(|mac| mac == [2, 0, 0x5E, 0, 0x53, 0x0A]));
        for wrong in [
            "",
            "02:00:5e:00:53",
            "02:00:5e:00:53:0a:00",
            "2:0:5e:0:53:a",
            "zz:00:5e:00:53:0a",
            "+2:00:5e:00:53:0a0",
        ] {
            assert_eq!(magic_packet(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_beyond_the_local_network() {
        let wake =
            Wake { mac: "02:00:5e:00:53:0a".into(), address: "203.0.113.9:9".parse().expect("address") };
        assert!(send(&wake).await.is_err());
    }
}
