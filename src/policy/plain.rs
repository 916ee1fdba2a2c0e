//! The gate's reasons as people read them. The journal and the trace keep the short word.

use super::Refusal;

/// A reason of the journal in words; one that is no word of the gate (a device's own) stays as it is.
pub fn reason_in_words(reason: &str) -> String {
    let words = match reason {
        "safe-mode" => "the configuration is bad, nothing moves",
        "not-here" => "there is no such device here",
        "staff-only" => "only a person may do this",
        "not-entitled" => "no booking for that bay and not in it",
        "no-booking" => "no booking around now",
        "too-early" => "too early for the booking",
        "too-late" => "the booking is over",
        "not-at-door" => "did not say they are at the door",
        "limit" => "unlocked for this booking as often as it may be without a person",
        "bookings-old" => "the list of bookings is too old",
        "contested" => "two customers are booked there at once",
        "bay-in-use" => "somebody else is playing there",
        "offline" => "the device is offline",
        "busy" => "something else is under way there",
        "cool-down" => "done a moment ago; it needs a pause",
        "out-of-range" => "outside the allowed range",
        "expired" => "waited too long",
        "not-sent" => "it could not be sent",
        other => other,
    };
    words.to_owned()
}

impl Refusal {
    /// For people: "the device is offline".
    pub fn in_words(&self) -> String {
        reason_in_words(&self.reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMs;

    #[test]
    fn every_reason_has_words() {
        let (at, by) = (UnixMs(0), "sam".to_owned());
        let all = [
            Refusal::SafeMode,
            Refusal::NotHere,
            Refusal::StaffOnly,
            Refusal::NotEntitled,
            Refusal::NoBooking,
            Refusal::TooEarly { opens: at },
            Refusal::TooLate { ended: at },
            Refusal::NotAtDoor,
            Refusal::Limit,
            Refusal::BookingsOld,
            Refusal::Contested,
            Refusal::BayInUse,
            Refusal::Offline,
            Refusal::Busy { effect_id: 1 },
            Refusal::CoolDown { until: at },
            Refusal::OutOfRange,
            Refusal::Expired,
        ];
        for refusal in all {
            assert_ne!(refusal.in_words(), refusal.reason());
        }
        assert_eq!(Refusal::Declined { by }.in_words(), "refused by sam");
    }
}
