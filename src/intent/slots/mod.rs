//! Slots: the bay, the door, the time and the few details that procedures need, read by rules.
//!
//! Owns the words for places. Uses the site's aliases through [`Places`]. A slot that is not certain is
//! left empty: the desk asks once rather than act on a guess.

mod bay;
mod contact;
mod door;
mod hall;
mod tense;

use super::normalise;
use super::{Slots, Tense};
use crate::site::{BayId, Site};

/// The site's names for its places, plain (lower case, no apostrophes).
#[derive(Debug, Clone, Default)]
pub struct Places {
    pub bays: Vec<BayId>,
    /// Alias to bay, longest first.
    pub bay_aliases: Vec<(String, BayId)>,
    /// Alias to the door's target, longest first.
    pub door_aliases: Vec<(String, String)>,
    /// Words that must never be "corrected": names of the place.
    pub words: Vec<String>,
}

impl Places {
    pub fn of(site: &Site) -> Places {
        let mut bay_aliases: Vec<(String, BayId)> = site
            .bays
            .values()
            .flat_map(|bay| bay.aliases.iter().map(|a| (normalise::plain(a), bay.id)))
            .filter(|(alias, _)| !alias.is_empty())
            .collect();
        let mut door_aliases: Vec<(String, String)> = site
            .doors
            .values()
            .flat_map(|door| {
                let names = door.aliases.iter().chain([&door.label]);
                names.map(|a| (normalise::plain(a), door.target.as_str().to_owned()))
            })
            .filter(|(alias, _)| !alias.is_empty() && alias != "door" && alias != "the door")
            .collect();
        bay_aliases.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        door_aliases.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        let mut words: Vec<String> = vec![site.name.clone(), site.id.clone()];
        words.extend(site.facts.values().cloned());
        words.extend(site.people.iter().map(|p| p.name.clone()));
        words.extend(bay_aliases.iter().map(|(a, _)| a.clone()));
        words.extend(door_aliases.iter().map(|(a, _)| a.clone()));
        Places { bays: site.bays.keys().copied().collect(), bay_aliases, door_aliases, words }
    }
}

/// Reads all slots of a text. `asked_bay`: we asked which bay, so a bare number is one.
pub fn read(text: &str, places: &Places, asked_bay: bool) -> Slots {
    let plain = normalise::plain(text);
    let bays = bay::read(&plain, places, asked_bay);
    let (phone, reference) = contact::read(&normalise::tidy(text));
    Slots {
        bays: bays.bays,
        others_bay: bays.others,
        correction: bays.correction,
        door: door::named(&plain, places),
        at_door: door::at_door(&plain),
        too_hot: hall::too_hot(&plain),
        degrees: hall::degrees(&plain),
        too_loud: hall::too_loud(&plain),
        lights_off: hall::lights_off(&plain),
        tense: tense::read(&plain),
        phone,
        reference,
    }
}

/// When a clause of a text happens, where the text as a whole is of `whole`.
pub fn tense_of(clause: &str, whole: Tense) -> Tense {
    tense::of_clause(&normalise::plain(clause), whole)
}

/// Whether the text names a bay and says nothing else.
pub fn is_only_a_bay(text: &str, places: &Places) -> bool {
    bay::is_only_a_bay(&normalise::plain(text), places)
}

#[cfg(test)]
mod tests;
