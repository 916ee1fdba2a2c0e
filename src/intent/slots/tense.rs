//! When: now, "what if", or past. Only what happens now may lead to an action.

use std::sync::LazyLock;

use regex::Regex;

use crate::intent::pattern::rule;

use crate::intent::Tense;

/// "if" that asks or softens, and is no "what if".
static SOFT_IF: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:sure|know|idk|tell|unsure|wondering|idea|see|check|ask|asking|wonder|curious|as|even|only|great|nice|good|appreciate it|awesome|help|mind|love it|like it|forward) if\b|\bif (?:possible|you (?:can|could|dont mind|would|guys can|are able|have a)|thats? (?:ok|okay|possible|fine|alright)|someone (?:can|could)|anyone (?:can|could)|any|not|so|needed|u can|that|its? (?:ok|possible|not too much))\b",
    )
});
static IF: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\bwhat (?:do|should|would|can|happens|if|to do)\b[^.!?\n]{0,50}\b(?:if|when|in case)\b|\bwhat if\b|^\W*in case\b|\bif (?:the|it|my|our|something|anything|someone|there|i|we|you|a|this|that|one|ever) (?:\w+ ){0,6}?(?:freez\w+|crash\w*|break\w*|fails?|stops?|goes|go|dies|die|happens?|doesnt|wont|isnt|dont|cant|gets?|acts? up|needs?|am|are|is|has|locks?|does|were|was|want|forget|lose)\b|\bhow (?:do|would|should) (?:i|we|you) [^.!?\n]{0,30} if\b|\b(?:hypothetically|just in case|next time|in the future|que faire si|au cas o[uù])\b",
    )
});
static PAST: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:last (?:night|week|weekend|month|year|time|session|visit|summer|winter|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|yesterday|the other (?:day|night|week)|(?:days?|weeks?|months?|years?) ago|a while (?:ago|back)|earlier this (?:week|month)|previously|used to|when we were (?:there|in)|hier|(?:semaine|mois|fois) derni[eè]re?)\b",
    )
});
static PRESENT: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:now|still|again|today|tonight|currently|at the moment|right now|rn|since|is|isnt|are|arent|wont|cant|cannot|doesnt|dont|not working|keeps?|im|were|its|just|has been|have been|wouldnt let|please|help|need|encore|maintenant)\b",
    )
});
/// The past belongs to the booking, not to the trouble.
static BOOKED: LazyLock<Regex> = LazyLock::new(|| {
    rule(
        r"\b(?:booked|reserved|paid|bought|ordered|signed up|registered|made (?:a|the|my) (?:booking|reservation))\b",
    )
});

pub fn read(plain: &str) -> Tense {
    let hard = SOFT_IF.replace_all(plain, " ");
    if IF.is_match(&hard) && !plain.contains("just froze") && !plain.contains("right now") {
        return Tense::Hypothetical;
    }
    let clauses: Vec<&str> = plain
        .split(['.', '!', '?', '\n', ';', ','])
        .flat_map(|c| c.split(" but "))
        .flat_map(|c| c.split(" and "))
        .collect();
    let past = |c: &&str| PAST.is_match(c) && !BOOKED.is_match(c);
    let any_past = clauses.iter().any(past);
    let present = clauses.iter().any(|c| if past(c) { strong_present(c) } else { PRESENT.is_match(c) });
    if any_past && !present { Tense::Past } else { Tense::Now }
}

/// Within a clause about the past only these bring it to now ("since yesterday", "again like last week").
fn strong_present(clause: &str) -> bool {
    ["since", "again", "still", "now", "tonight", "today", "same as", "like last", "same problem"]
        .iter()
        .any(|w| super::bay::find_word(clause, w).is_some())
}

/// The tense of one clause of a text. The past or the "what if" of another clause reaches this one, unless it
/// says itself that it speaks of now.
pub fn of_clause(clause: &str, whole: Tense) -> Tense {
    match read(clause) {
        Tense::Now if whole != Tense::Now && !PRESENT.is_match(clause) => whole,
        own => own,
    }
}
