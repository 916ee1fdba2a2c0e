//! Which bay: "box 2", "bya two", "the 3rd sim", "sorry, box 3", "the guys beside us in 1".
//!
//! Finds every bay named, then says of each whose it is; the words for that stand in [`words`]. A bay that is
//! only a landmark, only asked for, quoted back or of an earlier visit is none of the customer's own.

mod words;

use super::Places;
use crate::site::BayId;
use words::*;

#[derive(Debug, Default, PartialEq)]
pub struct Bays {
    pub bays: Vec<BayId>,
    pub others: bool,
    pub correction: bool,
}

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

/// Whose bay a mention names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    /// Somebody else's.
    Others,
    /// A landmark, a wish, a quotation, an earlier visit.
    Nobodys,
}

pub fn read(plain: &str, places: &Places, asked: bool) -> Bays {
    let mut mentions = mentions(plain, places);
    if mentions.is_empty() && asked && ONLY.is_match(plain) {
        mentions = answer(plain);
    }
    if let Some(corrected) = corrected(plain) {
        return Bays { bays: vec![corrected], others: false, correction: true };
    }
    if let Some(own) = moved(plain, places) {
        return Bays { bays: vec![own], ..Bays::default() };
    }
    let denied: Vec<BayId> = NOT_THIS
        .captures_iter(plain)
        .flat_map(|c| [c.get(1), c.get(2)])
        .filter_map(|n| bay(n?.as_str()))
        // "you reset bay 1 instead of bay 2, we are in bay 2"
        .filter(|b| !mentions.iter().any(|m| m.bay == *b && STRONG_HERE.is_match(clause_before(plain, m.start))))
        .collect();
    mentions.extend(instead(plain, places, &mentions, &denied));
    if mentions.iter().any(|m| !denied.contains(&m.bay)) {
        mentions.retain(|m| !denied.contains(&m.bay));
    }
    let whose: Vec<Whose> = mentions.iter().map(|m| whose(plain, m, places)).collect();
    let of = |w: Whose| mentions.iter().zip(&whose).filter(move |(_, x)| **x == w).map(|(m, _)| m);
    let mut own: Vec<&Mention> = of(Whose::Own).collect();
    let others = own.is_empty() && whose.contains(&Whose::Others);
    if others {
        own = of(Whose::Others).collect();
    }
    // A bay that is fine is named for comparison only.
    let fine = |m: &&Mention| FINE.is_match(&plain[m.end..]);
    if own.iter().any(|m| !fine(m)) && own.iter().any(fine) {
        own.retain(|m| !fine(m));
    }
    // "booked bay 2 but we're in bay 3": where they are counts.
    if own.len() > 1 {
        let elsewhere = |m: &&Mention| ELSEWHERE.is_match(clause_before(plain, m.start)) || quoted(plain, m);
        let here = |m: &&Mention| HERE.is_match(clause_before(plain, m.start)) && !elsewhere(m);
        if own.iter().any(here) && own.iter().any(elsewhere) {
            own.retain(|m| !elsewhere(m));
        }
        // "we're in bay 1 and there's a fight in bay 4"
        let ours = |m: &&Mention| STRONG_HERE.is_match(clause_before(plain, m.start));
        let theirs = |m: &&Mention| {
            let before = clause_before(plain, m.start);
            !ours(m) && OTHER_SUBJECT.is_match(before) && !OUR_PEOPLE.is_match(before)
        };
        if own.iter().any(ours) && own.iter().any(theirs) {
            own.retain(|m| !theirs(m));
        }
        // "we're in bay 1 and bay 4 has a fight going", but not "we're in bay 1 and bay 2"
        let beside = |m: &&Mention| {
            let with_ours =
                own.iter().any(|o| ours(o) && o.end <= m.start && JOINED.is_match(&plain[o.end..m.start]));
            let goes_on = DOES.is_match(&plain[m.end..]) && !TOO.is_match(&plain[m.end..]);
            !ours(m) && (SAYS.is_match(clause_before(plain, m.start)) || with_ours && goes_on)
        };
        if own.iter().any(ours) {
            let kept: Vec<bool> = own.iter().map(|m| !beside(m)).collect();
            let mut kept = kept.into_iter();
            own.retain(|_| kept.next().unwrap_or(true));
        }
    }
    // "bay 1 here, bay 2 keeps walking through our swings"
    let announced = |m: &&Mention| HERE_AFTER.is_match(&plain[m.end..]);
    if own.iter().any(announced) && !own.iter().all(announced) {
        own.retain(announced);
    }
    let mut bays = Vec::new();
    for m in own {
        if !bays.contains(&m.bay) {
            bays.push(m.bay);
        }
    }
    Bays { bays, others, correction: false }
}

