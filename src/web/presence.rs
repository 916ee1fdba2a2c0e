//! Presence in a bay: the code on its screen, and what it gives.
//!
//! The code changes every 10 min and with each booking; the one before stays good for 10 min more. What
//! it gives lasts until the booking ends, without one an hour, at most until the next booking. A code of
//! the occupancy before gives a look at that occupancy only, for what is left of the code's own time.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;

use super::error::Error;
use super::token::{self, NoRandom};
use crate::clock::UnixMs;
use crate::site::{BayId, Site};
use crate::store::booking::{self, Booking};
use crate::store::presence::{self, Code, Grant};
use crate::store::thread::{self, Channel};
use crate::store::{StoreError, journal};

/// A code is shown this long.
pub const ROTATE: Duration = Duration::from_secs(10 * 60);
/// … and good this much longer.
pub const GRACE: Duration = Duration::from_secs(10 * 60);
/// Presence without a booking.
const WALK_IN: Duration = Duration::from_secs(60 * 60);
/// An occupancy without a booking; booking ids of the feed may not begin so.
pub const OCCUPANCY: &str = "occupancy-";
const FORGET_AFTER: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

impl From<PresenceError> for Error {
    fn from(error: PresenceError) -> Error {
        match error {
            PresenceError::Store(error) => error.into(),
            PresenceError::NoRandom(error) => error.into(),
        }
    }
}

type Result<T> = std::result::Result<T, PresenceError>;

/// The code that is on the bay's screen now; makes the next one if its time has come.
pub fn current(conn: &Connection, bay: BayId, now: UnixMs) -> Result<Code> {
    let booking = running(conn, bay, now)?;
    let newest = presence::newest(conn, bay)?;
    if let Some(code) = newest.as_ref().filter(|code| belongs(code, booking.as_ref())) {
        if now < code.valid_from + ROTATE {
            return Ok(code.clone());
        }
        return next(conn, bay, booking.map(|b| b.id), now);
    }
    if let Some(before) = &newest {
        // The change was when the booking began, or ended, even if nobody looked at the screen then.
        let began = booking.as_ref().map_or(now, |b| b.starts_at).max(before.valid_from);
        presence::shorten(conn, bay, began + GRACE)?;
    }
    let code = next(conn, bay, booking.map(|b| b.id), now)?;
    presence::end_others(conn, bay, &code.session, now)?;
    presence::prune(conn, now - FORGET_AFTER)?;
    Ok(code)
}

fn running(conn: &Connection, bay: BayId, now: UnixMs) -> Result<Option<Booking>> {
    Ok(booking::of_bay(conn, bay, now, now + Duration::from_millis(1))?.into_iter().next())
}

/// Whether the code was made for who has the bay now.
fn belongs(code: &Code, booking: Option<&Booking>) -> bool {
    match booking {
        Some(booking) => code.session == booking.id,
        None => code.session.starts_with(OCCUPANCY),
    }
}

/// A new code. Without a booking it opens an occupancy of its own: whoever comes next sees nothing older.
fn next(conn: &Connection, bay: BayId, booking: Option<String>, now: UnixMs) -> Result<Code> {
    let code = token::code()?;
    let session = match booking {
        Some(id) => id,
        None => format!("{OCCUPANCY}{}", &token::token()?[..16]),
    };
    let made = Code { code, bay, session, valid_from: now, valid_to: now + ROTATE + GRACE };
    presence::insert_code(conn, &made)?;
    Ok(made)
}

/// What a browser gets for a right code: the token to show from now on.
#[derive(Debug)]
pub struct Granted {
    pub token: String,
    pub grant: Grant,
}

