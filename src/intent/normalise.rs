//! One spelling for one thing: what phones, thumbs and autocorrect do to a text is undone here.
//!
//! Owns the clean form that rules, slots and encoder read. Uses nothing of the house. Never guesses at
//! words (that is `speller`) and never touches the raw text, which others keep.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::pattern;

/// Characters of a message that rules and model look at; more is noise or an attack.
pub const MAX_CHARS: usize = 2_000;

/// NFKC, straight quotes, nothing invisible, single spaces; letters keep their case.
pub fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX_CHARS));
    let mut gap = false;
    for c in text.nfkc().filter_map(visible).take(MAX_CHARS) {
        if c == ' ' {
            gap = !out.is_empty() && !out.ends_with('\n');
        } else if c == '\n' {
            gap = false;
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
        } else {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The character as rules should see it; `None` for what is invisible.
fn visible(c: char) -> Option<char> {
    match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{00b4}' | '`' => Some('\''),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{00ab}' | '\u{00bb}' => Some('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        // Zero-width characters, direction marks, soft hyphen, variation selectors, BOM, tags.
        '\u{00ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fffd}'
        | '\u{e0000}'..='\u{e007f}' => None,
        c if c.is_whitespace() => Some(' '),
        c if c.is_control() => Some(' '),
        c => Some(c),
    }
}

/// Lower case, apostrophes kept, letters repeated three times and more squeezed to two, punctuation to one.
pub fn fold(tidy: &str) -> String {
    let mut out = String::with_capacity(tidy.len());
    let (mut last, mut run) = ('\0', 0u32);
    for c in tidy.chars().flat_map(char::to_lowercase) {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        let most = if c.is_alphabetic() {
            2
        } else if c.is_ascii_punctuation() {
            1
        } else {
            u32::MAX
        };
        if run <= most {
            out.push(c);
        }
    }
    out
}

/// The form that rules match: [`fold`] of [`tidy`], without accents and apostrophes ("can't" = "cant").
pub fn plain(text: &str) -> String {
    unaccent(&fold(&tidy(text)).replace('\'', ""))
}

/// Letters without their accents; everything else as it is.
pub fn unaccent(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect()
}

/// SMS words and phonetic spellings to the words they stand for. Whole words only.
const SLANG: &[(&str, &str)] = &[
    ("u", "you"),
    ("ur", "your"),
    ("urs", "yours"),
    ("r", "are"),
    ("y", "why"),
    ("pls", "please"),
    ("plz", "please"),
    ("plse", "please"),
    ("thx", "thanks"),
    ("tks", "thanks"),
    ("thnx", "thanks"),
    ("tnx", "thanks"),
    ("ty", "thank you"),
    ("tysm", "thank you so much"),
    ("tyvm", "thank you very much"),
    ("np", "no problem"),
    ("nvm", "never mind"),
    ("nm", "never mind"),
    ("idk", "i dont know"),
    ("rn", "right now"),
    ("atm", "at the moment"),
    ("asap", "right away"),
    ("tmrw", "tomorrow"),
    ("tmr", "tomorrow"),
    ("tmw", "tomorrow"),
    ("tn", "tonight"),
    ("2nite", "tonight"),
    ("2day", "today"),
    ("2moro", "tomorrow"),
    ("b4", "before"),
    ("l8r", "later"),
    ("gr8", "great"),
    ("w8", "wait"),
    ("msg", "message"),
    ("txt", "text"),
    ("ppl", "people"),
    ("mins", "minutes"),
    ("min", "minute"),
    ("hrs", "hours"),
    ("hr", "hour"),
    ("appt", "booking"),
    ("resv", "reservation"),
    ("rez", "reservation"),
    ("bc", "because"),
    ("cuz", "because"),
    ("coz", "because"),
    ("cos", "because"),
    ("gonna", "going to"),
    ("wanna", "want to"),
    ("gotta", "got to"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("dunno", "dont know"),
    ("kinda", "kind of"),
    ("wont", "won't"),
    ("cant", "can't"),
    ("dont", "don't"),
    ("doesnt", "doesn't"),
    ("didnt", "didn't"),
    ("isnt", "isn't"),
    ("wasnt", "wasn't"),
    ("arent", "aren't"),
    ("werent", "weren't"),
    ("hasnt", "hasn't"),
    ("havent", "haven't"),
    ("couldnt", "couldn't"),
    ("wouldnt", "wouldn't"),
    ("shouldnt", "shouldn't"),
    ("im", "i'm"),
    ("ive", "i've"),
    ("theres", "there's"),
    ("thats", "that's"),
    ("whats", "what's"),
    ("wheres", "where's"),
    ("hows", "how's"),
    ("youre", "you're"),
    ("theyre", "they're"),
    ("weve", "we've"),
    ("trakman", "trackman"),
    ("tracman", "trackman"),
    ("trackmen", "trackman"),
    ("trckman", "trackman"),
    ("trackmann", "trackman"),
    ("tm", "trackman"),
    ("sim", "simulator"),
    ("sims", "simulators"),
    ("similator", "simulator"),
    ("wi-fi", "wifi"),
    ("wify", "wifi"),
    ("pw", "password"),
    ("pwd", "password"),
    ("proj", "projector"),
    ("comp", "computer"),
    ("reso", "reservation"),
    ("info", "information"),
    ("ac", "air conditioning"),
    ("a/c", "air conditioning"),
    ("bday", "birthday"),
    ("loo", "washroom"),
    ("bathroom", "washroom"),
    ("restroom", "washroom"),
    ("tp", "toilet paper"),
    ("vm", "voicemail"),
    ("wtf", "what the heck"),
    ("omg", "oh my god"),
    ("yr", "your"),
    ("w", "with"),
    ("w/", "with"),
    ("wo", "without"),
    ("abt", "about"),
    ("bout", "about"),
    ("prob", "problem"),
    ("probs", "problems"),
    ("smth", "something"),
    ("sth", "something"),
    ("some1", "someone"),
    ("any1", "anyone"),
    ("every1", "everyone"),
    ("no1", "no one"),
    ("gd", "good"),
    ("gn", "good night"),
    ("gm", "good morning"),
    ("lmk", "let me know"),
    ("fyi", "for your information"),
    ("btw", "by the way"),
    ("eta", "arrival time"),
    ("whens", "when is"),
    ("tv", "tv"),
    ("tvs", "tvs"),
    ("bio", "bio"),
];

static SLANG_OF: LazyLock<std::collections::HashMap<&str, &str>> =
    LazyLock::new(|| SLANG.iter().copied().collect());

static BAY_WORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(r"\b(?:box|bay|booth|simulator|bya|boxx|baie)\s*(?:number|no\.?|num|#)?\s*(\d{1,2})\b")
});

static TWO_WORDS: LazyLock<Regex> = LazyLock::new(|| pattern::rule(r"\btrack[ -]m[ae]n\b|\btruck ?man\b"));

/// The form the encoder reads: slang spelled out, "box 2" as "bay 2", each word through `spell`.
pub fn for_encoder(text: &str, mut spell: impl FnMut(&str, bool) -> String) -> String {
    let tidy = tidy(text);
    let mut out = String::with_capacity(tidy.len() + 16);
    let mut start = true;
    for (token, is_word) in tokens(&tidy) {
        if !is_word {
            out.push_str(&fold(token));
            start |= token.contains(['.', '!', '?', '\n']);
            continue;
        }
        let folded = fold(token);
        // A capital inside a sentence is a name, unless the whole text shouts.
        let name =
            !start && token.starts_with(char::is_uppercase) && token.chars().skip(1).any(char::is_lowercase);
        start = false;
        match SLANG_OF.get(folded.as_str()).or_else(|| SLANG_OF.get(folded.replace('\'', "").as_str())) {
            Some(long) => out.push_str(long),
            None => out.push_str(&spell(&folded, name)),
        }
    }
    let joined = TWO_WORDS.replace_all(&out, "trackman");
    BAY_WORD.replace_all(&joined, "bay $1").into_owned()
}

/// Cuts a text into words (letters, digits, inner apostrophes and slashes) and what lies between.
pub fn tokens(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = is_word_char(first);
        let end = rest.find(|c: char| is_word_char(c) != word).unwrap_or(rest.len());
        let (token, tail) = rest.split_at(end);
        rest = tail;
        Some((token, word))
    })
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

static REACTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern::rule(
        r#"(?s)^(?:(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|removed a \w+ from|reacted \S+ to|a (?:aimé|adoré)|a réagi .{1,12} à) (?:"|an image|a photo|an attachment|a message)|\S{1,4} to ")"#,
    )
});

/// A phone's "reaction" quoted back as text: Liked “Your bay is ready”.
pub fn is_reaction(text: &str) -> bool {
    REACTION.is_match(&tidy(text).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_and_curly_quotes_are_gone() {
        assert_eq!(plain("Can\u{2019}t\u{200b} get\u{00a0}in\u{202e}!!"), "cant get in!");
        assert_eq!(plain("\u{ff22}ox\u{3000}2"), "box 2");
    }

    #[test]
    fn repeats_are_squeezed_and_lines_kept() {
        assert_eq!(plain("HELLOOOOO\r\n\r\n  there???"), "helloo\nthere?");
    }

    #[test]
    fn slang_is_spelled_out_and_box_is_a_bay() {
        let same = |w: &str, _: bool| w.to_owned();
        assert_eq!(
            for_encoder("thx, trakman on BOX2 froze rn", same),
            "thanks, trackman on bay 2 froze right now"
        );
        assert_eq!(for_encoder("track man is dead", same), "trackman is dead");
    }

    #[test]
    fn reactions_are_recognised_in_both_quote_styles() {
        assert!(is_reaction("Liked \u{201c}Your bay is ready\u{201d}"));
        assert!(is_reaction("Reacted 👍 to \"ok\""));
        assert!(!is_reaction("Loved the new bays"));
        assert!(!is_reaction("liked it"));
    }

    #[test]
    fn names_inside_a_sentence_are_marked_for_the_speller() {
        let mut names = Vec::new();
        for_encoder("Booked by Ashwyn. Door wont open", |w, name| {
            if name {
                names.push(w.to_owned())
            }
            w.to_owned()
        });
        assert_eq!(names, ["ashwyn"]);
    }
}
