//! Simulated providers of our own, strict: OpenAI's Responses and Chat Completions and Anthropic's Messages on
//! loopback. What the real one would refuse is refused and written down as a complaint. Can be slow, wrong,
//! full, out of credit, cut off or silent. It obeys whatever it is told to say.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clubos::site::LlmCompany;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::spec;

pub const KEY: &str = "sk-simulated-1";
/// Tokens that every answer says were used.
pub const USED: (i64, i64) = (300, 20);

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Play {
    /// This JSON, as the answer.
    Says(String),
    /// The first candidate, and the first number as the bay.
    Obeys,
    Refuses,
    /// The answer is cut off where the tokens ran out.
    CutOff,
    /// This status, with these headers and this error.
    Error(u16, Vec<(&'static str, String)>, Value),
    /// Says nothing, ever.
    Stalls,
    /// The connection breaks in the middle of the answer.
    Breaks,
    /// 200 with a web page.
    Html,
}

impl Play {
    pub fn status(status: u16) -> Play {
        Play::Error(
            status,
            Vec::new(),
            json!({"error": {"message": "simulated", "type": "simulated", "code": null}}),
        )
    }

    pub fn too_many(header: &'static str, value: &str) -> Play {
        Play::Error(429, vec![(header, value.to_owned())], json!({"error": {"code": "rate_limit_exceeded"}}))
    }
}

#[derive(Default)]
struct Seen {
    plays: VecDeque<Play>,
    bodies: Vec<Vec<u8>>,
    complaints: Vec<String>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Seen>>,
    count: Arc<watch::Sender<usize>>,
}

/// The running provider; it ends with the value.
pub struct Fake {
    address: SocketAddr,
    shared: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub async fn start() -> Fake {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { seen: Arc::default(), count: Arc::new(watch::Sender::new(0)) };
        let app = Router::new()
            .route("/v1/responses", post(serve))
            .route("/v1/chat/completions", post(serve))
            .route("/v1/messages", post(serve))
            .route("/v1/models/{model}", get(model))
            .with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Fake { address, shared, task }
    }

    /// As in `site.toml`.
    pub fn url(&self, company: LlmCompany) -> String {
        match company {
            LlmCompany::Anthropic => format!("http://{}", self.address),
            LlmCompany::OpenAi | LlmCompany::OpenAiChat => format!("http://{}/v1", self.address),
        }
    }

    /// What the next requests meet, in order; then it obeys.
    pub fn plays(&self, plays: impl IntoIterator<Item = Play>) {
        self.shared.seen.lock().unwrap().plays.extend(plays);
    }

    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.shared.seen.lock().unwrap().bodies.clone()
    }

    pub fn requests(&self) -> usize {
        self.shared.seen.lock().unwrap().bodies.len()
    }

    pub fn complaints(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().complaints.clone()
    }

    /// Until it has taken that many requests.
    pub async fn taken(&self, n: usize) {
        self.shared.count.subscribe().wait_for(|count| *count >= n).await.unwrap();
    }
}

async fn model(headers: HeaderMap, uri: Uri) -> Response {
    let key = headers.get("authorization").or(headers.get("x-api-key"));
    match key.and_then(|k| k.to_str().ok()) {
        Some(k) if k.ends_with(KEY) && uri.path().ends_with("/simulated-model") => {
            axum::Json(json!({})).into_response()
        }
        Some(k) if k.ends_with(KEY) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn serve(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, bytes: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let complaints = complaints(uri.path(), &headers, &body);
    let play = {
        let mut seen = shared.seen.lock().unwrap();
        seen.bodies.push(bytes.to_vec());
        seen.complaints.extend(complaints.clone());
        seen.plays.pop_front().unwrap_or(Play::Obeys)
    };
    shared.count.send_modify(|n| *n += 1);
    if !complaints.is_empty() {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({"error": {"message": complaints.join("; ")}})))
            .into_response();
    }
    match play {
        Play::Says(text) => said(uri.path(), &text),
        Play::Obeys => said(uri.path(), &obey(&schema(uri.path(), &body))),
        Play::Refuses => axum::Json(refused(uri.path())).into_response(),
        Play::CutOff => axum::Json(cut_off(uri.path())).into_response(),
        Play::Error(status, headers, error) => {
            let mut response = (StatusCode::from_u16(status).unwrap(), axum::Json(error)).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        Play::Stalls => std::future::pending().await,
        Play::Breaks => {
            let broken = futures_util::stream::iter([
                Ok(Bytes::from("{\"id\":")),
                Err(std::io::Error::other("simulated")),
            ]);
            Response::new(Body::from_stream(broken))
        }
        Play::Html => {
            axum::response::Html("<h1>Welcome to the hotel's Wi-Fi (simulated)</h1>").into_response()
        }
    }
}

/// What the real one would refuse.
fn complaints(path: &str, headers: &HeaderMap, body: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    if header("content-type") != "application/json" {
        all.push("no JSON".to_owned());
    }
    match path {
        "/v1/messages" => {
            if header("x-api-key") != KEY || header("anthropic-version") != "2023-06-01" {
                all.push("key or version".to_owned());
            }
            all.extend(anthropic(body));
        }
        _ => {
            if header("authorization") != format!("Bearer {KEY}") {
                all.push("no key".to_owned());
            }
            let name = if path == "/v1/responses" { "CreateResponse" } else { "CreateChatCompletionRequest" };
            all.extend(spec::wrong(name, body));
            for needed in if path == "/v1/responses" { ["model", "input"] } else { ["model", "messages"] } {
                if body[needed].is_null() {
                    all.push(format!("{needed} is missing"));
                }
            }
        }
    }
    all.extend(strict(&schema(path, body)));
    all
}

/// The subset that strict schemas are limited to: all required, nothing else, no keyword beyond it.
fn strict(schema: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let Some(properties) = schema["properties"].as_object() else { return vec!["no schema".to_owned()] };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if schema["additionalProperties"] != false {
        all.push("additionalProperties".to_owned());
    }
    all.extend(
        properties.keys().filter(|k| !required.contains(&k.as_str())).map(|k| format!("{k} is not required")),
    );
    for (name, property) in properties {
        let known = property.as_object().is_some_and(|p| p.keys().all(|k| k == "type" || k == "enum"));
        if !known {
            all.push(format!("{name} has a keyword that strict schemas do not take"));
        }
        let values: Vec<_> = property["enum"].as_array().into_iter().flatten().collect();
        if values.iter().enumerate().any(|(i, v)| values[..i].contains(v)) {
            all.push(format!("{name} has a value twice"));
        }
    }
    all
}

fn anthropic(body: &Value) -> Vec<String> {
    const KNOWN: [&str; 6] = ["model", "max_tokens", "system", "messages", "tools", "tool_choice"];
    let mut all: Vec<String> = Vec::new();
    let fields = body.as_object().cloned().unwrap_or_default();
    all.extend(fields.keys().filter(|k| !KNOWN.contains(&k.as_str())).map(|k| format!("{k} is unknown")));
    if !body["model"].is_string() || body["max_tokens"].as_u64().is_none_or(|n| n == 0) {
        all.push("model or max_tokens".to_owned());
    }
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let right =
        |m: &Value| matches!(m["role"].as_str(), Some("user" | "assistant")) && m["content"].is_string();
    if messages.is_empty() || !messages.iter().all(right) {
        all.push("messages".to_owned());
    }
    let tool = &body["tools"][0];
    if tool["name"] != body["tool_choice"]["name"]
        || body["tool_choice"]["type"] != "tool"
        || tool["input_schema"].is_null()
    {
        all.push("tools".to_owned());
    }
    all
}

fn schema(path: &str, body: &Value) -> Value {
    match path {
        "/v1/messages" => body["tools"][0]["input_schema"].clone(),
        "/v1/responses" => body["text"]["format"]["schema"].clone(),
        _ => body["response_format"]["json_schema"]["schema"].clone(),
    }
}

/// As much as the schema lets it: the first SOP, the first number as the bay, "at the door".
fn obey(schema: &Value) -> String {
    let first = |name: &str| schema["properties"][name]["enum"][0].clone();
    json!({"sop": first("sop"), "bay": first("bay"), "at_door": true}).to_string()
}

fn said(path: &str, text: &str) -> Response {
    let (input, output) = USED;
    let openai = json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
    let answer = match path {
        "/v1/responses" => json!({
            "id": "resp_simulated", "object": "response", "status": "completed", "error": null,
            "incomplete_details": null, "usage": openai,
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "message", "role": "assistant", "status": "completed",
                 "content": [{"type": "output_text", "text": text, "annotations": []}]},
            ],
        }),
        "/v1/messages" => match serde_json::from_str::<Value>(text) {
            Ok(input_value) => json!({
                "type": "message", "role": "assistant", "stop_reason": "tool_use",
                "content": [{"type": "tool_use", "id": "toolu_simulated", "name": "nominate", "input": input_value}],
                "usage": {"input_tokens": input, "output_tokens": output},
            }),
            // No tool, only words.
            Err(_) => json!({
                "type": "message", "role": "assistant", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": text}],
                "usage": {"input_tokens": input, "output_tokens": output},
            }),
        },
        _ => json!({
            "id": "chatcmpl-simulated", "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text, "refusal": null}}],
            "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
        }),
    };
    axum::Json(answer).into_response()
}

