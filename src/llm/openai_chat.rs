//! OpenAI's Chat Completions: `POST /chat/completions` (OpenAI's OpenAPI document 2.3.0).

use serde_json::{Value, json};

use super::prompt::{ANSWER_TOKENS, Prompt};
use super::wire::{Heard, Said, Wire, usage};

/// With the version: other servers that speak this API have it in their address too.
pub const BASE: &str = "https://api.openai.com/v1";

pub struct OpenAiChat;

impl Wire for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn base(&self) -> &'static str {
        BASE
    }

    fn path(&self) -> &'static str {
        "chat/completions"
    }

    fn model_path(&self, model: &str) -> String {
        format!("models/{model}")
    }

    fn headers(&self, key: &str) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Bearer {key}"))]
    }

    fn body(&self, model: &str, prompt: &Prompt) -> Value {
        json!({
            "model": model,
            "messages": [
                {"role": "system", "content": prompt.rules},
                {"role": "user", "content": prompt.message},
            ],
            "max_completion_tokens": ANSWER_TOKENS,
            "store": false,
            "response_format": {"type": "json_schema", "json_schema": {
                "name": "nomination", "strict": true, "schema": prompt.schema,
            }},
        })
    }

    fn heard(&self, answer: &Value) -> Heard {
        Heard { usage: usage(answer, "prompt_tokens", "completion_tokens"), said: said(answer) }
    }

    fn out_of_credit(&self, _: u16, error: &Value) -> bool {
        quota(error)
    }
}

fn said(answer: &Value) -> Said {
    let choice = &answer["choices"][0];
    let message = &choice["message"];
    if message["refusal"].is_string() || choice["finish_reason"] == "content_filter" {
        return Said::Refused;
    }
    match (choice["finish_reason"].as_str(), message["content"].as_str()) {
        (Some("stop"), Some(text)) => Said::Text(text.to_owned()),
        _ => Said::Unusable,
    }
}

/// Comes with 429, and waiting does not help.
pub fn quota(error: &Value) -> bool {
    let error = &error["error"];
    [&error["code"], &error["type"]].into_iter().any(|word| word == "insufficient_quota")
}