fn whose(plain: &str, m: &Mention, places: &Places) -> Whose {
    let (before, after) = (clause_before(plain, m.start), &plain[m.end..]);
    let named = &plain[m.start..m.end];
    let is_alias = places.bay_aliases.iter().any(|(alias, _)| alias == named);
    let others = BESIDE.is_match(after)
        || THEIRS_AFTER.is_match(after)
        || NOISE_FROM.is_match(before)
        || NEIGHBOURS.is_match(before)
        || (OTHERS.is_match(&before.replace("you guys", "you"))
            && !ASKED_TO_HELP.is_match(before)
            && !OURS_TOO.is_match(sentence_before(plain, m.start))
            && !after.trim_start().starts_with("before us")
            && (BESIDE_US.is_match(before) || !OURS.is_match(before)));
    if others && !HAD.is_match(before) && !NOW_OURS.is_match(before) {
        return Whose::Others;
    }
    let wished = || {
        ASKED_FOR.is_match(before)
            && !FROZEN.is_match(after)
            && (WISH.is_match(before) || ASKS_FIRST.is_match(before))
            && !HAVE_BOOKED.is_match(before)
            && !ASKED_TO_HELP.is_match(before)
            && !DONE_TO.is_match(after)
    };
    let asked = || ASKS_FIRST.is_match(before) && FREE.is_match(after) && !FROZEN.is_match(after);
    let ago = || {
        let clause = clause_around(plain, m);
        LONG_AGO.is_match(clause) && !GOES_ON.is_match(clause) && !LEFT_THERE.is_match(plain)
    };
    let landmark = !is_alias && LANDMARK.is_match(before);
    let sought = WHERE.is_match(before) || IF_POSSIBLE.is_match(after);
    if landmark || sought || wished() || asked() || TOLD.is_match(before) || in_quotes(plain, m) || ago() {
        Whose::Nobodys
    } else {
        Whose::Own
    }
}

/// "do not restart bay 1 or 2, its 3": every bay named is refused, and a bare number says which one is meant.
fn instead(plain: &str, places: &Places, mentions: &[Mention], denied: &[BayId]) -> Option<Mention> {
    if denied.is_empty() || mentions.iter().any(|m| !denied.contains(&m.bay)) {
        return None;
    }
    INSTEAD.captures_iter(plain).filter_map(|c| c.get(1)).find_map(|number| {
        let bay = bay(number.as_str())?;
        let known = places.bays.is_empty() || places.bays.contains(&bay);
        let counts = THING_AFTER.is_match(&plain[number.end()..]);
        (known && !counts && !denied.contains(&bay)).then(|| Mention {
            start: number.start(),
            end: number.end(),
            bay,
        })
    })
}

/// "moved from bay 2 to bay 3" is in 3; "can we move from 2 to 3" still in 2.
fn moved(plain: &str, places: &Places) -> Option<BayId> {
    let c = FROM_TO.captures(plain)?;
    let whole = c.get(0)?;
    let known = |n: &str| bay(n).is_some_and(|b| places.bays.is_empty() || places.bays.contains(&b));
    if UNIT_AFTER.is_match(&plain[whole.end()..]) {
        return None;
    }
    // "our bay 2 booking from 1 to 3" speaks of times.
    let bare = !NAMED.is_match(whole.as_str());
    if bare && (NAMED.is_match(plain) || !known(&c[1]) || !known(&c[2])) {
        return None;
    }
    let before = clause_before(plain, whole.start());
    let around = &plain[whole.start()..];
    if WISH.is_match(before) || around.contains('?') {
        // "open from 2 to 4" names no bay.
        (before.contains("move")
            || before.contains("switch")
            || before.contains("swap")
            || before.contains("change"))
        .then(|| bay(&c[1]))?
    } else {
        MOVED.is_match(before).then(|| bay(&c[2]))?
    }
}

