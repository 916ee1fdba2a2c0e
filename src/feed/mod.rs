//! The feeds of the booking systems: a calendar is fetched, read and made into bookings.
//!
//! Owns iCalendar (RFC 5545, `ical`), what in an event is bay, phone and name (`map`), numbers as people
//! write them (`phone`), and the one request that fetches a calendar (`fetch`). May use `site`, `store`'s
//! booking type and `clock`. Never writes anything down, and never supplies a bay, time or number that
//! the feed does not give: what cannot be read is left out and counted.

pub mod fetch;
pub mod ical;
pub mod map;
pub mod phone;

pub use fetch::{FetchError, Fetched, Fetcher};
pub use ical::{Calendar, Instance, NotACalendar, Window};
pub use map::{Mapped, bookings};
