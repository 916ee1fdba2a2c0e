//! The names a text may leave open, `{bay}` or `{wifi_name}`, and where each value comes from.

use crate::site::facts::FACTS;

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

/// Those of the case; the facts of the site come on top.
const OF_THE_CASE: &[Placeholder] = &[
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
    case("effect", "restart the simulator in bay 12"),
];

/// Every placeholder there is.
pub fn all() -> impl Iterator<Item = Placeholder> {
    let facts = FACTS.iter().map(|f| Placeholder { name: f.name, source: Source::Fact, sample: f.sample });
    OF_THE_CASE.iter().copied().chain(facts)
}

/// The placeholder with this name.
pub fn placeholder(name: &str) -> Option<Placeholder> {
    all().find(|p| p.name == name)
}