fn refused(path: &str) -> Value {
    let (input, output) = USED;
    match path {
        "/v1/responses" => json!({
            "status": "completed", "usage": {"input_tokens": input, "output_tokens": output},
            "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I cannot (simulated)"}]}],
        }),
        "/v1/messages" => json!({
            "stop_reason": "refusal", "content": [], "usage": {"input_tokens": input, "output_tokens": output},
        }),
        _ => json!({
            "choices": [{"finish_reason": "stop", "message": {"content": null, "refusal": "I cannot (simulated)"}}],
            "usage": {"prompt_tokens": input, "completion_tokens": output},
        }),
    }
}

fn cut_off(path: &str) -> Value {
    let (input, output) = USED;
    let half = r#"{"sop":"sim.frozen","bay":"no"#;
    match path {
        "/v1/responses" => json!({
            "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
            "usage": {"input_tokens": input, "output_tokens": output},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": half}]}],
        }),
        "/v1/messages" => json!({
            "stop_reason": "max_tokens", "usage": {"input_tokens": input, "output_tokens": output},
            "content": [{"type": "tool_use", "name": "nominate", "input": {"sop": "sim.frozen"}}],
        }),
        _ => json!({
            "choices": [{"finish_reason": "length", "message": {"content": half, "refusal": null}}],
            "usage": {"prompt_tokens": input, "completion_tokens": output},
        }),
    }
}
