//! Small talk by exact wording: yes, no, thanks, hello, "still nothing", "never mind".
//!
//! A text is one of these only if *every* word of it belongs there; one foreign word and the model reads it.
//! So "yes" is consent and "yes but not yet" is not.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{Context, PendingKind, pattern};

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

static YES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "yes y ye yeah yea yeh yess yees yesss ya yah yep yepp yup yupp yessir sure surely affirmative correct right definitely absolutely oui ouais ouaip certainly yas yse yex si",
    )
});
static YES_PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:ok |okay )?(?:go ahead|go for it|do it|please do|do that|of course|for sure|by all means|lets do it|lets do that|lets try (?:it|that)|go on|please go ahead|that works|bien s[uû]r|vas ?y|allez ?y|i am|we are|im here|were here|i did|that(?:s| is) (?:right|correct|it|fine|ok))\b",
    )
});
/// Words that may stand beside a yes without changing it.
static BESIDE_YES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "please pls plz thanks thank thx you u ty that thatd thats would be great it is its fine good perfect ok okay k kk restart reboot reset unlock open turn on now go ahead do i id we can lets try mate man sir bud buddy bro the simulator sim trackman projector pc computer for so much this one right away asap love to like works appreciated appreciate cool awesome yes sounds am are here im were at door main front outside merci svp stp s il vous plait te bay box a want need a person someone and",
    )
});
/// Yes only where a question is open; closers otherwise.
static WEAK_YES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "ok okay okey k kk okie alright aight great perfect good fine please pls plz sounds cool 👍 👌 ✅ 🙏 👍🏻 👍🏼 👍🏽 daccord parfait",
    )
});

static NO: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("no n nope nah naw noo nooo non negative nop nay nein no. dont cancel stop nevermind")
});
static NO_PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:please )?(?:not (?:yet|now|really|right now|at the moment)|hold (?:off|on)|wait|dont|do not|pas (?:maintenant|encore)|please dont|no need|leave it)\b",
    )
});
static BESIDE_NO: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "no nope not yet now thanks thank thx you u ty please its it is ok okay fine im were good all that thats need dont do for right restart reboot reset unlock merci we i the hold off on wait want to at moment really mate man sir leave bother",
    )
});

static GREETING: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "hi hii hello helo hellow hey heyy heya hiya howdy yo sup morning evening afternoon good day greetings bonjour bonsoir salut allo allô there guys team all folks everyone again friend clubhouse sir madam maam gm 👋 hullo hola",
    )
});
static GREETING_CORE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "hi hii hello helo hellow hey heyy heya hiya howdy yo sup morning evening afternoon greetings bonjour bonsoir salut allo allô gm 👋 hullo hola",
    )
});

static CLOSER: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "thanks thank thankyou thx tks thnx tnx ty tysm tyvm cheers bye goodbye cya ok okay okey k kk okie alright great perfect awesome cool amazing excellent fantastic wonderful nice sweet brilliant good night gn goodnight evening day weekend one see you u ya later soon then got it gotcha will do no problem np worries prob have a appreciate appreciated so much very lot again for the your help quick response reply info helping answer fast team set guys man mate bud buddy bro sir sounds merci beaucoup parfait bonne soirée soiree journée journee à bientôt au revoir daccord noted understood copy roger right all too as well everything that this it lol haha and to my pleasure welcome cheers anytime thats works fine kindly dude tonight today super legend lifesaver",
    )
});
static CLOSER_CORE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set(
        "thanks thank thankyou thx tks thnx tnx ty tysm tyvm cheers bye goodbye cya ok okay okey k kk okie alright great perfect awesome cool amazing excellent fantastic wonderful sweet brilliant goodnight gn night merci parfait appreciate appreciated noted understood copy roger got gotcha sounds np worries daccord later good welcome pleasure lol haha nice revoir problem",
    )
});
const GLAD: &str = "👍👌🙏😊🙂😀😃😄😁❤🔥🎉👏🙌💪😎😍🥰✅🤝⛳🏌💯😅😂🤣🫡🤙✌💙💚🖤🤩☺";

