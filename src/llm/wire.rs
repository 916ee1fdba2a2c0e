//! What a provider's wire must do: make a request of a prompt, and read answers and errors. No I/O, no time.

use serde_json::Value;

use super::prompt::Prompt;

/// One provider's API. Implementations alone know its JSON.
pub trait Wire: Send + Sync {
    /// As in `site.toml`.
    fn name(&self) -> &'static str;
    /// The provider's own address.
    fn base(&self) -> &'static str;
    /// Below the address.
    fn path(&self) -> &'static str;
    /// The path that says whether a model is there, for `clubos check`.
    fn model_path(&self, model: &str) -> String;
    /// Headers that carry the key, and what else the API wants.
    fn headers(&self, key: &str) -> Vec<(&'static str, String)>;
    fn body(&self, model: &str, prompt: &Prompt) -> Value;
    /// Reads an answer with status 200.
    fn heard(&self, answer: &Value) -> Heard;
    /// Whether an error of this status is about credit: money has to come in first, trying again does not help.
    fn out_of_credit(&self, status: u16, error: &Value) -> bool;
}

/// What stood in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub usage: Option<Usage>,
    pub said: Said,
}

/// What the model came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// JSON, to be read strictly.
    Text(String),
    /// The model would not.
    Refused,
    /// Cut off, empty, or in another shape.
    Unusable,
}

/// Tokens that are billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub input: i64,
    pub output: i64,
}

/// Tokens by their two names in an answer's `usage`.
pub fn usage(answer: &Value, input: &str, output: &str) -> Option<Usage> {
    let of = |name: &str| answer["usage"][name].as_i64().filter(|n| *n >= 0);
    Some(Usage { input: of(input)?, output: of(output)? })
}
