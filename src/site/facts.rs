//! The facts a SOP may state about the place. The names are fixed, so that a SOP written at one site can
//! be read out at another; the texts are the site's own.

/// One fact: a placeholder of the SOPs.
#[derive(Debug, Clone, Copy)]
pub struct Fact {
    pub name: &'static str,
    /// A long but ordinary text; the SOP checker fills texts with it to see that they fit.
    pub sample: &'static str,
    /// Follows from another key of `site.toml`, so that it cannot be written differently there.
    pub derived: bool,
}

const fn written(name: &'static str, sample: &'static str) -> Fact {
    Fact { name, sample, derived: false }
}

const fn derived(name: &'static str, sample: &'static str) -> Fact {
    Fact { name, sample, derived: true }
}

/// Every fact there is.
pub const FACTS: &[Fact] = &[
    derived("site", "The Clubhouse, Harbour Road"),
    derived("early_minutes", "15"),
    written("address", "18 Harbour Road, Unit 4, Halifax, NS"),
    written("parking", "free, behind the building"),
    written("entrance", "the blue door on the harbour side"),
    written("wifi_name", "Clubhouse-Guest"),
    written("wifi_password", "fairway-2026"),
    written("price", "$35"),
    written("peak_price", "$45"),
    written("peak_times", "Friday 17:00 to Sunday 22:00"),
    written("people_per_bay", "4"),
    written("hours", "24 hours a day, 7 days a week"),
    written("booking_url", "https://book.clubhouse.example"),
    written("first_aid", "AED and first-aid kit on the wall by the main door"),
    written("exit", "the push bar on the inside of both doors"),
    written("free_items", "rental clubs (left- and right-handed), balls and tees"),
];