/// Takes a code as typed or scanned; of the bay `of`, if the page says which. `None`: not valid.
pub fn enter(
    conn: &Connection,
    of: Option<BayId>,
    typed: &str,
    simulated: bool,
    now: UnixMs,
) -> Result<Option<Granted>> {
    let Some(typed) = token::typed_code(typed) else { return Ok(None) };
    let Some(found) = presence::find(conn, &typed, now)?.filter(|code| of.is_none_or(|bay| bay == code.bay))
    else {
        return Ok(None);
    };
    let shown = current(conn, found.bay, now)?; // a booking that has begun shortens older codes
    let Some(code) = presence::find(conn, &typed, now)? else { return Ok(None) };
    let until = until(conn, &code, &shown, now)?;
    let address = code.bay.to_string();
    let thread_id =
        thread::open(conn, Channel::Bay, &address, &code.session, Some(code.bay), None, now, simulated)?;
    thread::set_presence(conn, thread_id, until)?;
    let grant = Grant { bay: code.bay, thread_id, until };
    let token = token::token()?;
    presence::grant(conn, &token::sha256(&token), &grant, now)?;
    Ok(Some(Granted { token, grant }))
}

fn until(conn: &Connection, code: &Code, shown: &Code, now: UnixMs) -> Result<UnixMs> {
    let walk_in = code.session.starts_with(OCCUPANCY);
    if walk_in && shown.session.starts_with(OCCUPANCY) {
        let next =
            booking::of_bay(conn, code.bay, now, now + WALK_IN)?.into_iter().map(|b| b.starts_at).min();
        return Ok(next.unwrap_or(now + WALK_IN).min(now + WALK_IN));
    }
    match running(conn, code.bay, now)? {
        Some(booking) if booking.id == code.session => Ok(booking.ends_at),
        _ => Ok(code.valid_to),
    }
}

const SECRET: &str = "screen_secret.";

/// The secret part of each bay's screen address; made when it is first asked for.
pub fn screen_secrets(conn: &Connection, site: &Site) -> Result<BTreeMap<BayId, String>> {
    let mut secrets = BTreeMap::new();
    for bay in site.bays.keys() {
        let key = format!("{SECRET}{bay}");
        let secret = match journal::meta(conn, &key)? {
            Some(secret) => secret,
            None => {
                let secret = token::token()?;
                journal::set_meta(conn, &key, &secret)?;
                secret
            }
        };
        secrets.insert(*bay, secret);
    }
    Ok(secrets)
}

/// The pages that the bays' PCs show: bay and path (`/screen/…`). To be opened on that PC only.
///
/// # Errors
/// The database's, or no random numbers.
pub fn screen_paths(conn: &Connection, site: &Site) -> Result<Vec<(BayId, String)>> {
    Ok(screen_secrets(conn, site)?
        .into_iter()
        .map(|(bay, secret)| (bay, format!("/screen/{secret}")))
        .collect())
}

/// The address that each bay's screen shows now (`/b/<code>`): whoever opens it proves presence.
///
/// # Errors
/// The database's, or no random numbers.
pub fn bay_paths(conn: &Connection, site: &Site, now: UnixMs) -> Result<Vec<(BayId, String)>> {
    site.bays
        .keys()
        .map(|bay| Ok((*bay, format!("/b/{}", token::grouped(&current(conn, *bay, now)?.code)))))
        .collect()
}