static STILL: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:no|nope|nah|hi|hey|hello|sorry|and|but|ok|okay|um|hmm|hm|so|yeah|well|unfortunately|yes|it|its|that|thats|theres|there is|we|were) )*(?:still (?:nothing|nothing happening|nothing here|not working|isnt working|not fixed|no luck|no good|no change|no|(?:the )?same(?: (?:thing|issue|problem|error))?|broken|doing it|happening|not|doesnt work|wont work|down|going on|not right|acting up)|(?:the )?(?:exact )?same(?: (?:thing|issue|problem|error|again|here|as before|story))*|no change|no luck|no difference|no joy|no dice|nothing(?: (?:happened|changed|happening|yet|is happening|works?))?|(?:it |that |this )?(?:didnt|did not|doesnt|hasnt|does not) (?:work|worked|help|helped|fix it|fix|do anything|change anything|change|do it|solve it|make a difference|do the trick)|not (?:working|fixed|any better|better)(?: still| yet)?|(?:it )?(?:worked|was (?:ok|fine|good|working)) for (?:a|like a|about a|one|1|2|a few|two)? ?(?:sec|second|seconds|secs|minute|minutes|min|mins|bit|moment|shot|shots|hole|while)(?:[ ,.]*(?:then|and|but|now)? ?(?:\w+ ?){0,5})?|(?:it )?(?:happened|did it|its doing it|doing it|broke|failed) again|no good|toujours (?:rien|pareil|pas)|[cç]a (?:ne )?marche (?:toujours )?pas|rien|pareil)(?: (?:still|yet|again|here|now|sorry|man|unfortunately|though|on our end|for us|for me|thanks|either|so far|at all|happening|im afraid|working|tried|with it))*[\W]*$",
    )
});
/// "still frozen": goes on only where something is under way.
static STILL_THAT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:no|nope|nah|hi|hey|sorry|and|but|ok|okay|um|hmm|so|yeah|well|unfortunately|yes|it|its|that|thats|it is|the|my|our|screen|sim|simulator|trackman|door|projector|bay|box|\d|is|we are|were|im|i am) ,?)*still [\w ]{1,28}[\W]*$|^(?:(?:it|its|the|sim|simulator|trackman|screen|and) )*(?:froze|frozen|crashed|black|locked|stuck|dead|down|beeps?|freezing|went (?:black|down|dead))(?: (?:up|out))? again[\W]*$",
    )
});

static RESOLVED: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:no|ok|okay|oh|hi|hey|actually|yes|yeah|yep|sorry|nvm|ah|wait|update|all good|its ok|its okay|haha|lol|thanks|nah|nope|and|perfect|great) ?[,.!-]* ?)*(?:never ?mind|nvm|(?:please )?(?:ignore|disregard) (?:that|this|me|my (?:last )?(?:message|text)|last (?:message|text)|the last (?:message|text))|(?:it |its |that |sim |trackman |everything |screen |door |the \w+ )?(?:all |just |is |has |has just |s )*(?:came (?:right |straight )?back(?: on| up| by itself)?|come back(?: on)?|back (?:up|on|now|working|to normal|online|up and running|in action|again)?|(?:is )?working (?:again|now|fine|fine now|great now|perfectly|perfectly now|good now)|works (?:now|again|fine now|great now)|working|fixed(?: itself| now| it)?|sorted(?: itself)?(?: out)?(?: now)?|resolved(?: itself)?|good (?:now|to go)|fine now|ok now|okay now|loaded|unfroze|opened|restarted itself)|all (?:good|set|ok|fine) (?:now|again|here)|all (?:sorted|fixed)(?: now)?|(?:we |i |weve |ive )?(?:just )?(?:(?:figured|sorted|worked) (?:it|that)(?: out)?|got (?:it|that) (?:to work|working|sorted|fixed|going))|(?:were|im|we are|i am|we got|i got|got|made it) (?:back )?in(?:side)?(?: now| thanks)?|(?:were|im|we are|i am) (?:all )?(?:good|set|sorted|fine)(?: now| to go)?|problem (?:solved|fixed)|that (?:worked|did it|did the trick|fixed it|solved it)|did the trick|c ?est (?:bon|r[eé]gl[eé]|revenu)|[cç]a (?:re)?marche(?: maintenant)?|laisse tomber)(?:(?: ?[,.!-]+ ?| )(?:now|thanks|thank you|thx|ty|again|sorry|it|just|came|back|on|by itself|its|is|working|works|fixed|itself|all|good|never mind|nvm|we|were|are|figured|out|anyway|so much|for the help|for your help|guys|man|appreciate|cheers|the|sim|screen|up|restarted|lol|haha|merci|got|fine|and|running|a|lot|very|much|everything|that|worked|ok|figured|set|i|im|here|though|tho))*[\W]*$",
    )
});

