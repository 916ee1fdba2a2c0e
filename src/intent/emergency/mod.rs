//! The emergency lane: rules in English and French that find danger in a text, at once and without a model.
//!
//! Owns the rules and what silences them (idiom, negation, past, hearsay, "what if"). Misses cost most, so
//! triggers are broad and guards narrow: a guard looks only at the clause its trigger stands in. Never
//! decides what is done.

mod evidence;
mod fire;
mod flood;
mod further;
mod medical;
mod ordinary;
mod sayings;
mod security;
mod trapped;
mod understated;

use std::sync::LazyLock;

use regex::Regex;

pub use evidence::has_word;

use super::{normalise, pattern};

/// What the rules say about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// Danger now; the intent id (`emergency.fire`).
    Fires(&'static str),
    /// Words of danger, but idiom, negation, past or hearsay: the model must not raise the alarm either.
    Guarded,
    /// No word of danger.
    Silent,
}

/// A trigger, and what in the same clause shows that it is meant otherwise. `{P}` stands for a person,
/// `{BODY}` for a part of the body.
type Row = (&'static str, &'static str);

struct Rule {
    intent: &'static str,
    find: Regex,
    unless: Option<Regex>,
}

const PERSON: &str = r"(?:one of (?:them|us|the \w+|our \w+|my \w+)|he|she|they|hes|shes|theyre|were|him|her|someone|somebody|someones|anyone|everyone|i|im|ive|we|guy|dude|man|woman|lady|kid|child|person|people|player|customer|member|gentleman|friend|buddy|mate|pal|partner|wife|husband|dad|father|mom|mum|mother|son|daughter|brother|sister|uncle|aunt|grandpa|grandma|grandfather|grandmother|boss|coworker|colleague|guest|girlfriend|boyfriend|gf|bf|cousin|girl|boy|neighbou?r|teammate|fil|mil|baby|toddler|staff|cleaner)";
const BODY: &str = r"(?:head|skull|face|eye|eyes|nose|jaw|neck|back|spine|shoulder|arm|elbow|wrist|hand|hands|finger|fingers|thumb|rib|ribs|hip|leg|legs|knee|ankle|foot|feet|toe|collarbone|chest|groin|hamstring|achilles|calf)";

/// Order is urgency: the first family that fires names the text.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let families: [(&'static str, &[Row], &str); 27] = [
        ("emergency.medical", medical::ROWS, ""),
        ("emergency.medical", understated::MEDICAL, ""),
        ("emergency.medical", further::MEDICAL, ""),
        ("emergency.medical", sayings::MEDICAL, ""),
        ("emergency.medical", ordinary::MEDICAL, ""),
        ("emergency.fire", fire::ROWS, ""),
        ("emergency.fire", understated::FIRE, ""),
        ("emergency.fire", further::FIRE, ""),
        ("emergency.fire", sayings::FIRE, ""),
        ("emergency.fire", ordinary::FIRE, ""),
        ("emergency.security", security::ROWS, ""),
        ("emergency.security", understated::SECURITY, ""),
        ("emergency.security", further::SECURITY, ""),
        ("emergency.security", sayings::SECURITY, ""),
        ("emergency.security", ordinary::SECURITY, ""),
        ("emergency.trapped", trapped::ROWS, trapped::NOT_TRAPPED),
        ("emergency.trapped", understated::TRAPPED, trapped::NOT_TRAPPED),
        ("emergency.trapped", sayings::TRAPPED, trapped::NOT_TRAPPED),
        ("emergency.trapped", ordinary::TRAPPED, trapped::NOT_TRAPPED),
        ("emergency.flood", flood::ROWS, ""),
        ("emergency.flood", understated::FLOOD, ""),
        ("emergency.flood", further::FLOOD, ""),
        ("emergency.flood", sayings::FLOOD, ""),
        ("emergency.flood", ordinary::FLOOD, ""),
        ("", further::CALM, ""),
        ("", sayings::CALM, ""),
        ("", ordinary::CALM, ""),
    ];
    let compile = |pattern: &str| {
        let full = pattern.replace("{P}", PERSON).replace("{BODY}", BODY);
        pattern::rule(&format!(r"\b(?:{full})"))
    };
    families
        .into_iter()
        .flat_map(|(intent, rows, all)| rows.iter().map(move |row| (intent, row, all)))
        .map(|(intent, (find, unless), all)| {
            let guards: Vec<&str> = [*unless, all].into_iter().filter(|g| !g.is_empty()).collect();
            let unless = (!guards.is_empty()).then(|| compile(&guards.join("|")));
            Rule { intent, find: compile(find), unless }
        })
        .collect()
});

