//! Which door, and whether they stand at it now.

use std::sync::LazyLock;

use regex::Regex;

use super::Places;
use super::bay::find_word;
use crate::intent::pattern;

/// The target of the door they name by one of its own names; plain "the door" names none.
pub fn named(plain: &str, places: &Places) -> Option<String> {
    places
        .door_aliases
        .iter()
        .find(|(alias, _)| find_word(plain, alias).is_some())
        .map(|(_, target)| target.clone())
}

static AT_DOOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:at|by|outside|in front of|infront of|front of) (?:of )?(?:the |your |ur )?(?:\w+ )?(?:doors?|entrance|building|club|clubhouse|place|facility)\b|\b(?:im|i am|were|we are|am|are|still|standing|waiting|stuck|stand|here|locked|sitting|sat|been|me|us|now|just) (?:just |right |still |all |here |standing |waiting |stuck |locked |currently )*(?:outside|out front|outdoors)\b|^\W*(?:outside|out front|at the door|at door)\b|\blet (?:me|us|him|her|them) in\b|\bbuzz (?:me|us) in\b|\b(?:locked|lock) (?:me |us )?(?:out|outside)\b|\bdoors? (?:\w+ ){0,4}?(?:wont|will not|doesnt|does not|isnt|is not|not|isn) (?:\w+ )?(?:open|opening|unlock|unlocking|unlocked|let|letting|budge|working|work)\b|\bcan ?(?:t|not) (?:seem to )?(?:get|come) in(?:side|to the (?:building|club|place|clubhouse|facility))?(?: ?[.!?,]|$| the (?:door|building|club|place)| please| and| it| my| our| the| its| for| help| help)|\bcan ?(?:t|not) open (?:the |your )?door\b|\bdoor (?:is )?(?:still )?(?:locked|stuck|jammed)\b|\bdevant la porte\b|\b(?:suis|sommes) (?:\w+ )?(?:dehors|[aà] la porte|devant)\b|\bporte (?:\w+ ){0,2}(?:ouvre|d[eé]verrouille) pas\b",
    )
});

static NOT_THERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:ill|i will|well be|we will|will be|gonna be|going to be|should be|not|arent|isnt|when (?:i|we)|once (?:i|we)|on (?:my|our|the) way|omw|heading|driving|leaving|tomorrow|tonight at|later|in (?:about )?\d+|if (?:i|we|the|it)|before (?:i|we)|park(?:ed|ing)?) (?:\w+ ){0,5}?(?:outside|at the|out front|there|in front|get there|arrive|door)\b|\b(?:on (?:my|our|the) way|omw|when (?:i|we) (?:get|arrive|come)|en route)\b|\b(?:account|app|trackman|profile|login|log in|wifi|game|website|email|booking site|tournament)\b.{0,20}$|\b(?:washroom|bathroom|staff room|car|truck|fridge|cupboard|closet|locker) doors?\b|\b(?:close|closing|latch|latching|shut)\b|\bfrom the inside\b|\bget out\b",
    )
});

/// They say that they stand at the door now.
pub fn at_door(plain: &str) -> bool {
    AT_DOOR.is_match(plain) && !NOT_THERE.is_match(plain)
}
