//! Which bay? By the bay's code, then the text, then the booking; never by guess.

use super::scene::Scene;
use crate::intent::Slots;
use crate::site::BayId;

/// The bay a matter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bays {
    One(BayId),
    /// Both theirs, both named.
    Two(BayId, BayId),
    /// They named a bay that is not the one they sit in or booked.
    Other {
        named: BayId,
        own: BayId,
    },
    Unknown,
}

pub(super) fn which(scene: &Scene, slots: &Slots) -> Bays {
    match (slots.bays.as_slice(), scene.own_bay()) {
        ([], Some(own)) => Bays::One(own),
        ([], None) => scene.episodes.iter().find_map(|e| e.bay).map_or(Bays::Unknown, Bays::One),
        ([named], _) if scene.is_own_bay(*named) => Bays::One(*named),
        ([named], Some(own)) => Bays::Other { named: *named, own },
        ([named], None) => Bays::One(*named),
        ([a, b, ..], _) if a != b && scene.is_own_bay(*a) && scene.is_own_bay(*b) => Bays::Two(*a, *b),
        ([a, b, ..], Some(own)) => Bays::Other { named: if *a == own { *b } else { *a }, own },
        ([a, ..], None) => Bays::One(*a),
    }
}
