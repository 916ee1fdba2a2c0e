//! What is worth passing on of what devices repeat all day. Owns the last value of each fact; the house
//! hears a fact when it changes, and once a minute so that it knows the device still says so. While an
//! effect is being watched, callers pass everything on: then a repetition may be the proof.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::{Observation, Part};
use crate::clock::UnixMs;
use crate::site::{Effect, Target};

/// An unchanged fact is passed on again after this.
const REFRESH: Duration = Duration::from_secs(60);

/// Which fact of which device; a bay has two parts with power, and can be reached for each effect or not.
type Fact = (Target, Discriminant<Observation>, Option<Part>, Option<Effect>);

#[derive(Debug, Default)]
pub(super) struct Novelty {
    last: HashMap<Fact, (Observation, UnixMs)>,
}

impl Novelty {
    /// Whether to pass this on; `always` for what must not be held back. Remembers what was passed on.
    pub fn passes(&mut self, target: &Target, seen: &Observation, now: UnixMs, always: bool) -> bool {
        let part = match seen {
            Observation::Power { part, .. } => Some(*part),
            _ => None,
        };
        let effect = match seen {
            Observation::Reachable { effect, .. } => *effect,
            _ => None,
        };
        let key = (target.clone(), discriminant(seen), part, effect);
        let fresh = self.last.get(&key).is_none_or(|(last, at)| last != seen || now.since(*at) >= REFRESH);
        if fresh || always {
            self.last.insert(key, (seen.clone(), now));
        }
        fresh || always
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_passes_when_it_changes_and_once_a_minute() {
        let mut novelty = Novelty::default();
        let mut passes = |bay: &str, seen: Observation, second: i64| {
            novelty.passes(&Target::new(bay), &seen, UnixMs(second * 1000), false)
        };
        let tv = |on| Observation::Power { part: Part::Tv, on };
        assert!(passes("bay-1", tv(true), 0));
        assert!(!passes("bay-1", tv(true), 59));
        assert!(passes("bay-1", tv(true), 60));
        assert!(passes("bay-1", tv(false), 61) && passes("bay-1", tv(true), 62));
        assert!(passes("bay-2", tv(true), 62), "another device");
        assert!(passes("bay-1", Observation::Power { part: Part::Projector, on: true }, 62), "another part");
    }

    #[test]
    fn what_is_told_for_each_effect_is_a_fact_for_each() {
        let mut novelty = Novelty::default();
        let mut passes = |effect| {
            let seen = Observation::Reachable { online: true, effect: Some(effect), reason: None };
            novelty.passes(&Target::new("bay-1"), &seen, UnixMs(0), false)
        };
        let pair = [Effect::SimRestart, Effect::PcReboot];
        assert_eq!(pair.map(&mut passes), [true, true]);
        assert_eq!(pair.map(&mut passes), [false, false]);
    }
}