/// The bay whose screen has this secret.
pub fn screen_bay(conn: &Connection, site: &Site, secret: &str) -> Result<Option<BayId>> {
    let secrets = screen_secrets(conn, site)?;
    Ok(secrets.into_iter().find(|(_, known)| token::same(known, secret)).map(|(bay, _)| bay))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    const BAY: BayId = BayId(2);

    fn minute(m: i64) -> UnixMs {
        UnixMs(1_800_000_000_000 + m * 60_000)
    }

    struct Club {
        _dir: std::path::PathBuf,
        store: Store,
    }

    impl Club {
        fn new(name: &str) -> Club {
            let dir = std::env::temp_dir().join(format!("clubos-presence-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&dir);
            std::fs::create_dir_all(&dir).unwrap();
            Club { store: Store::open(&dir).unwrap(), _dir: dir }
        }

        fn book(&self, id: &str, from: i64, to: i64) {
            let booking = Booking {
                id: id.into(),
                phone: Some("+19025550101".parse().unwrap()),
                name: "Alex".into(),
                bay: BAY,
                starts_at: minute(from),
                ends_at: minute(to),
                reference: None,
                pin: None,
                source: String::new(),
                read_at: UnixMs(0),
            };
            booking::put(self.store.conn(), &booking, "test", minute(0)).unwrap();
        }

        fn shown(&self, at: i64) -> Code {
            current(self.store.conn(), BAY, minute(at)).unwrap()
        }

        fn enter(&self, code: &str, at: i64) -> Option<Grant> {
            enter(self.store.conn(), None, code, true, minute(at)).unwrap().map(|g| g.grant)
        }
    }

    impl Drop for Club {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self._dir);
        }
    }

    #[test]
    fn the_code_changes_every_ten_minutes_and_the_one_before_is_good_for_ten_more() {
        let club = Club::new("rotation");
        club.book("B1", 0, 90);
        let first = club.shown(0);
        assert_eq!(club.shown(9).code, first.code);
        let second = club.shown(10);
        assert_ne!(second.code, first.code);
        assert!(club.enter(&first.code, 19).is_some());
        assert!(club.enter(&first.code, 20).is_none(), "twenty minutes after it was first shown");
        assert!(club.enter(&second.code, 20).is_some());
    }

    #[test]
    fn presence_lasts_until_the_booking_ends() {
        let club = Club::new("until");
        club.book("B1", 0, 90);
        let grant = club.enter(&club.shown(5).code, 6).unwrap();
        assert_eq!(grant.until, minute(90));
        let late = club.enter(&club.shown(80).code, 81).unwrap();
        assert_eq!(late.thread_id, grant.thread_id, "one booking, one conversation");
    }

    #[test]
    fn a_new_booking_changes_the_code_and_hides_what_was_before() {
        let club = Club::new("booking");
        club.book("B1", 0, 30);
        club.book("B2", 30, 60);
        let old = club.shown(29);
        let before = club.enter(&old.code, 29).unwrap();
        let new = club.shown(31);
        assert_ne!(new.code, old.code);
        let late = club.enter(&old.code, 35).unwrap();
        assert_eq!(late.thread_id, before.thread_id, "an old code opens nothing of the new booking");
        assert_eq!(late.until, minute(40), "ten minutes after the change");
        assert!(club.enter(&old.code, 40).is_none());
        assert_ne!(club.enter(&new.code, 35).unwrap().thread_id, before.thread_id);
    }

    #[test]
    fn a_booking_that_begins_ends_the_hour_of_a_walk_in() {
        let club = Club::new("walk-in");
        let grant = club.enter(&club.shown(0).code, 1).unwrap();
        assert_eq!(grant.until, minute(61));
        let token =
            enter(club.store.conn(), Some(BAY), &club.shown(1).code, true, minute(1)).unwrap().unwrap().token;
        club.book("B1", 20, 80);
        club.shown(20);
        assert!(presence::granted(club.store.conn(), &token::sha256(&token), minute(20)).unwrap().is_none());
    }

    #[test]
    fn a_walk_in_shortly_before_a_booking_is_out_when_it_begins() {
        let club = Club::new("walk-in-short");
        club.book("B1", 20, 80);
        assert_eq!(club.enter(&club.shown(0).code, 1).unwrap().until, minute(20));
    }

    #[test]
    fn walk_ins_one_after_the_other_do_not_see_each_other() {
        let club = Club::new("walk-ins");
        let first = club.enter(&club.shown(0).code, 1).unwrap();
        let second = club.enter(&club.shown(10).code, 11).unwrap();
        assert_ne!(first.thread_id, second.thread_id);
    }

    #[test]
    fn a_code_of_another_bay_is_wrong_here() {
        let club = Club::new("other-bay");
        let code = club.shown(0).code;
        assert!(enter(club.store.conn(), Some(BayId(3)), &code, true, minute(0)).unwrap().is_none());
        assert!(club.enter("AAA-AAA-AAA", 0).is_none());
    }
}