/// Between two quotation marks, with more beside it.
fn in_quotes(plain: &str, m: &Mention) -> bool {
    let (before, after) = (&plain[..m.start], &plain[m.end..]);
    let inside = before.matches('"').count() % 2 == 1 && after.contains('"');
    let Some(open) = before.rfind('"').filter(|_| inside) else { return false };
    let close = m.end + after.find('"').unwrap_or(0);
    let whole_text = plain[..open].trim().is_empty() && plain[close + 1..].trim().is_empty();
    !whole_text && plain[open..close].split_whitespace().count() > 4
}

/// Between two quotation marks, however short.
fn quoted(plain: &str, m: &Mention) -> bool {
    plain[..m.start].matches('"').count() % 2 == 1 && plain[m.end..].contains('"')
}

fn clause_around<'a>(plain: &'a str, m: &Mention) -> &'a str {
    let from = m.start - clause_before(plain, m.start).len();
    let cut = |c: char| matches!(c, '.' | '!' | '?' | '\n' | ';' | ',');
    let to = plain[m.end..].find(cut).map_or(plain.len(), |i| m.end + i);
    let to = [" and ", " but "]
        .iter()
        .filter_map(|j| plain[m.end..to].find(j).map(|i| m.end + i))
        .min()
        .unwrap_or(to);
    &plain[from..to]
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
    let mut found = Found(Vec::new());
    for (alias, bay) in &places.bay_aliases {
        if let Some(at) = find_word(plain, alias) {
            found.add(at, at + alias.len(), *bay);
        }
    }
    named(plain, &mut found);
    for c in GLUED.captures_iter(plain) {
        let (Some(whole), Some(bay)) = (c.get(0), bay(&c[1])) else { continue };
        // "b2" alone is a bay only where that bay exists.
        let short = whole.as_str()[1..].starts_with(|d: char| d.is_ascii_digit());
        if !short || places.bays.contains(&bay) {
            found.add(whole.start(), whole.end(), bay);
        }
    }
    for c in GLUED_ON.captures_iter(plain) {
        if let (Some(number), Some(bay)) = (c.get(1), bay(&c[1])) {
            found.add(number.start(), number.end(), bay);
        }
    }
    for c in
        ORDINAL.captures_iter(plain).chain(ORDINAL_ONE.captures_iter(plain)).filter(|c| c.get(2).is_none())
    {
        let Some(word) = c.get(1) else { continue };
        // "our first bay" is the one before this one.
        let of_several =
            [" our ", " my "].iter().any(|o| format!(" {}", &plain[..word.start()]).ends_with(o));
        if let Some(bay) = ordinal(word.as_str()).filter(|_| !of_several) {
            let end =
                c.get(0).map_or(word.end(), |w| plain[..w.end()].trim_end_matches([' ', '.', '!']).len());
            found.add(word.start(), end, bay);
        }
    }
    for c in PAIR.captures_iter(plain) {
        for number in c.iter().skip(1).flatten() {
            if let Some(bay) =
                bay(number.as_str()).filter(|b| places.bays.is_empty() || places.bays.contains(b))
            {
                found.add(number.start(), number.end(), bay);
            }
        }
    }
    let of_holes = OF_HOLES.is_match(plain);
    for pattern in [&*DICTATED, &*WE_ARE_IN, &*REVERSED, &*THING_ON, &*TROUBLE_IN, &*BARE, &*SUBJECT, &*LA] {
        for c in pattern.captures_iter(plain) {
            let Some(number) = c.iter().skip(1).flatten().next() else { continue };
            let Some(bay) = bay(number.as_str()) else { continue };
            let known = places.bays.is_empty() || places.bays.contains(&bay);
            let (before, after) = (&plain[..number.start()], &plain[number.end()..]);
            let numbered = NUMBERED.is_match(
                before.trim_end_matches(['#', ' ']).trim_end_matches("number").trim_end_matches("no."),
            );
            let hole = of_holes && before.trim_end_matches('#').ends_with("on ");
            if known && !numbered && !hole && !THING_AFTER.is_match(after) {
                found.add(number.start(), number.end(), bay);
            }
        }
    }
    let mut found = found.0;
    found.sort_by_key(|m| m.start);
    found
}

