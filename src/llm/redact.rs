//! What is personal stays on the box: names, numbers, addresses, e-mail, links and codes become
//! placeholders before a text leaves, and become themselves again here.
//!
//! Rather too much than too little: a capitalised word in mid-sentence that is no word of the house counts as a
//! name, and every number goes, the bay's too (the model says which placeholder is the bay). Owns no list of
//! customers: names the box knows are given by whoever asks.

mod find;
mod names;

use std::fmt::Write as _;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Name,
    Number,
    Address,
    Email,
    Link,
    /// Letters and digits mixed: a PIN, a booking reference, a postal code.
    Code,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Name => "NAME",
            Kind::Number => "NUMBER",
            Kind::Address => "ADDRESS",
            Kind::Email => "EMAIL",
            Kind::Link => "LINK",
            Kind::Code => "CODE",
        }
    }
}

/// A text that may leave the box, and what its placeholders stand for, which may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    pub text: String,
    /// Placeholder, kind, original; each once.
    parts: Vec<(String, Kind, String)>,
}

/// Replaces everything personal. `known` are names the box knows, of any case.
pub fn redact(text: &str, known: &[String]) -> Redacted {
    let mut out = Redacted { text: String::with_capacity(text.len()), parts: Vec::new() };
    let mut at = 0;
    for span in find::spans(text, known) {
        out.text.push_str(&text[at..span.start]);
        let placeholder = out.placeholder(span.kind, &text[span.start..span.end]);
        out.text.push_str(&placeholder);
        at = span.end;
    }
    out.text.push_str(&text[at..]);
    out
}

impl Redacted {
    /// The same words get the same placeholder.
    fn placeholder(&mut self, kind: Kind, original: &str) -> String {
        let known = self.parts.iter().find(|(_, k, o)| *k == kind && o == original);
        if let Some((placeholder, ..)) = known {
            return placeholder.clone();
        }
        let count = self.parts.iter().filter(|(_, k, _)| *k == kind).count() + 1;
        let mut placeholder = String::new();
        let _ = write!(placeholder, "[{}_{count}]", kind.word()); // a String takes everything
        self.parts.push((placeholder.clone(), kind, original.to_owned()));
        placeholder
    }

    /// Puts back what the placeholders stand for. Of `redact(text)` it makes `text`.
    pub fn restore(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('[') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let part = self.parts.iter().find(|(placeholder, ..)| rest.starts_with(placeholder.as_str()));
            match part {
                Some((placeholder, _, original)) => {
                    out.push_str(original);
                    rest = &rest[placeholder.len()..];
                }
                None => {
                    out.push('[');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }

    /// Placeholders that stand for a number, in order.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.parts
            .iter()
            .filter(|(_, kind, _)| *kind == Kind::Number)
            .map(|(placeholder, ..)| placeholder.as_str())
    }

    /// The number a placeholder stands for, if it stands for one.
    pub fn number(&self, placeholder: &str) -> Option<u64> {
        let part = self.parts.iter().find(|(p, kind, _)| p == placeholder && *kind == Kind::Number)?;
        find::number(&part.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        redact(text, &["Robin Sample".to_owned()]).text
    }

    #[test]
    fn what_is_personal_becomes_a_placeholder() {
        for (text, leaves) in [
            ("bay 2 is frozen", "bay [NUMBER_1] is frozen"),
            ("box two, screen black", "box [NUMBER_1], screen black"),
            ("Bay2 and bay 2", "Bay[NUMBER_1] and bay [NUMBER_1]"),
            ("my number is +1 (902) 555-0101", "my number is [NUMBER_1]"),
            ("call nine oh two five five five", "call [NUMBER_1]"),
            ("alex.b+golf@mail.example pls", "[EMAIL_1] pls"),
            ("write alex at mail dot example", "write [EMAIL_1]"),
            ("i live at 12 old mill road", "i live at [ADDRESS_1]"),
            ("j'habite au 12 rue des Érables", "j'habite au [ADDRESS_1]"),
            ("postal code b3h 1a1", "postal code [CODE_1]"),
            ("code X7K-9Q2 does not work", "code [CODE_1] does not work"),
            ("pin 4711", "pin [NUMBER_1]"),
            ("see https://pay.example/x?y=1 now", "see [LINK_1] now"),
            ("robin here, my door is shut", "[NAME_1] here, my door is shut"),
            ("my name is zbigniew", "my name is [NAME_1]"),
            ("je m'appelle zoltan, la porte est fermée", "je m'appelle [NAME_1], la porte est fermée"),
            ("can you tell Ottokar it works", "can you tell [NAME_1] it works"),
            ("sarah's card was charged", "[NAME_1] card was charged"),
            ("Mark is at the door, mark my words", "[NAME_1] is at the door, mark my words"),
            ("[NUMBER_1] is mine", "[CODE_1] is mine"),
        ] {
            assert_eq!(shown(text), leaves, "{text}");
        }
    }

    #[test]
    fn words_of_the_house_stay_readable() {
        for text in [
            "the Wi-Fi is down, TrackMan says no connection",
            "Can you open the door please? I am outside",
            "MY SCREEN IS BLACK AND I AM ANGRY",
            "Are you open on Christmas or on Sunday",
            "it will not drive straight, may i have a refund",
            "La porte est fermée et je suis dehors",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn a_placeholder_gives_its_number_back() {
        let redacted = redact("box two not 14, pin 471100000000000000000000", &[]);
        let numbers: Vec<_> = redacted.numbers().map(|n| redacted.number(n)).collect();
        assert_eq!(numbers, [Some(2), Some(14), None]);
        assert_eq!(redacted.number("[NUMBER_9]"), None);
        assert_eq!(redacted.number("none"), None);
    }
}
