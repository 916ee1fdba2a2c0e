//! What pages and API show, as plain data: read from the database, free of any page's markup.
//!
//! Every struct here serves a template and an answer of the API alike. Reading changes nothing.

pub mod bay;
pub mod bookings;
pub mod channel;
pub mod conversation;
pub mod device;
pub mod escalation;
pub mod house;
pub mod offer;
pub mod on_call;
pub mod proposal;
pub mod threads;
pub mod time;
pub mod undo;
pub mod words;

use rusqlite::Connection;

use crate::clock::UnixMs;
use crate::site::Site;
use crate::store::journal::Change;

/// One moment's view of everything.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub conn: &'a Connection,
    pub site: &'a Site,
    pub now: UnixMs,
    /// The line to the internet.
    pub line_up: bool,
    /// Everything in this house is simulated, whatever wire it hangs on.
    pub simulated: bool,
}

/// A line for the change log.
pub fn change(at: UnixMs, who: &str, what: &str, detail: &str) -> Change {
    Change {
        at,
        who: who.to_owned(),
        what: what.to_owned(),
        detail: detail.to_owned(),
        thread_id: None,
        until: None,
    }
}