/// "Frozen": a fault in one word.
static FAULT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:its|it|it is|is|were|we are|all|just|again|hi|hey|hello|totally|completely) ,?)*(?:fro[sz]en?|frozed|freezing up|frose|forzen|stuck|crashed|crash|hung|locked up|not responding|unresponsive|fige|gele|plante|bloque)(?: (?:again|up|on us|here|now|still|encore|help|please))*[\W]*$",
    )
});

/// A fault in one word is a new one where nothing is under way, and "still broken" where the simulator is.
pub fn fragment(plain: &str, context: &Context) -> Option<&'static str> {
    if context.pending.is_some() || !FAULT.is_match(plain) {
        return None;
    }
    match context.last_intent.as_deref() {
        None => Some("sim.frozen"),
        Some(last) if last.starts_with("sim.") && !context.closed => Some("followup.still-broken"),
        Some(_) => None,
    }
}

/// "please dont reset 2, reset 3": refuses one bay and asks for another.
static REDIRECT: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"^(?:(?:no|nope|sorry|please|pls|plz|hey|hi|wait|oops|whoa) ?[,.!]* ?)*(?:dont|do not|not to) (?:\w+ ){0,2}?(?:restart|reset|reboot|touch)\w* (?:the |in |on )*(?:(?:bay|box|sim|simulator|booth) ?)?#?\d\b[^.!?\n]{0,40}?\b(?:restart|reset|reboot|do|its|it is|make it|i meant?|but|rather|just|only) (?:on |in |the |for )*(?:(?:bay|box|sim|simulator|booth) ?)?#?\d\b[\W]*(?:please|pls|instead|thanks|is (?:the one|frozen|stuck)|[\W])*$",
    )
});

/// The matter of a text that only moves a restart to another bay.
pub fn redirect<'a>(plain: &str, context: &'a Context) -> Option<&'a str> {
    let under_way = context.last_intent.as_deref().filter(|last| last.starts_with("sim."));
    REDIRECT.is_match(plain).then(|| under_way.unwrap_or("sim.frozen"))
}

/// "the tv again": a fault that is back, whatever follow-up it sounds like.
static AGAIN: LazyLock<Regex> = LazyLock::new(|| pattern::rule(r"\b(?:again|encore)\b"));
static WELL: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r"\b(?:work\w*|fix\w*|good|great|fine|ok|okay|up and running|running|back|sorted|solved|resolved|loaded|thank\w*|thx|ty|perfect|cheers|marche|merci|sorry|see you|book\w*|come|never ?mind|nvm|unfroze|opened|playing|normal)\b",
    )
});

/// Whether the text speaks of a fault that is back: then nothing is resolved.
pub fn is_back(plain: &str) -> bool {
    let does = plain.split_whitespace().any(|word| word.ends_with("ing"));
    AGAIN.is_match(plain) && !WELL.is_match(plain) && !does && plain.split_whitespace().count() <= 4
}

