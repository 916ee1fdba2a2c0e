//! What is asked of the gate and how it says no.

use crate::clock::UnixMs;
use crate::site::{BayId, E164, Effect, Role, Target};

/// Who asks for an effect, with what proves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    Customer {
        /// The number the text came from, or that the door page verified against a booking.
        phone: Option<E164>,
        /// The bay whose code they hold, good now.
        presence: Option<BayId>,
        /// They said, or confirmed when asked, that they are at the door.
        at_door: bool,
    },
    Staff {
        name: String,
        role: Role,
    },
    /// A program nobody stands behind by name: Home Assistant. T1 at the most, and no bay that is in use is
    /// interrupted.
    Program {
        name: String,
    },
    /// The house itself, by the schedule in `site.toml`: only in a bay that is surely free.
    House,
}

/// What the journal calls [`Asker::House`].
pub const HOUSE: &str = "housekeeping";

#[derive(Debug, Clone)]
pub struct Request<'a> {
    pub effect: Effect,
    pub target: &'a Target,
    /// Degrees Celsius for `thermostat.set`.
    pub value: Option<f32>,
    pub asker: &'a Asker,
    pub thread_id: Option<i64>,
    pub episode_id: Option<i64>,
}

/// Why the gate said no. Each is told to the customer in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The configuration is bad: nothing moves.
    SafeMode,
    /// The site has no such device.
    NotHere,
    /// Only a person may do this.
    StaffOnly,
    /// No booking for that bay under this number, and no presence there.
    NotEntitled,
    /// No booking at this site under this number around now.
    NoBooking,
    TooEarly {
        opens: UnixMs,
    },
    TooLate {
        ended: UnixMs,
    },
    /// They did not say that they stand at the door.
    NotAtDoor,
    /// The unlocks of this booking without a person are used up.
    Limit,
    /// The list of bookings is too old to open a door by.
    BookingsOld,
    /// Somebody else is booked into the same bay at the same time.
    Contested,
    /// Somebody else is in that bay now.
    BayInUse,
    Offline,
    /// Another effect on this device is under way.
    Busy {
        effect_id: i64,
    },
    CoolDown {
        until: UnixMs,
    },
    /// The value is outside its range.
    OutOfRange,
    /// It waited too long to be sent.
    Expired,
    /// A person said no.
    Declined {
        by: String,
    },
}

impl Refusal {
    /// The word in the journal and the trace.
    pub fn reason(&self) -> String {
        match self {
            Refusal::SafeMode => "safe-mode".into(),
            Refusal::NotHere => "not-here".into(),
            Refusal::StaffOnly => "staff-only".into(),
            Refusal::NotEntitled => "not-entitled".into(),
            Refusal::NoBooking => "no-booking".into(),
            Refusal::TooEarly { .. } => "too-early".into(),
            Refusal::TooLate { .. } => "too-late".into(),
            Refusal::NotAtDoor => "not-at-door".into(),
            Refusal::Limit => "limit".into(),
            Refusal::BookingsOld => "bookings-old".into(),
            Refusal::Contested => "contested".into(),
            Refusal::BayInUse => "bay-in-use".into(),
            Refusal::Offline => "offline".into(),
            Refusal::Busy { .. } => "busy".into(),
            Refusal::CoolDown { .. } => "cool-down".into(),
            Refusal::OutOfRange => "out-of-range".into(),
            Refusal::Expired => "expired".into(),
            Refusal::Declined { by } => format!("refused by {by}"),
        }
    }
}
