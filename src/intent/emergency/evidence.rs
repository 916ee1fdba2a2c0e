//! What must stand in a text before the model alone, without a rule, raises the alarm.
//!
//! The model knows how emergencies sound and rings for whatever sounds alike ("how's your mom after the
//! operation"). A word of that danger, however weak, or a very near known phrase must stand beside it.

use std::sync::LazyLock;

use regex::Regex;

use crate::intent::pattern;

struct Family {
    intent: &'static str,
    words: Regex,
}

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    [
        (
            "emergency.medical",
            r"breath|chest|heart|pain|hurt|bleed|blood|unconsci|uncons|collaps|faint|pass(?:ed|ing)? out|black(?:ed|ing) out|knocked|out cold|ambul|911|paramed|seiz|convul|shaking|twitch|chok|allerg|anaphyl|epi ?pen|swell|swoll|hives|dizzy|stroke|head|temple|injur|broke|broken|snapped|fell|fallen|falling|slipped|cpr|\baed\b|defib|medic|doctor|hospital|first aid|suicid|kill|die\b|dying|dead|overdos|pills|diabet|insulin|sugar|gr[ea]y|blue|pale|clammy|numb|slur|droop|vomit|throwing up|unwell|respon[ds]|wake|awake|shock|electroc|burn|scald|\beye|\bcut\b|gash|tooth|teeth|nose|wrist|ankle|knee|shoulder|finger|labou?r|pregnan|asthma|inhaler|panic|concuss|pulse|not moving|isnt moving|man down|floor|ground|lying|swallow|hit|struck|ending it|end it|anymore|miss me|\blive\b|alive|hopeless|hurt myself|sang\b|saign|respir|malaise|evanoui|tombe|poitrine|coeur|bless|etouff|inconsc|secours|cheville|\btete|\bbras|crise|urgence|vivre|mourir|bouge plus",
        ),
        (
            "emergency.fire",
            r"fire|smok|smould|burn|flame|\bgas\b|spark|scorch|melt|singe|hiss|propane|alarm|detector|fumes|chemical|smell|\blit\b|\bfeu\b|fumee|brul|gaz|etincel|odeur|\bsent\b",
        ),
        (
            "emergency.security",
            r"break|broke|intru|\bgun|knife|knives|weapon|machete|threat|fight|fought|follow|stalk|police|cops|steal|stole|robb|ransack|scar(?:ed|y)|safe|afraid|drunk|aggress|yell|shout|scream|punch|attack|assault|bang|pound|kick|smash|push|shov|alarm|stranger|mask|\bhood|crowbar|window|lurk|watching|harass|grab|naked|wont leave|refus|pry|pried|forc|hiding|loading your|peur|arme|couteau|menac|bagar|bataille|\bbat(?:tent|tre)|voleur|agress|frapp|\bcrie|intrus|defonc|vitre",
        ),
        (
            "emergency.trapped",
            r"trap|stuck|\block|locked|(?:get|getting|got|go|let (?:me|us|him|her|them)|way|walk|come) out|\bout of (?:here|the building)|\bexit|(?:cant|cannot|wont let (?:us|me)) leave|jam|elevator|\blift\b|sortir|enferm|coince|bloqu|pogne|\bpris\b|embarr",
        ),
        (
            "emergency.flood",
            r"water|leak|flood|drip|pour|burst|pipe|overflow|sewage|sewer|sprinkler|gush|spray|soak|puddle|ceiling|roof|drain|backing up|\beau\b|fuite|inond|coul|goutt|debord|plafond|tuyau",
        ),
    ]
    .into_iter()
    .map(|(intent, words)| Family { intent, words: pattern::rule(words) })
    .collect()
});

/// Whether the text holds a word of that danger. `plain`: [`crate::intent::normalise::plain`].
pub fn has_word(intent: &str, plain: &str) -> bool {
    FAMILIES.iter().any(|f| f.intent == intent && f.words.is_match(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_danger_is_needed() {
        assert!(has_word("emergency.medical", "my friend went grey and is sweating"));
        assert!(has_word("emergency.flood", "rain is coming through the roof"));
        assert!(!has_word("emergency.medical", "we have visitors tonight, can they get a link"));
        assert!(!has_word("emergency.trapped", "pas de spin sur les coups"));
    }
}