/// The intent, if the whole text is small talk. `plain`: [`super::normalise::plain`].
pub fn exact(plain: &str, context: &Context) -> Option<&'static str> {
    let words: Vec<&str> =
        plain.split(|c: char| !(c.is_alphanumeric() || GLAD.contains(c))).filter(|w| !w.is_empty()).collect();
    if words.is_empty() {
        return emoji_only(plain).then_some("chat.closer");
    }
    if words.len() > 14 {
        return None;
    }
    let asks = plain.contains('?');
    let yes_no =
        matches!(context.pending, Some(PendingKind::Confirm | PendingKind::AtDoor | PendingKind::Person));
    let joined = words.join(" ");
    let all = |set: &HashSet<&str>| words.iter().all(|w| set.contains(w) || is_number(w) || glad(w));
    let any = |set: &HashSet<&str>| words.iter().any(|w| set.contains(w));

    // "nah we're good" refuses; "no it's working now" reports.
    let refuses = matches!(words[0], "no" | "nope" | "nah") && !asks && plain != "no good";
    if refuses && words.iter().all(|w| BESIDE_NO.contains(w) || NO.contains(w)) {
        return Some("chat.deny");
    }
    if RESOLVED.is_match(plain) && !(yes_no && words == ["all", "good"]) {
        return Some("followup.resolved");
    }
    if YES.contains(words[0])
        && !asks
        && words[1..].iter().all(|w| BESIDE_YES.contains(w) || YES.contains(w) || is_number(w) || glad(w))
    {
        return Some("chat.affirm");
    }
    if YES_PHRASE.is_match(&joined)
        && !asks
        && all_of(
            &words,
            &[&BESIDE_YES, &YES],
            "go ahead for it do that of course by all means lets try please works am are here did right correct bien sûr sur vas y allez vasy allezy is",
        )
    {
        return Some("chat.affirm");
    }
    if yes_no
        && !asks
        && any(&WEAK_YES)
        && words.iter().all(|w| WEAK_YES.contains(w) || BESIDE_YES.contains(w) || glad(w))
    {
        return Some("chat.affirm");
    }
    if STILL.is_match(plain)
        || (context.last_intent.is_some() && words.len() <= 8 && STILL_THAT.is_match(plain))
    {
        return Some("followup.still-broken");
    }
    if NO.contains(words[0]) && !asks && words[1..].iter().all(|w| BESIDE_NO.contains(w) || NO.contains(w)) {
        return Some("chat.deny");
    }
    if NO_PHRASE.is_match(&joined) && !asks && words.iter().all(|w| BESIDE_NO.contains(w) || NO.contains(w)) {
        return Some("chat.deny");
    }
    if words.iter().all(|w| GREETING.contains(w)) && (any(&GREETING_CORE) || joined == "good day") {
        return Some("chat.greeting");
    }
    if !asks && all(&CLOSER) && (any(&CLOSER_CORE) || words.iter().any(|w| glad(w))) {
        return Some("chat.closer");
    }
    None
}

fn all_of(words: &[&str], sets: &[&HashSet<&str>], more: &str) -> bool {
    words.iter().all(|w| sets.iter().any(|s| s.contains(w)) || more.split(' ').any(|m| m == *w))
}

fn is_number(word: &str) -> bool {
    word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit())
}

fn glad(word: &str) -> bool {
    word.chars().all(|c| GLAD.contains(c) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c) || c == '\u{200d}')
}

