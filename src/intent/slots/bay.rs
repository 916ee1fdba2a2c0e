//! Which bay: "box 2", "bya two", "the 3rd sim", "sorry, box 3", "the guys beside us in 1".

use std::sync::LazyLock;

use regex::Regex;

use super::Places;
use crate::intent::pattern::rule;
use crate::site::BayId;

#[derive(Debug, Default, PartialEq)]
pub struct Bays {
    pub bays: Vec<BayId>,
    pub others: bool,
    pub correction: bool,
}

const WORD: &str = r"(?:bay|bays|box|boxes|sim|sims|simulator|simulators|booth|bya|bey|baay|bayy|bax|boxx|bxo|boz|bqy|abay|trackman|baie|baies|boite|boîte|simulateur|cage)";
const NUMBER: &str =
    r"(?:[1-9]\d?|one|two|three|four|five|six|seven|eight|nine|ten|un|deux|trois|quatre|cinq)";
/// After a number these show that it counts something else.
const UNIT: &str = r"(?: ?(?:am|pm|a\.m|p\.m|oclock|hours?|hrs?|h|minutes?|mins?|min|seconds?|secs?|days?|weeks?|months?|people|ppl|persons?|players?|guests?|guys|of us|adults|kids|holes?|balls?|shots?|strokes?|bucks|dollars|percent|times?|yards|feet|iron|wood|handed|degrees|more|other|others)\b|:\d|%|°|\$|,\d{3}|\.\d|/\d|st\b|nd\b|rd\b|th\b)";

fn pattern(text: &str) -> Regex {
    let full = text.replace("{W}", WORD).replace("{N}", NUMBER);
    rule(&full)
}

static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b{W} ?(?:number |no\.? ?|num |nr\.? ?|# ?|is |: ?|- ?|\()?({N})\b((?: ?(?:and|&|,|/|or|et|\+|plus|to) ?(?:{W} ?)?#?{N}\b)*)",
    )
});
static MORE: LazyLock<Regex> = LazyLock::new(|| pattern(r"{N}\b"));
static GLUED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:bay|box|sim|bya|b)([1-9]\d?)\b"));
static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(1st|first|2nd|second|3rd|third|4th|fourth|5th|fifth|6th|sixth)(?: (?:bay|box|sim|simulator|booth)\b)( (?:on|from|to) the (?:left|right|end|back|door|entrance))?",
    )
});
static REVERSED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:#|\bnumber |\bno\.? ?)({N})\b"));
/// "we're in 3"
static WE_ARE_IN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:were|we are|im|i am|am|us|here|playing|sitting|booked|stuck|guys|group|people|folks|neighbou?rs|someone|over|party|crew|those) (?:\w+ ){0,3}?(?:in|on|into|at|over in) #?({N})\b",
    )
});
static UNIT_AFTER: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^{UNIT}")));

static OTHERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?:the|those|these|some|other|this|a|couple|few) )?(?:other |loud |drunk |noisy |young )*(?:guys?|people|group|party|folks|neighbou?rs?|someone|somebody|dudes?|kids|crowd|players?|men|ladies|girls|boys|team|crew|customers?|whoever|they|theyre|others|bunch|gentlemen|couple|idiots?)\b[^.!?\n]{0,40}$",
    )
});
static OURS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:my|our|us|we|were|im|i|ours|me|mine) (?:\w+ ){0,4}$"));
static BESIDE_US: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:beside|next to|near|behind|across from|right by) (?:us|me)\b"));
static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[^.!?\n]{0,12}\b(?:next to us|beside us|next door|beside me|next to me|is empty|is free|is open|is not being used|isnt being used)",
    )
});

static CORRECTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[\s,.(])(?:\*+ ?|(?:sorry|oops|whoops|woops|oh wait|no wait|wait no|wait|correction|actually|i meant?|meant|meant to say|typo|my bad|scratch that|make that|i mean|rather|pardon|apologies|je veux dire|désolé|not \w+ but|no its|no it is|no)[ ,:;.-]*(?:i mean[t]?|its|it is|thats|were in|we are in|im in|in|at|actually|make that|for|no)?[ ,:]*)(?:(?:the )?{W} ?(?:number |# ?)?|# ?)?({N})\b(?:[ ,]*(?:not|instead of|pas) (?:{W} ?)?{N}\b)?[ .!]*(?:sorry|instead|please|my bad|not \w+)?[ .!]*(?:$|[\n.!,])",
    )
});
static NOT_THIS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\b(?:not|isnt|instead of|pas|rather than) (?:in |on |at |the )*(?:{W} ?)?#?({N})\b")
});
static STAR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|\s)(?:\*+ ?(?:{W} ?)?({N})|(?:{W} ?)?({N}) ?\*+)(?:\s|$)"));

