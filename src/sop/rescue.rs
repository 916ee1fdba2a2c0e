//! A library from what is left of a bad set of SOPs: safe mode with no good copy to go by.
//!
//! Takes the files that nothing is wrong with; what is missing of the emergency lane and of the shared
//! phrases comes from the copies compiled in. What has no procedure then goes to people. Never used for a
//! set that is good.

use std::sync::Arc;

use super::format::Parsed;
use super::library::{Reading, Sources, read};
use super::{Library, Status};

/// The least a box must be able to say, as it was when the program was built.
const BUILT_IN: [(&str, &str); 6] = [
    ("emergency.fire.md", include_str!("../../sops/emergency.fire.md")),
    ("emergency.flood.md", include_str!("../../sops/emergency.flood.md")),
    ("emergency.medical.md", include_str!("../../sops/emergency.medical.md")),
    ("emergency.security.md", include_str!("../../sops/emergency.security.md")),
    ("emergency.trapped.md", include_str!("../../sops/emergency.trapped.md")),
    ("house.md", include_str!("../../sops/house.md")),
];

impl Library {
    /// What can be used of `sources`, and the built-in emergency lane beneath it.
    pub fn rescued(sources: &Sources) -> Library {
        let built_in = BUILT_IN.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let (own, least) = (read(sources), read(&built_in.into_iter().collect()));
        let mut phrases = least.house.phrases;
        if is_good(&own, "house.md") {
            phrases.extend(own.house.phrases.clone());
        }
        let live = |parsed: Parsed| Some(parsed.sop).filter(|sop| sop.status == Status::Live);
        let good: Vec<Parsed> = own.parsed.iter().filter(|p| is_good(&own, &p.sop.path)).cloned().collect();
        let sops = least.parsed.into_iter().chain(good).filter_map(live);
        let sops = sops.map(|sop| (sop.id.clone(), Arc::new(sop))).collect();
        Library { sops, phrases, fingerprint: "rescued".to_owned() }
    }
}

fn is_good(reading: &Reading, path: &str) -> bool {
    !reading.problems.iter().any(|problem| problem.file == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::library::{Sources, read_sources};

    #[test]
    fn from_nothing_at_all_emergencies_can_be_answered() {
        let library = Library::rescued(&Sources::new());
        assert_eq!(library.sops.len(), 5);
        assert!(library.sops.values().all(|sop| sop.reply("safety", &[]).is_some()));
        assert!(library.phrase("handover_unsure", &[]).is_some());
    }

    #[test]
    fn one_bad_file_takes_only_itself_away() {
        let (mut sources, _) = read_sources("sops".as_ref());
        let whole = Library::from_sources(&sources).unwrap();
        let half = sources["sim.frozen.md"].len() / 2;
        sources.get_mut("sim.frozen.md").unwrap().truncate(half);
        sources.insert("house.md".into(), "nothing".into());
        let library = Library::rescued(&sources);
        assert!(library.get("sim.frozen").is_none());
        assert_eq!(library.sops.len(), whole.sops.len() - 1);
        assert_eq!(library.phrases, whole.phrases, "the built-in ones");
    }
}
