//! The small vocabularies of a SOP file: its states, kinds, levels, needs, conditions and reply keys.

use super::{Kind, Level, Need, Opens, Status};

/// The words of one key, as written in the file.
pub trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];

    fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
    }

    fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }

    /// "draft, live, retired", for the mend of a problem.
    fn all() -> String {
        Self::WORDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl Word for Status {
    const WORDS: &'static [(&'static str, Status)] =
        &[("draft", Status::Draft), ("live", Status::Live), ("retired", Status::Retired)];
}

impl Word for Kind {
    const WORDS: &'static [(&'static str, Kind)] = &[
        ("act", Kind::Act),
        ("guide", Kind::Guide),
        ("answer", Kind::Answer),
        ("collect", Kind::Collect),
        ("human", Kind::Human),
        ("safety", Kind::Safety),
        ("social", Kind::Social),
        ("system", Kind::System),
    ];
}

impl Word for Level {
    const WORDS: &'static [(&'static str, Level)] = &[
        ("low", Level::Low),
        ("medium", Level::Medium),
        ("high", Level::High),
        ("critical", Level::Critical),
    ];
}

impl Word for Opens {
    const WORDS: &'static [(&'static str, Opens)] = &[
        ("nothing", Opens::Nothing),
        ("ticket", Opens::Ticket),
        ("escalation", Opens::Escalation),
        ("incident", Opens::Incident),
    ];
}

impl Word for Need {
    const WORDS: &'static [(&'static str, Need)] =
        &[("bay", Need::Bay), ("at_door", Need::AtDoor), ("detail", Need::Detail)];
}

/// What chooses a variant of a reply: `answer.wan_down` is tried before `answer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// The site's internet line is down.
    WanDown,
    /// The customer has no booking that the box knows.
    NoBooking,
    /// Their bay is free now.
    BayFree,
    /// Somebody else plays in their bay now.
    BayBusy,
    /// Quiet hours.
    Quiet,
    /// They write from the bay's own page.
    Presence,
    /// The steps of the ladder were all tried.
    UsedUp,
    /// A door that does not close or latch is what they write about: it leaves the site open.
    DoorOpen,
}

impl Word for Condition {
    const WORDS: &'static [(&'static str, Condition)] = &[
        ("wan_down", Condition::WanDown),
        ("no_booking", Condition::NoBooking),
        ("bay_free", Condition::BayFree),
        ("bay_busy", Condition::BayBusy),
        ("quiet", Condition::Quiet),
        ("presence", Condition::Presence),
        ("used_up", Condition::UsedUp),
        ("door_open", Condition::DoorOpen),
    ];
}

impl Kind {
    /// Reply keys a SOP of this kind must have.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Kind::Act | Kind::Human => &["handover"],
            Kind::Guide => &["guide", "handover"],
            Kind::Answer => &["answer"],
            Kind::Collect => &["received"],
            Kind::Safety => &["safety"],
            Kind::Social | Kind::System => &[],
        }
    }

    /// Reply keys it may have, the required ones among them.
    pub fn allowed(self) -> &'static [&'static str] {
        match self {
            Kind::Act | Kind::Guide => &["guide", "handover"],
            Kind::Answer => &["answer", "handover"],
            Kind::Collect => &["received", "ask", "thanks", "handover"],
            Kind::Human => &["handover"],
            Kind::Safety => &["safety"],
            Kind::Social | Kind::System => &["reply"],
        }
    }

    /// What a SOP of this kind opens when its file does not say.
    pub fn opens(self) -> Opens {
        match self {
            Kind::Act | Kind::Guide | Kind::Answer | Kind::Social | Kind::System => Opens::Nothing,
            Kind::Collect => Opens::Ticket,
            Kind::Human | Kind::Safety => Opens::Escalation,
        }
    }
}