/// The bay they were or had booked, when they also say where they are.
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:booked|reserved|booking (?:is|was|says)? ?(?:for|in)?|supposed to be|should be|was|were originally|moved|switched|from|had|paid for|reservation (?:is|was)? ?(?:for|in)?) (?:\w+ ){0,2}$",
    )
});
static HERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:were|we are|im|i am|now|playing|sitting|currently|moved|switched|went|but|put us|over) (?:\w+ ){0,3}$",
    )
});

static ONLY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[\s\W]*(?:(?:hi|hey|hello|ok|okay|its|it is|im|i am|were|we are|in|on|at|the|we|a|umm?|uh|oh|sorry|yes|yeah|yep|thats|that is|sure|probably|i think|think|think its|cest|la|le|dans) ?,? ?)*(?:(?:{W} ?(?:number |no\.? ?|# ?|is )?)?#?{N}|(?:1st|first|2nd|second|3rd|third|4th|fourth|5th|fifth)(?: (?:one|bay|box|sim))?)(?: (?:and|&) (?:{W} ?)?{N})?(?: ?(?:please|thanks|thank you|sorry|pls|plz|sir|it is|right now|i think|one|here|merci))*[\s\W]*$",
    )
});

pub fn is_only_a_bay(plain: &str, places: &Places) -> bool {
    ONLY.is_match(plain)
        || places.bay_aliases.iter().any(|(alias, _)| {
            plain.len() <= alias.len() + 24 && find_word(plain, alias).is_some_and(|at| at <= 14)
        })
}

/// One mention: where it stands and which bay.
struct Mention {
    start: usize,
    end: usize,
    bay: BayId,
}

pub fn read(plain: &str, places: &Places, asked: bool) -> Bays {
    let mut mentions = mentions(plain, places);
    if mentions.is_empty() && asked && ONLY.is_match(plain) {
        mentions = answer(plain);
    }
    if let Some(corrected) = corrected(plain) {
        return Bays { bays: vec![corrected], others: false, correction: true };
    }
    let denied: Vec<BayId> = NOT_THIS.captures_iter(plain).filter_map(|c| bay(&c[1])).collect();
    if mentions.iter().any(|m| !denied.contains(&m.bay)) {
        mentions.retain(|m| !denied.contains(&m.bay));
    }
    let is_others = |m: &Mention| {
        let (before, after) = (clause_before(plain, m.start), &plain[m.end..]);
        BESIDE.is_match(after)
            || (OTHERS.is_match(before) && (BESIDE_US.is_match(before) || !OURS.is_match(before)))
    };
    let others: Vec<bool> = mentions.iter().map(is_others).collect();
    let all_others = !mentions.is_empty() && others.iter().all(|o| *o);
    let mut own: Vec<&Mention> =
        mentions.iter().zip(&others).filter(|(_, o)| all_others || !**o).map(|(m, _)| m).collect();
    // "booked bay 2 but we're in bay 3": where they are counts.
    if own.len() > 1 {
        let elsewhere = |m: &&Mention| ELSEWHERE.is_match(clause_before(plain, m.start));
        let here = |m: &&Mention| HERE.is_match(clause_before(plain, m.start)) && !elsewhere(m);
        if own.iter().any(here) && own.iter().any(elsewhere) {
            own.retain(|m| !elsewhere(m));
        }
    }
    let mut bays = Vec::new();
    for m in own {
        if !bays.contains(&m.bay) {
            bays.push(m.bay);
        }
    }
    Bays { bays, others: all_others, correction: false }
}

/// A bare number or place in the row, as the answer to "which bay?".
fn answer(plain: &str) -> Vec<Mention> {
    let whole = |bay| Mention { start: 0, end: plain.len(), bay };
    let word = |w: &str| ordinal(w).map(whole);
    if let Some(mention) = plain.split(|c: char| !c.is_alphanumeric()).find_map(word) {
        return vec![mention];
    }
    let found = MORE.find_iter(plain).filter_map(|m| Some((m.start(), m.end(), bay(m.as_str())?)));
    found.map(|(start, end, bay)| Mention { start, end, bay }).collect()
}

