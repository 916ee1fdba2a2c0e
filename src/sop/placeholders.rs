//! The names a text may leave open, `{bay}` or `{wifi_name}`, and where each value comes from.

/// Where the value of a placeholder comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Booking, slots or the step at hand; may be missing.
    Case,
    /// `[facts]` of `site.toml`; the site is refused when a live SOP needs one that is not there.
    Fact,
}

/// One placeholder.
#[derive(Debug, Clone, Copy)]
pub struct Placeholder {
    pub name: &'static str,
    pub source: Source,
    /// A long but ordinary value: the checker fills texts with it to see that they fit.
    pub sample: &'static str,
}

const fn case(name: &'static str, sample: &'static str) -> Placeholder {
    Placeholder { name, source: Source::Case, sample }
}

const fn fact(name: &'static str, sample: &'static str) -> Placeholder {
    Placeholder { name, source: Source::Fact, sample }
}

/// Every placeholder there is.
pub const PLACEHOLDERS: &[Placeholder] = &[
    case("bay", "12"),
    case("booked_bay", "13"),
    case("other_bay", "14"),
    case("free_bay", "15"),
    case("door", "main door"),
    case("name", "Christopher"),
    case("booking_start", "20:30"),
    case("booking_end", "22:00"),
    case("window_opens", "20:15"),
    case("minutes", "45"),
    case("degrees", "21"),
    case("option_a", "a screen that stays dark or black"),
    case("option_b", "shots that are not picked up"),
    case("effect", "restarting the simulator"),
    fact("site", "The Clubhouse, Harbour Road"),
    fact("address", "18 Harbour Road, Unit 4, Halifax"),
    fact("parking", "free parking behind the building"),
    fact("entrance", "the blue door on the harbour side"),
    fact("wifi_name", "Clubhouse-Guest"),
    fact("wifi_password", "fairway-2026"),
    fact("price", "$35 an hour"),
    fact("peak_price", "$45 an hour"),
    fact("peak_times", "Friday 17:00 to Sunday 22:00"),
    fact("people_per_bay", "4"),
    fact("hours", "24 hours a day, 7 days a week"),
    fact("booking_url", "https://book.clubhouse.example"),
    fact("first_aid", "on the wall by the main door"),
    fact("exit", "the push bar on the inside of both doors"),
    fact("early_minutes", "15"),
    fact("free_items", "rental clubs, balls and tees are free to use in every bay"),
];

/// The placeholder with this name.
pub fn placeholder(name: &str) -> Option<&'static Placeholder> {
    PLACEHOLDERS.iter().find(|p| p.name == name)
}