/// The word for a bay with its number, and the numbers that follow ("bays 1, 2 and 3").
fn named(plain: &str, found: &mut Found) {
    for c in NAMED.captures_iter(plain) {
        let (Some(whole), Some(first)) = (c.get(0), c.get(1)) else { continue };
        let list = c.get(2).map_or("", |m| m.as_str());
        let rest: Vec<BayId> = MORE.find_iter(list).filter_map(|m| bay(m.as_str())).collect();
        let after = &plain[whole.end()..];
        let counts_something = UNIT_AFTER.is_match(after) && !HOLE_AFTER.is_match(after);
        // "trackman 4" is a make.
        let make = whole.as_str().starts_with("trackman") && first.as_str() == "4";
        // "bay 2, 4 people": the unit belongs to the last number.
        if OTHER_BOX.is_match(&plain[..whole.start()]) {
            continue;
        }
        if (!counts_something || !rest.is_empty())
            && !make
            && let Some(bay) = bay(first.as_str())
        {
            found.add(whole.start(), first.end(), bay);
        }
        let lists = !counts_something && LIST_GOES_ON.is_match(after);
        // Other numbers than the last are bays in any case when a word joins them.
        let keep = if lists { rest.len() } else { rest.len().saturating_sub(1) };
        for (i, bay) in rest.into_iter().take(keep).enumerate() {
            let at = if i + 1 == keep { whole.end() - 1 } else { first.end() + i };
            found.add(at, at + 1, bay);
        }
    }
}

struct Found(Vec<Mention>);

impl Found {
    fn add(&mut self, start: usize, end: usize, bay: BayId) {
        if !self.0.iter().any(|m| start < m.end && m.start < end) {
            self.0.push(Mention { start, end, bay });
        }
    }
}

fn corrected(plain: &str) -> Option<BayId> {
    let star = STAR.captures(plain).and_then(|c| c.get(1).or(c.get(2)).and_then(|m| bay(m.as_str())));
    star.or_else(|| rather(plain))
        .or_else(|| NOT_BUT.captures(plain).and_then(|c| bay(&c[1])))
        .or_else(|| CORRECTION.captures_iter(plain).last().and_then(|c| bay(&c[1])))
}

/// The bay that is set against another one: "not 2 but 3".
fn rather(plain: &str) -> Option<BayId> {
    RATHER.captures_iter(plain).find_map(|c| {
        let (whole, number) = (c.get(0)?, c.iter().skip(1).flatten().next()?);
        let counts = |end: usize| THING_AFTER.is_match(&plain[end..]);
        (!counts(whole.end()) && !counts(number.end())).then(|| bay(number.as_str())).flatten()
    })
}

fn clause_before(plain: &str, at: usize) -> &str {
    let before = &plain[..at];
    let cut = before.rfind(['.', '!', '?', '\n', ';', ',']).map_or(0, |i| i + 1);
    let before = &before[cut..];
    let join =
        [" and ", " but "].iter().filter_map(|j| before.rfind(j).map(|i| i + j.len())).max().unwrap_or(0);
    &before[join..]
}

fn sentence_before(plain: &str, at: usize) -> &str {
    let before = &plain[..at];
    &before[before.rfind(['.', '!', '?', '\n', ';']).map_or(0, |i| i + 1)..]
}

/// Where `words` stands in the text as whole words.
pub fn find_word(text: &str, words: &str) -> Option<usize> {
    text.match_indices(words).map(|(i, _)| i).find(|&i| {
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        edge(text[..i].chars().next_back()) && edge(text[i + words.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests;
