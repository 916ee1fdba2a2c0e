//! The house's names in words for staff.

use crate::site::{Effect, Outcome, Site, Target};
use crate::store::outbox::Outgoing;

/// "Restart the simulator software".
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::SimRestart => "Restart the simulator software",
        Effect::RadarReset => "Reset the radar",
        Effect::PcReboot => "Reboot the PC",
        Effect::PcWake => "Wake the PC",
        Effect::ProjectorOn => "Projector on",
        Effect::ProjectorInput => "Projector to the right input",
        Effect::ProjectorOff => "Projector off",
        Effect::ProjectorCycle => "Projector off and on",
        Effect::TvOn => "Side TVs on",
        Effect::TvOff => "Side TVs off",
        Effect::AudioRestart => "Restart the music",
        Effect::LightsOn => "Lights on",
        Effect::LightsOff => "Lights off",
        Effect::ThermostatSet => "Set the thermostat",
        Effect::DoorUnlock => "Unlock",
        Effect::PoeCycle => "Power-cycle the network port",
        Effect::OutletCycle => "Power-cycle the outlet",
        Effect::NetworkRestart => "Restart the network",
    }
}

/// "Bay 2", "Main door", "Lights".
pub fn target(site: &Site, target: &Target) -> String {
    if let Some(bay) = target.bay() {
        return format!("Bay {}", bay.0);
    }
    let name = site.doors.get(target).map_or(target.as_str(), |door| &door.label);
    capital(name)
}

pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What an outcome means.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "done and seen",
        Outcome::Failed => "failed",
        Outcome::Unknown => "not seen: unknown",
        Outcome::Refused => "not done",
        Outcome::Expired => "too late: not sent",
    }
}

/// The gate's reason in words.
pub fn reason(reason: &str) -> String {
    let words = match reason {
        "safe-mode" => "the configuration is bad, nothing moves",
        "not-here" => "there is no such device here",
        "staff-only" => "needs a person",
        "not-entitled" => "no booking for that bay and not in it",
        "no-booking" => "no booking around now",
        "too-early" => "too early for the booking",
        "too-late" => "the booking is over",
        "not-at-door" => "did not say they are at the door",
        "limit" => "unlocked twice for this booking already",
        "bookings-old" => "the list of bookings is too old",
        "contested" => "two customers are booked there at once",
        "bay-in-use" => "somebody else is playing there",
        "offline" => "the device is offline",
        "busy" => "something else is under way there",
        "cool-down" => "done a moment ago",
        "out-of-range" => "outside the allowed range",
        "expired" => "waited too long",
        other => other,
    };
    words.to_owned()
}

/// "how it is with a reply": empty once it left.
pub fn delivery(out: &Outgoing, line_up: bool) -> &'static str {
    match out.state.as_str() {
        "queued" if out.channel == "sms" && !line_up => "waits for the line",
        "queued" => "waiting to be sent",
        "sending" => "being sent",
        "maybe" => "maybe sent",
        "failed" => "not sent",
        "cancelled" => "not sent: a person took over",
        _ => "",
    }
}
