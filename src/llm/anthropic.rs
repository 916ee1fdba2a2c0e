//! Anthropic's Messages API, version 2023-06-01: `POST /v1/messages`. The answer comes as the input of the
//! one tool the model is made to use.

use serde_json::{Value, json};

use super::prompt::{ANSWER_TOKENS, Prompt};
use super::wire::{Heard, Said, Wire, usage};

const VERSION: &str = "2023-06-01";
const TOOL: &str = "nominate";

pub struct Anthropic;

impl Wire for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn base(&self) -> &'static str {
        "https://api.anthropic.com"
    }

    fn path(&self) -> &'static str {
        "v1/messages"
    }

    fn model_path(&self, model: &str) -> String {
        format!("v1/models/{model}")
    }

    fn headers(&self, key: &str) -> Vec<(&'static str, String)> {
        vec![("x-api-key", key.to_owned()), ("anthropic-version", VERSION.to_owned())]
    }

    fn body(&self, model: &str, prompt: &Prompt) -> Value {
        json!({
            "model": model,
            "max_tokens": ANSWER_TOKENS,
            "system": prompt.rules,
            "messages": [{"role": "user", "content": prompt.message}],
            "tools": [{
                "name": TOOL,
                "description": "Says which procedure the message asks for.",
                "strict": true,
                "input_schema": prompt.schema,
            }],
            "tool_choice": {"type": "tool", "name": TOOL, "disable_parallel_tool_use": true},
        })
    }

    fn heard(&self, answer: &Value) -> Heard {
        Heard { usage: usage(answer, "input_tokens", "output_tokens"), said: said(answer) }
    }

    /// Credit that has run out is a 400 with words; billing errors have a type of their own.
    fn out_of_credit(&self, status: u16, error: &Value) -> bool {
        let error = &error["error"];
        let words = error["message"].as_str().unwrap_or_default();
        status == 402 || error["type"] == "billing_error" || words.contains("credit balance")
    }
}

fn said(answer: &Value) -> Said {
    if answer["stop_reason"] == "refusal" {
        return Said::Refused;
    }
    let mut calls = answer["content"].as_array().into_iter().flatten().filter(|b| b["type"] == "tool_use");
    match (answer["stop_reason"].as_str(), calls.next(), calls.next()) {
        (Some("tool_use"), Some(call), None) if call["name"] == TOOL => Said::Text(call["input"].to_string()),
        _ => Said::Unusable,
    }
}