/// Nothing but glad signs and punctuation, at least one sign.
fn emoji_only(plain: &str) -> bool {
    let signs = plain.chars().filter(|c| !c.is_ascii_punctuation() && !c.is_whitespace());
    let mut any = false;
    for c in signs {
        any |= GLAD.contains(c);
        if !(GLAD.contains(c) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)) {
            return false;
        }
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::normalise::plain;

    fn read(text: &str, pending: Option<PendingKind>) -> Option<&'static str> {
        exact(&plain(text), &Context { pending, ..Context::default() })
    }

    #[test]
    fn yes_and_no_are_only_what_says_nothing_else() {
        let open = Some(PendingKind::Confirm);
        for text in [
            "yes",
            "YES",
            "Yes please",
            "yep do it",
            "yeah go ahead",
            "sure",
            "ok",
            "y",
            "please do",
            "go for it",
            "👍",
            "oui",
            "ok thanks",
            "sounds good",
            "Yes!",
            "yes bay 2",
        ] {
            assert_eq!(read(text, open), Some("chat.affirm"), "{text}");
        }
        for text in [
            "no",
            "Nope",
            "no thanks",
            "not yet",
            "don't",
            "no thank you",
            "cancel",
            "stop",
            "hold off",
            "not right now",
        ] {
            assert_eq!(read(text, open), Some("chat.deny"), "{text}");
        }
        for text in [
            "yes but not yet",
            "yes after this hole",
            "yes?",
            "no it's bay 3",
            "no the door",
            "ok what happens to my score",
            "yes and the lights are off",
            "thanks",
        ] {
            assert!(!matches!(read(text, open), Some("chat.affirm" | "chat.deny")), "{text}");
        }
    }

    #[test]
    fn ok_is_a_closer_when_nothing_is_open() {
        for text in [
            "ok",
            "ok thanks",
            "thanks so much!",
            "Thank you for your help",
            "👍",
            "perfect thx",
            "good night",
            "merci beaucoup",
            "no worries",
            "Great, thanks",
        ] {
            assert_eq!(read(text, None), Some("chat.closer"), "{text}");
        }
        for text in ["thanks but it's still frozen", "ok so how do i get in", "great course"] {
            assert_ne!(read(text, None), Some("chat.closer"), "{text}");
        }
    }

    #[test]
    fn greetings_and_nothing_else() {
        for text in ["hi", "Hello!", "hey there", "good evening", "hello?", "Bonjour", "hey guys"] {
            assert_eq!(read(text, None), Some("chat.greeting"), "{text}");
        }
        assert_eq!(read("hi the door wont open", None), None);
    }

    #[test]
    fn still_broken_and_resolved_are_told_apart() {
        for text in [
            "still nothing",
            "same",
            "didn't work",
            "no luck",
            "nope still not working",
            "same thing",
            "still the same",
            "worked for a sec",
            "it worked for a minute then froze again",
            "no change",
        ] {
            assert_eq!(read(text, None), Some("followup.still-broken"), "{text}");
        }
        for text in [
            "never mind",
            "nvm it just came back",
            "it's working now thanks",
            "all good now",
            "we're in",
            "never mind we figured it out",
            "it came back",
            "fixed",
            "that worked, thanks!",
        ] {
            assert_eq!(read(text, None), Some("followup.resolved"), "{text}");
        }
        let on = Context { last_intent: Some("sim.frozen".into()), ..Context::default() };
        assert_eq!(exact("its still frozen", &on), Some("followup.still-broken"));
        assert_eq!(exact("its still frozen", &Context::default()), None);
        assert_eq!(read("not working", Some(PendingKind::Confirm)), Some("followup.still-broken"));
    }

    #[test]
    fn a_refusal_that_names_another_bay_asks_for_that_one() {
        for text in [
            "please dont reset 2, reset 3",
            "Don't restart bay 2, its bay 3",
            "no dont reboot box 1 do box 2 please",
        ] {
            assert_eq!(redirect(&plain(text), &Context::default()), Some("sim.frozen"), "{text}");
        }
        for text in ["please dont reset 2", "don't restart it", "dont restart bay 2, its 7 minutes in"] {
            assert_eq!(redirect(&plain(text), &Context::default()), None, "{text}");
        }
        let on = Context { last_intent: Some("sim.windows-screen".into()), ..Context::default() };
        assert_eq!(redirect("dont reset 2, reset 3", &on), Some("sim.windows-screen"));
    }

    #[test]
    fn a_fault_that_is_back_is_told_from_a_thing_that_works_again() {
        assert!(is_back("the tv again") && is_back("projector again") && is_back("encore la porte"));
        assert!(
            !is_back("its working again")
                && !is_back("picking up shots again")
                && !is_back("thanks again")
                && !is_back("the tv")
        );
    }

    #[test]
    fn one_word_is_the_fault_or_the_follow_up() {
        let on = Context { last_intent: Some("sim.frozen".into()), ..Context::default() };
        for text in ["Frozen", "froze", "stuck!", "It's frozen", "Froze again", "crashed"] {
            assert_eq!(fragment(&plain(text), &Context::default()), Some("sim.frozen"), "{text}");
            assert_eq!(fragment(&plain(text), &on), Some("followup.still-broken"), "{text}");
        }
        for text in ["frozen shoulder", "stuck in traffic", "the door is stuck", "ok"] {
            assert_eq!(fragment(&plain(text), &Context::default()), None, "{text}");
        }
    }
}
