//! The ids of the building as types: what is no bay, door or phone cannot be passed as one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A bay by its number as printed on the wall, 1..=99. Its target is `bay-N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BayId(pub u8);

impl fmt::Display for BayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bay-{}", self.0)
    }
}

/// What an effect acts on: `bay-2`, `door-main`, `lights`. Only names that stand in `site.toml` act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(String);

impl Target {
    pub fn new(name: impl Into<String>) -> Target {
        Target(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bay this target belongs to, for targets of the form `bay-N`.
    pub fn bay(&self) -> Option<BayId> {
        self.0.strip_prefix("bay-").and_then(|n| n.parse().ok()).map(BayId)
    }
}

impl From<BayId> for Target {
    fn from(bay: BayId) -> Target {
        Target(bay.to_string())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A phone number in E.164 form (ITU-T E.164): `+` and 8 to 15 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

/// The text is no E.164 number.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a phone number in the form +19025550101")]
pub struct NotE164;

impl E164 {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads a number as people type it; ten digits are taken as North American (+1).
    pub fn from_typed(text: &str) -> Result<E164, NotE164> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let unknown = text.chars().any(|c| !(c.is_ascii_digit() || " +-().\u{a0}".contains(c)));
        if unknown {
            return Err(NotE164);
        }
        match (text.trim_start().starts_with('+'), digits.len()) {
            (true, 8..=15) => Ok(E164(format!("+{digits}"))),
            (false, 10) => Ok(E164(format!("+1{digits}"))),
            (false, 11) if digits.starts_with('1') => Ok(E164(format!("+{digits}"))),
            _ => Err(NotE164),
        }
    }
}

impl FromStr for E164 {
    type Err = NotE164;
    fn from_str(text: &str) -> Result<E164, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        // No country's code begins with 0 (E.164, 6.2.1).
        let right = (8..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if right { Ok(E164(text.to_owned())) } else { Err(NotE164) }
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;
    fn try_from(text: String) -> Result<E164, NotE164> {
        text.parse()
    }
}

impl From<E164> for String {
    fn from(number: E164) -> String {
        number.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Debug output goes to logs, and logs hold no phone number: only the last two digits are shown.
impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+…{}", &self.0[self.0.len() - 2..])
    }
}