/// "no one is …", "not on …", "don't need an …" right before a trigger.
static NEGATED: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:no|not|isnt|arent|wasnt|werent|never|without|nobody|none|dont|doesnt|didnt|aint|hasnt|havent|pas|pas de|aucun|aucune|personne)(?: (?:one|body|ones|is|was|are|got|gets|get|been|has|have|any|a|an|the|need|needs|see|smell|think|it|its|there|theres|even|really|seriously|actually|badly|that|hurt|injured|or|call|calling|for|to|im|hes|having|being|anyone|anything|anybody|someone|signs?|of|is|nest|n|de|est))*\s*$",
    )
});

/// "slipped but no one is hurt": the trigger itself holds the all-clear.
static UNHURT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:no one|noone|nobody|none of us|not|isnt|arent|wasnt|werent|never|personne) (?:\w+ ){0,3}(?:hurt|injured|bleeding|burned|burnt|bless[eé]e?s?)\b",
    )
});

static NOBODY_HURT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:no one|noone|nobody|none of us|personne) (?:\w+ ){0,3}(?:hurt|injured|bless[eé]e?s?)\b",
    )
});

/// "lol no seriously", "not joking": what follows is meant, whatever was laughed before.
static EARNEST: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:(?:lol|haha\w*|lmao)[ ,.!]*)?(?:no (?:but )?(?:seriously|really|joke|for real)|not (?:a joke|joking|kidding|even joking)|im (?:being |dead )?serious|im not (?:joking|kidding))\b",
    )
});

/// Not sure whether: a doubt about now, not a "what if".
static DOUBT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:sure|know|idk|tell|unsure|wondering|idea|see|check|ask|unclear|wonder|looks as|as) if\b",
    )
});