fn mentions(plain: &str, places: &Places) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let mut add = |start: usize, end: usize, bay: BayId| {
        if !found.iter().any(|m| start < m.end && m.start < end) {
            found.push(Mention { start, end, bay });
        }
    };
    for (alias, bay) in &places.bay_aliases {
        if let Some(at) = find_word(plain, alias) {
            add(at, at + alias.len(), *bay);
        }
    }
    for c in NAMED.captures_iter(plain) {
        let Some(whole) = c.get(0) else { continue };
        let counts_something = UNIT_AFTER.is_match(&plain[whole.end()..]);
        let numbers = MORE.find_iter(c.get(2).map_or("", |m| m.as_str())).filter_map(|m| bay(m.as_str()));
        let Some(first) = c.get(1) else { continue };
        let rest: Vec<BayId> = numbers.collect();
        // "bay 2, 4 people": the unit belongs to the last number.
        if !(counts_something && rest.is_empty())
            && let Some(bay) = bay(first.as_str())
        {
            add(whole.start(), first.end(), bay);
        }
        let keep = rest.len() - usize::from(counts_something && !rest.is_empty());
        for (i, bay) in rest.into_iter().take(keep).enumerate() {
            add(first.end() + i, first.end() + i + 1, bay);
        }
    }
    for c in GLUED.captures_iter(plain) {
        let (Some(whole), Some(bay)) = (c.get(0), bay(&c[1])) else { continue };
        // "b2" alone is a bay only where that bay exists.
        if !whole.as_str().starts_with(['b'])
            || !whole.as_str()[1..].starts_with(|d: char| d.is_ascii_digit())
            || places.bays.contains(&bay)
        {
            add(whole.start(), whole.end(), bay);
        }
    }
    for c in ORDINAL.captures_iter(plain).filter(|c| c.get(2).is_none()) {
        if let (Some(whole), Some(bay)) = (c.get(0), ordinal(&c[1])) {
            add(whole.start(), whole.end(), bay);
        }
    }
    for pattern in [&*WE_ARE_IN, &*REVERSED] {
        for c in pattern.captures_iter(plain) {
            let (Some(number), Some(bay)) = (c.get(1), bay(&c[1])) else { continue };
            let known = places.bays.is_empty() || places.bays.contains(&bay);
            if known
                && !UNIT_AFTER.is_match(&plain[number.end()..])
                && !plain[number.end()..].starts_with(['-', '0'])
            {
                add(number.start(), number.end(), bay);
            }
        }
    }
    found.sort_by_key(|m| m.start);
    found
}

fn corrected(plain: &str) -> Option<BayId> {
    let star = STAR.captures(plain).and_then(|c| c.get(1).or(c.get(2)).and_then(|m| bay(m.as_str())));
    star.or_else(|| CORRECTION.captures_iter(plain).last().and_then(|c| bay(&c[1])))
}

fn clause_before(plain: &str, at: usize) -> &str {
    let before = &plain[..at];
    let cut = before.rfind(['.', '!', '?', '\n', ';', ',']).map_or(0, |i| i + 1);
    let before = &before[cut..];
    let join =
        [" and ", " but "].iter().filter_map(|j| before.rfind(j).map(|i| i + j.len())).max().unwrap_or(0);
    &before[join..]
}

/// Where `words` stands in the text as whole words.
pub fn find_word(text: &str, words: &str) -> Option<usize> {
    text.match_indices(words).map(|(i, _)| i).find(|&i| {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(text[..i].chars().next_back()) && edge(text[i + words.len()..].chars().next())
    })
}

fn bay(number: &str) -> Option<BayId> {
    let n = match number {
        "one" | "un" => 1,
        "two" | "deux" => 2,
        "three" | "trois" => 3,
        "four" | "quatre" => 4,
        "five" | "cinq" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        digits => digits.parse().ok()?,
    };
    Some(BayId(n))
}

fn ordinal(word: &str) -> Option<BayId> {
    let n = match word {
        "1st" | "first" => 1,
        "2nd" | "second" => 2,
        "3rd" | "third" => 3,
        "4th" | "fourth" => 4,
        "5th" | "fifth" => 5,
        "6th" | "sixth" => 6,
        _ => return None,
    };
    Some(BayId(n))
}
