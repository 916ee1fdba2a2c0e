//! PJLink's words: greeting, password, answers, errors. No I/O.
//!
//! Source: PJLink Specifications, class 1 and 2 (`APIS.md` 5a). Lines end in a carriage return and are 136 bytes at
//! most; what is longer, or answers another command, is no PJLink.

use md5::{Digest, Md5};

use super::super::call::CallError;
use super::projector::{Lamp, Nay};

/// No line is longer.
pub(super) const LONGEST: usize = 136;

/// Reads the projector's first line: the salt if it wants a password.
///
/// # Errors
/// [`CallError::NotSent`]: something else listens there. Nothing was sent to it.
pub(super) fn greeting(line: &[u8]) -> Result<Option<String>, CallError> {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["PJLINK", "0"] => Ok(None),
        ["PJLINK", "1", salt] if salt.len() == 8 && salt.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Ok(Some((*salt).to_owned()))
        }
        _ => Err(CallError::NotSent(format!("it does not greet as PJLink does: `{}`", short(&text)))),
    }
}

/// What stands before the first command of a connection where a password is wanted.
pub(super) fn digest(salt: &str, password: &str) -> String {
    let hash = Md5::new().chain_update(salt).chain_update(password).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a line says to `command`.
///
/// # Errors
/// [`Nay`] in plain words.
pub(super) fn answer(line: &[u8], command: &str) -> Result<String, Nay> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if text.eq_ignore_ascii_case("PJLINK ERRA") {
        return Err(CallError::Refused("the password is wrong (ERRA)".to_owned()).into());
    }
    let to = text.strip_prefix("%1").or_else(|| text.strip_prefix("%2"));
    let value = to.and_then(|to| to.split_once('=')).filter(|(to, _)| to.eq_ignore_ascii_case(command));
    let Some((_, value)) = value else {
        let what = format!("to {command} it says `{}`", short(text));
        return Err(CallError::Unclear(what).into());
    };
    let refused = |why: &str| Err(CallError::Refused(why.to_owned()).into());
    match value.to_ascii_uppercase().as_str() {
        "ERR1" => refused("it does not know the command (ERR1)"),
        "ERR2" => refused("it has no such value or input (ERR2)"),
        "ERR3" => Err(Nay::NotNow("it is warming up, cooling down or in standby (ERR3)".to_owned())),
        "ERR4" => refused("it reports a failure of its own (ERR4)"),
        _ => Ok(value.to_owned()),
    }
}

/// Whether it said that it will.
///
/// # Errors
/// [`CallError::Unclear`].
pub(super) fn taken(value: &str) -> Result<(), CallError> {
    match value {
        ok if ok.eq_ignore_ascii_case("OK") => Ok(()),
        other => Err(CallError::Unclear(format!("neither OK nor an error: `{}`", short(other)))),
    }
}

/// Reads the answer to `POWR ?`.
///
/// # Errors
/// [`CallError::Unclear`].
pub(super) fn lamp(value: &str) -> Result<Lamp, CallError> {
    match value {
        "0" => Ok(Lamp::Standby),
        "1" => Ok(Lamp::On),
        "2" => Ok(Lamp::Cooling),
        "3" => Ok(Lamp::Warming),
        other => Err(CallError::Unclear(format!("its power is `{}`", short(other)))),
    }
}