/// Of a text about a booking that something elsewhere spoils: "pipe burst at home, gotta cancel".
static ELSEWHERE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:cancel\w*|refund\w*|resched\w*|annuler|take (?:me|us) off|(?:wont|cant|not going to|couldnt) (?:be able to )?(?:make it|come (?:tonight|today|in|to (?:our|my|the))|be there)|(?:move|change|swap) (?:my|our|the) (?:session|booking|time|slot)|late for (?:my|our) (?:booking|session))\b",
    )
});
/// … unless it is here and now after all.
static HERE_AND_NOW: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:ambulance|911|help|right now|in here|in (?:bay|box) \d|bleeding|unconscious|not breathing|collapsed|come quick|hurry|water just broke|just (?:collapsed|fainted|passed out)|urgent\w*|emergency now|smoke (?:in|coming)|on the floor)\b",
    )
});
/// A thing that "has a seizure", a knife that was found, a stroke that is played.
static NOT_MEANT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:(?:screen|screens|sim|simulator|pc|computer|projector|tv|trackman|tablet|mouse|monitor|software|system|game|radar|it)(?: \w+){0,2} (?:having|has|had|have|suffered) (?:a |an )(?:\w+ )?(?:seizure|stroke|fit|heart attack|meltdown|breakdown)|\bit wont wake|(?:found|find|left) (?:a|my|someones|somebodys) (?:\w+ ){0,3}?kni(?:fe|ves)|pocket ?kni(?:fe|ves)|swiss army|stroke ?play|locked in (?:for|at|to|on) (?:(?:a|an|the|one|two|three|\d+|my|our|that|this) )?(?:full |whole |set )?(?:years?|months?|contract|term|rate|price|plan|season|summer|winter)|(?:locked|stuck|trapped) (?:in|into|with) (?:a|the|my|our|this) (?:contract|membership|plan|subscription)|with these prices|(?:trapped|stuck|locked) in (?:a |an |my |this |the )?(?:\w+ )?(?:marriage|relationship|job|meeting|lease|conversation|dead end)|your prices|(?:couldve|could have|mightve|might have) (?:\w+ )?(?:been |gotten |got )?(?:hurt|injured|killed)|(?:frozen|froze|preview|game|menu|bullseye|round|range|screen|loading)\b[^.!?\n]{0,20} (?:cant|cannot|cant evn|cant even|wont let (?:me|us)) (?:\w+ )?exit|no water,? (?:only|just|came)|chok(?:e|ed|es|ing) (?:every|each|all|most|away)|passed out (?:the |our |some |a few )?(?:\w+ )?(?:scorecards?|cards|flyers|prizes|waivers|tees|drinks)|(?:my|our|the) (?:car|truck|van|suv) (?:is |s |got )?(?:\w+ )?(?:trapped|stuck|locked)|stole (?:my|our) (?:booking|session|reservation)|broke into the [5-9]0s|(?:greens?|putts?|fairways?) (?:is |are |s )on fire|(?:alarm|detector)s? (?:\w+ ){0,4}?(?:beep\w*|chirp\w*) (?:every|once)|on a tout brule|not overflow\w*|isnt (?:overflow\w*|ringing|running over)|no smoke or|trapped outside|(?:loading|menu) screen|hostage by|(?:bbq|barbecue) smoke|(?:roof|sunroof|window|trunk) (?:of|in|on) (?:my|our) (?:car|truck|house|apartment))\b",
    )
});
/// Trouble at home, in town, at another business: no danger at the club.
static AWAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:at (?:the |my |our |his |her )?(?:grocery|supermarket|mall|store|work|home|house|school|cottage|apartment|restaurant|casino|bar|airport|bank|rink|other (?:club|location|place))\b|(?:my|our|his|her|neighbou?rs?) (?:\w+ )?(?:house|home|apartment|condo|basement|garage|shed|cottage|kitchen|boat|truck|car|van|street) (?:\w+ ){0,3}?(?:flooded|flooding|broken into|caught|burned|burnt|burst|got|was|has)\b|downtown\b|chez (?:moi|nous|lui|elle|mon|ma)\b)",
    )
});
/// What everyday talk holds of words of danger (`ordinary::CALM`), as guards over a clause.
static EVERYDAY: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    ordinary::CALM.iter().map(|(found, _)| pattern::rule(&format!(r"\b(?:{found})"))).collect()
});
static JEST: LazyLock<Regex> = LazyLock::new(|| pattern::rule(r"\b(?:lol|haha\w*|lmao|rofl)\b|😂|🤣"));

static WHAT_IF: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:whats?|whos?|wheres?|how|when)\b.{0,60}\bif\b|\bin case\b|\bhypothetical|\bwhat happens (?:if|when|in (?:a|an|case))\b|^\W*(?:and |so |also |hey |hi )*if (?:there|someone|somebody|anyone|something|a |an |my |we |i |you |the |one )|\bdo you (?:have|guys have|do)\b.{0,40}\b(?:insurance|plan|policy|procedure|emergenc)|\bau cas o[uù]\b|\bque faire (?:si|en cas)\b",
    )
});

static PAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:last (?:night|week|weekend|month|year|time|summer|winter|fall|spring|season|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|yesterday|the other (?:day|night|week)|(?:days?|weeks?|months?|years?) ago|a while (?:ago|back)|back in (?:the|19|20|my)|years back|when i was (?:a|in|young)|used to|in (?:the )?(?:spring|summer|autumn|winter|january|february|march|april|june|july|august|september|october|november|december)|in (?:19|20)\d\d|semaine derni[eè]re|hier|mois dernier|l.ann[eé]e derni[eè]re)\b",
    )
});

static PRESENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(r"\b(?:now|again|still|right now|currently|today|tonight|looks like|seems like|just)\b")
});

static HEARSAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\bheard (?:that|about|there (?:was|were|had)|you (?:had|guys)|they had|of)\b|\bread (?:that|about)\b|\b(?:on|in|from) the (?:news|movie|film|video|show|series|book|podcast)\b|\bsaw (?:a |the |this )?(?:video|movie|film|clip|documentary|show)\b|\b(?:on|watching) (?:tv|netflix|youtube|tiktok)\b|\bjust kidding\b|\bjust curious\b|\bnever again\b|\b(?:article|essay|school project|survey|thesis|blog post|assignment)\b|\bjk\b|\bjoking\b|\bfalse alarm\b|\bfire drill\b|\bno emergency\b|\bin the game\b|\bfausse alerte\b",
    )
});

static OUTSIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:outside|out here|out front|(?:get|got|let (?:me|us)|come|going|back) in(?:side)?|dehors|at the (?:main |front )?door|(?:lock|locked) out)\b",
    )
});
static WEATHER: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(r"\b(?:raining|its pouring|pouring rain|in the rain|its wet out|il pleut)\b")
});
static COMES_IN: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:ceiling|roof|leak\w*|dripping|flood\w*|inside|floor|cant get out|wont let (?:me|us) out|trapped|stuck in|locked in|get out)\b",
    )
});

/// They stand outside and want in: nobody is trapped. Asked only before the model may raise that alarm.
pub(super) fn is_outside(text: &str) -> bool {
    let plain = normalise::plain(text);
    OUTSIDE.is_match(&plain) && !COMES_IN.is_match(&plain)
}

/// "No one is hurt": the customer thought of it and says that there is nothing.
pub(super) fn nobody_hurt(text: &str) -> bool {
    NOBODY_HURT.is_match(&normalise::plain(text))
}

/// It rains, and not through the roof.
pub(super) fn is_weather(text: &str) -> bool {
    let plain = normalise::plain(text);
    WEATHER.is_match(&plain) && !COMES_IN.is_match(&plain)
}

/// Reads a text, whole and clause by clause.
pub fn scan(text: &str) -> Scan {
    scan_plain(&normalise::plain(text))
}

/// The same over a text that is already [`normalise::plain`].
pub fn scan_plain(plain: &str) -> Scan {
    let mut scan = Scan::Silent;
    let meant = EARNEST.replace_all(plain, "indeed");
    let plain = &*meant;
    let elsewhere = ELSEWHERE.is_match(plain) && !HERE_AND_NOW.is_match(plain);
    for rule in RULES.iter() {
        let mut at = 0;
        while let Some(found) = rule.find.find_at(plain, at) {
            let (from, to) = clause_around(plain, found.start(), found.end());
            let unhurt = rule.intent == "emergency.medical" && UNHURT.is_match(found.as_str());
            if rule.intent.is_empty()
                || elsewhere
                || unhurt
                || is_guarded(rule, &plain[from..to], &plain[from..found.start()])
            {
                scan = Scan::Guarded;
            } else {
                return Scan::Fires(rule.intent);
            }
            if found.is_empty() {
                break;
            }
            // What guards one sentence says nothing of the next, into which the words found may reach.
            let sentence = found.as_str().find(['.', '!', '?', '\n']).map(|i| found.start() + i + 1);
            at = sentence.unwrap_or(found.end()).max(found.start() + 1);
        }
    }
    scan
}

fn is_guarded(rule: &Rule, clause: &str, before: &str) -> bool {
    let clause = DOUBT.replace_all(clause, "whether");
    let jest = matches!(rule.intent, "emergency.medical" | "emergency.security") && JEST.is_match(&clause);
    if jest || NOT_MEANT.is_match(&clause) {
        return true;
    }
    if !HERE_AND_NOW.is_match(&clause) {
        let of_a_place = matches!(rule.intent, "emergency.fire" | "emergency.flood" | "emergency.security");
        if EVERYDAY.iter().any(|e| e.is_match(&clause)) || (of_a_place && AWAY.is_match(&clause)) {
            return true;
        }
    }
    NEGATED.is_match(before)
        || HEARSAY.is_match(&clause)
        || WHAT_IF.is_match(&clause)
        || (PAST.is_match(&clause) && !PRESENT.is_match(&clause))
        || rule.unless.as_ref().is_some_and(|unless| unless.is_match(&clause))
}

/// The bounds of the clause that holds `start..end`.
fn clause_around(text: &str, start: usize, end: usize) -> (usize, usize) {
    let cut = |c: char| matches!(c, '.' | '!' | '?' | ';' | '\n');
    let from = text[..start].rfind(cut).map_or(0, |i| i + 1);
    let to = text[end..].find(cut).map_or(text.len(), |i| end + i);
    let from = text[from..start].rfind(" but ").map_or(from, |i| from + i + 5);
    let to = text[end..to].find(" but ").map_or(to, |i| end + i);
    (from, to)
}

#[cfg(test)]
mod tests;
