//! The door page's own rules: a number and a booking that belong together, five wrong tries in 10 min.
//!
//! Proves who asks; whether the door opens for them is the gate's (T2: window, limit, at the door).

use std::time::Duration;

use rusqlite::Connection;

use super::token;
use super::view::Look;
use crate::clock::UnixMs;
use crate::desk::Inbound;
use crate::site::{Door, E164, Effect, Outcome, Site, Target};
use crate::store::booking::{self, Booking};
use crate::store::presence::{self, Visit};
use crate::store::thread::Channel;
use crate::store::{self, effect, escalation};

pub const COOKIE: &str = "clubos_door";
const TRIES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a visit can be looked at.
pub const VISIT: Duration = Duration::from_secs(30 * 60);
/// Shortest proof that counts, so that an empty PIN of the feed opens nothing.
const SHORTEST: usize = 3;

/// The customers' door with this code, which is its target.
pub fn by_code<'a>(site: &'a Site, code: &str) -> Option<&'a Door> {
    site.customer_doors().find(|door| door.target.as_str() == code)
}

/// What became of one try.
#[derive(Debug, PartialEq, Eq)]
pub enum Try {
    TooMany {
        wait: Duration,
    },
    /// Number and booking do not belong together. It is not said which of them is wrong.
    Wrong,
    Right {
        phone: E164,
        booking: String,
    },
}

/// One try, counted if it is wrong. To be run in one transaction, so that many at once are counted too.
pub fn attempt(conn: &Connection, client: &str, phone: &str, proof: &str, now: UnixMs) -> store::Result<Try> {
    let phone = E164::from_typed(phone.trim()).ok();
    let by_client = format!("client {client}");
    let by_phone = phone.as_ref().map(|p| format!("phone {}", token::sha256(p.as_str())));
    let keys: Vec<&str> = std::iter::once(by_client.as_str()).chain(by_phone.as_deref()).collect();
    for key in &keys {
        let (tries, oldest) = presence::door_tries(conn, key, now - WINDOW)?;
        if tries >= TRIES {
            let wait = oldest.map_or(WINDOW, |at| (at + WINDOW).since(now));
            return Ok(Try::TooMany { wait });
        }
    }
    let bookings = match &phone {
        Some(phone) => booking::of_phone(conn, phone, now - DAY, now + DAY)?,
        None => Vec::new(),
    };
    match (phone, proven(&bookings, proof, now)) {
        (Some(phone), Some(booking)) => Ok(Try::Right { phone, booking: booking.id.clone() }),
        _ => {
            for key in keys {
                presence::door_try(conn, key, now)?;
            }
            Ok(Try::Wrong)
        }
    }
}

/// The booking that the proof belongs to, the one nearest to now if it is several. Every one is compared.
fn proven<'a>(bookings: &'a [Booking], proof: &str, now: UnixMs) -> Option<&'a Booking> {
    let proof = plain(proof);
    let matches = |known: &Option<String>| {
        let known = plain(known.as_deref().unwrap_or_default());
        (known.len() >= SHORTEST) & token::same(&known, &proof)
    };
    let right = bookings.iter().filter(|b| matches(&b.reference) | matches(&b.pin));
    right.min_by_key(|b| b.starts_at.since(now).max(now.since(b.ends_at)))
}

/// References are typed with and without dashes, in any case.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// What the desk is told once somebody has proven themselves.
pub fn asks(door: &Door, phone: E164, booking: &str, again: bool, simulated: bool, now: UnixMs) -> Inbound {
    let again = if again { "It did not open. " } else { "" };
    Inbound {
        channel: Channel::Door,
        address: phone.as_str().to_owned(),
        session: booking.to_owned(),
        presence: None,
        body: format!("{again}Please open the {} (door page)", door.label),
        phone: Some(phone),
        media: 0,
        provider_id: None,
        written_at: now,
        simulated,
    }
}

/// How a visit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The desk has it.
    Asked,
    /// The command is on its way or being watched.
    Opening,
    Unlocked,
    /// Nothing was sent, or it failed.
    Shut,
    /// Sent, and nothing was seen.
    Unknown,
}