/// Reads the answer to `ERST ?` into words: `error: lamp; warning: filter`. `None`: all is well, or it cannot be read.
pub(super) fn trouble(value: &str) -> Option<String> {
    const PARTS: [&str; 6] = ["fan", "lamp", "temperature", "cover", "filter", "something else"];
    if value.len() != PARTS.len() || !value.bytes().all(|b| (b'0'..=b'2').contains(&b)) {
        return None;
    }
    let with = |level: u8| {
        let parts = PARTS.iter().zip(value.bytes()).filter(|(_, is)| *is == level);
        parts.map(|(part, _)| *part).collect::<Vec<_>>().join(", ")
    };
    let told = [("error", with(b'2')), ("warning", with(b'1'))];
    let told: Vec<String> = told
        .iter()
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(how, what)| format!("{how}: {what}"))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The class of protocol that knows an input: the second speaks of internal inputs, and of numbers beyond 9.
pub(super) fn class_of(input: &str) -> char {
    let second = input.starts_with('6') || input.ends_with(|c: char| c.is_ascii_alphabetic());
    if second { '2' } else { '1' }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded exchanges, see `tests/data/wire/SOURCES.md`.
    fn recorded() -> serde_json::Value {
        let text = include_str!("../../../tests/data/wire/pjlink/aiopjlink_exchanges.json");
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn recorded_greetings_are_read_and_a_wrong_one_refused_before_anything_is_sent() {
        let greetings: Vec<Result<Option<String>, CallError>> = recorded()["greetings"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|line| greeting(line.as_str().expect("text").as_bytes()))
            .collect();
        let [open, salted, wrong] = greetings.as_slice() else { panic!("{greetings:?}") };
        assert_eq!((open, salted), (&Ok(None), &Ok(Some("21d0e96e".to_owned()))));
        assert!(matches!(wrong, Err(CallError::NotSent(why)) if why.contains("XXX")), "{wrong:?}");
        assert!(greeting(b"<html><body>").is_err() && greeting(b"PJLINK 1 xyz").is_err());
    }

    #[test]
    fn every_recorded_answer_is_a_value_a_refusal_or_called_unreadable() {
        let recorded = recorded();
        let exchanges = recorded["exchanges"].as_array().expect("a list");
        let mut unreadable = Vec::new();
        for exchange in exchanges {
            let [asked, said] = ["request", "response"].map(|key| exchange[key].as_str().expect("text"));
            let command = asked.get(2..6).unwrap_or_default();
            match answer(said.as_bytes(), command) {
                Ok(value) => assert_eq!(said.trim_end().split_once('=').expect("=").1, value),
                Err(Nay::NotNow(_)) => assert!(said.contains("ERR3")),
                Err(Nay::Call(CallError::Refused(why))) => {
                    let code = said.trim_end().rsplit('=').next().expect("a code");
                    assert!(why.contains(code), "{why}");
                }
                Err(_) => unreadable.push(said),
            }
        }
        assert_eq!(unreadable, ["%1ROWP=A\r", "NOTHING\r", "%1POWR=0\r"]);
        assert_eq!(exchanges.len(), 85);
    }

    #[test]
    fn recorded_power_is_read_and_an_unknown_one_is_said() {
        let recorded = recorded();
        let mut seen: Vec<Result<Lamp, CallError>> = Vec::new();
        for exchange in recorded["exchanges"].as_array().expect("a list") {
            let (asked, said) = (&exchange["request"], exchange["response"].as_str().expect("text"));
            if asked == "%1POWR ?\r"
                && let Ok(value) = answer(said.as_bytes(), "POWR")
            {
                seen.push(lamp(&value));
            }
        }
        let [Ok(Lamp::Standby), Ok(Lamp::On), Ok(Lamp::Cooling), Ok(Lamp::Warming), Err(unknown)] =
            seen.as_slice()
        else {
            panic!("{seen:?}")
        };
        assert!(unknown.to_string().contains("`A`"), "{unknown}");
    }

    #[test]
    fn errors_are_told_in_words() {
        assert_eq!(trouble("000000"), None);
        assert_eq!(trouble("101020").as_deref(), Some("error: filter; warning: fan, temperature"));
        assert_eq!((trouble("0000000"), trouble("003000")), (None, None), "recorded, and not readable");
    }

    #[test]
    fn the_password_goes_as_the_specification_shows() {
        // The example of the specification, section 5.1: salt 498e4a67, password JBMIAProjectorLink.
        assert_eq!(digest("498e4a67", "JBMIAProjectorLink"), "5d8409bc1c3fa39749434aa3a5c38682");
    }

    #[test]
    fn inputs_beyond_class_one_are_asked_for_in_class_two() {
        assert_eq!(["31", "59", "61", "3A"].map(class_of), ['1', '1', '2', '2']);
    }
}
