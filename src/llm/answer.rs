//! The one answer there is, read strictly: anything else is no nomination.

use serde::Deserialize;

use super::Nomination;
use super::prompt::{NONE, Prompt};
use super::redact::Redacted;
use crate::site::BayId;

/// As in the schema. A key too many, twice or missing is an error; so is anything after it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    sop: String,
    bay: String,
    at_door: bool,
}

/// Why an answer is none. Names no word of it: it may hold a customer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInSchema {
    #[error("the answer is not in the schema")]
    Shape,
    #[error("the answer names an SOP that was no candidate")]
    UnknownSop,
    #[error("the answer names a bay that stands nowhere in the text")]
    UnknownBay,
}

/// Reads an answer. Placeholders become again what they stand for, here on the box.
///
/// # Errors
/// [`NotInSchema`] for anything but exactly one answer of the schema that this prompt allows.
pub fn read(json: &str, prompt: &Prompt, redacted: &Redacted) -> Result<Nomination, NotInSchema> {
    if !json.trim_start().starts_with('{') {
        return Err(NotInSchema::Shape); // a list would be read as the fields in their order
    }
    let answer: Answer = serde_json::from_str(json).map_err(|_| NotInSchema::Shape)?;
    if answer.sop != NONE && !prompt.ids.contains(&answer.sop) {
        return Err(NotInSchema::UnknownSop);
    }
    if answer.bay != NONE && !prompt.numbers.contains(&answer.bay) {
        return Err(NotInSchema::UnknownBay);
    }
    let bay =
        redacted.number(&answer.bay).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=99).contains(n));
    let intent = (answer.sop != NONE).then_some(answer.sop);
    Ok(Nomination { intent, bay: bay.map(BayId), at_door: answer.at_door })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::Choice;
    use crate::llm::redact::redact;

    fn said(json: &str) -> Result<Nomination, NotInSchema> {
        let redacted = redact("bay 2 or so", &[]);
        let choices = [Choice { id: "sim.frozen".into(), title: "a frozen simulator".into() }];
        read(json, &Prompt::new(&redacted, &choices), &redacted)
    }

    #[test]
    fn the_bay_is_the_number_the_customer_wrote() {
        let right = said(r#"{"sop":"sim.frozen","bay":"[NUMBER_1]","at_door":false}"#).unwrap();
        assert_eq!(
            right,
            Nomination { intent: Some("sim.frozen".into()), bay: Some(BayId(2)), at_door: false }
        );
        let none = said(r#"{"sop":"none","bay":"none","at_door":true}"#).unwrap();
        assert_eq!(none, Nomination { intent: None, bay: None, at_door: true });
    }

    #[test]
    fn whatever_is_not_in_the_schema_is_no_nomination() {
        let shape = [
            "",
            "none",
            r#"{"sop":"sim.frozen","bay":"none","at_door":fal"#,
            r#"{"sop":"sim.frozen","bay":"none"}"#,
            r#"{"sop":"sim.frozen","bay":"none","at_door":"no"}"#,
            r#"{"sop":"sim.frozen","bay":"none","at_door":false,"price":"5 $"}"#,
            r#"{"sop":"sim.frozen","bay":"none","at_door":false,"reply":"https://pay.example"}"#,
            r#"{"sop":"none","sop":"sim.frozen","bay":"none","at_door":false}"#,
            r#"{"sop":"sim.frozen","bay":"none","at_door":false} Done!"#,
            r#"[{"sop":"sim.frozen","bay":"none","at_door":false}]"#,
            r#"["sim.frozen","none",false]"#,
            r#"{"sop":null,"bay":"none","at_door":false}"#,
        ];
        for json in shape {
            assert_eq!(said(json), Err(NotInSchema::Shape), "{json}");
        }
        let unknown = said(r#"{"sop":"door.open-all","bay":"none","at_door":true}"#);
        assert_eq!(unknown, Err(NotInSchema::UnknownSop));
        let bay = said(r#"{"sop":"sim.frozen","bay":"3","at_door":false}"#);
        assert_eq!(bay, Err(NotInSchema::UnknownBay));
    }
}