/// What the door page shows of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub stage: Stage,
    /// A person has been called.
    pub person: bool,
    pub simulated: bool,
}

impl Standing {
    /// Nothing is under way.
    pub fn may_ask_again(&self) -> bool {
        !matches!(self.stage, Stage::Asked | Stage::Opening)
    }
}

/// How the visit stands: by its latest unlock of that door, and by whether a person was called.
pub fn standing(look: Look<'_>, visit: &Visit, answered: bool) -> store::Result<Standing> {
    let unlocks = effect::of_thread(look.conn, visit.thread_id)?;
    let own = |row: &&effect::EffectRow| {
        row.effect == Effect::DoorUnlock && row.target == visit.door && row.requested_at >= visit.at
    };
    let latest = unlocks.iter().rev().find(own);
    let stage = match latest.map(|row| (row.outcome, row.opened)) {
        None if answered => Stage::Shut,
        None => Stage::Asked,
        Some((None, _)) => Stage::Opening,
        Some((Some(Outcome::Verified), Some(false))) => Stage::Unknown,
        Some((Some(Outcome::Verified), _)) => Stage::Unlocked,
        Some((Some(Outcome::Unknown), _)) => Stage::Unknown,
        Some((Some(Outcome::Failed | Outcome::Refused | Outcome::Expired), _)) => Stage::Shut,
    };
    let person = !escalation::open_on_thread(look.conn, visit.thread_id)?.is_empty();
    Ok(Standing { stage, person, simulated: look.simulated || latest.is_some_and(|row| row.simulated) })
}

/// A visit that begins with this text.
pub fn visit(door: &Target, thread_id: i64, message_id: i64, now: UnixMs) -> Visit {
    Visit { door: door.clone(), thread_id, message_id, at: now, until: now + VISIT }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::BayId;
    use crate::store::Store;

    fn store(name: &str) -> (std::path::PathBuf, Store) {
        let dir = std::env::temp_dir().join(format!("clubos-door-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let store = Store::open(&dir).unwrap();
        for (id, phone, reference, pin) in
            [("B1", "+19025550101", Some("GOLF-77"), Some("4711")), ("B2", "+19025550102", None, Some(""))]
        {
            let booking = Booking {
                id: id.into(),
                phone: Some(phone.parse().unwrap()),
                name: String::new(),
                bay: BayId(1),
                starts_at: minute(0),
                ends_at: minute(60),
                reference: reference.map(str::to_owned),
                pin: pin.map(str::to_owned),
                source: String::new(),
                read_at: UnixMs(0),
            };
            booking::put(store.conn(), &booking, "test", minute(0)).unwrap();
        }
        (dir, store)
    }

    fn minute(m: i64) -> UnixMs {
        UnixMs(1_800_000_000_000 + m * 60_000)
    }

    #[test]
    fn reference_or_pin_of_ones_own_booking_is_right() {
        let (dir, store) = store("right");
        let go = |phone: &str, proof: &str| attempt(store.conn(), "c", phone, proof, minute(1)).unwrap();
        let right = Try::Right { phone: "+19025550101".parse().unwrap(), booking: "B1".into() };
        assert_eq!(go("902 555 0101", "golf 77"), right);
        assert_eq!(go("+1 (902) 555-0101", "4711"), right);
        assert_eq!(go("902 555 0102", "4711"), Try::Wrong, "somebody else's");
        assert_eq!(go("902 555 0102", ""), Try::Wrong, "an empty PIN opens nothing");
        assert_eq!(go("nonsense", "4711"), Try::Wrong);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn after_five_wrong_tries_even_the_right_one_waits() {
        let (dir, store) = store("five");
        let go = |client: &str, proof: &str, at| {
            attempt(store.conn(), client, "9025550101", proof, minute(at)).unwrap()
        };
        for _ in 0..5 {
            assert_eq!(go("c", "0000", 0), Try::Wrong);
        }
        assert!(matches!(go("c", "4711", 1), Try::TooMany { .. }));
        assert!(matches!(go("another", "4711", 1), Try::TooMany { .. }), "the number is counted too");
        assert!(matches!(go("c", "4711", 11), Try::Right { .. }));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
