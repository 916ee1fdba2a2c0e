//! OpenAI's Responses API: `POST /responses` (OpenAI's OpenAPI document 2.3.0).

use serde_json::{Value, json};

use super::openai_chat;
use super::prompt::{ANSWER_TOKENS, Prompt};
use super::wire::{Heard, Said, Wire, usage};

pub struct OpenAiResponses;

impl Wire for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn base(&self) -> &'static str {
        openai_chat::BASE
    }

    fn path(&self) -> &'static str {
        "responses"
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
            "instructions": prompt.rules,
            "input": prompt.message,
            "max_output_tokens": ANSWER_TOKENS,
            "store": false,
            "text": {"format": {
                "type": "json_schema", "name": "nomination", "strict": true, "schema": prompt.schema,
            }},
        })
    }

    fn heard(&self, answer: &Value) -> Heard {
        Heard { usage: usage(answer, "input_tokens", "output_tokens"), said: said(answer) }
    }

    fn out_of_credit(&self, _: u16, error: &Value) -> bool {
        openai_chat::quota(error)
    }
}

fn said(answer: &Value) -> Said {
    let filtered = answer["incomplete_details"]["reason"] == "content_filter";
    let messages = answer["output"].as_array().into_iter().flatten().filter(|item| item["type"] == "message");
    let mut parts = messages.filter_map(|m| m["content"].as_array()).flatten();
    if filtered || parts.clone().any(|part| part["type"] == "refusal") {
        return Said::Refused;
    }
    let text =
        parts.next().filter(|part| part["type"] == "output_text").and_then(|part| part["text"].as_str());
    match (answer["status"].as_str(), text, parts.next()) {
        (Some("completed"), Some(text), None) => Said::Text(text.to_owned()),
        _ => Said::Unusable,
    }
}
