//! Every request to Twilio against Twilio's own OpenAPI document, and the document's own examples as answers.
//!
//! The simulated Twilio is held against the same document: what it answers could be Twilio's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use base64::Engine;
use clubos::channel::twilio::{Twilio, TwilioSettings};
use clubos::channel::{Delivery, Heard, TextProvider};
use clubos::clock::UnixMs;
use clubos::simclub::fake_twilio::FakeTwilio;
use serde_json::Value;

use crate::spec::Spec;
use crate::support::*;

struct Asked {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    authorization: String,
    content_type: String,
    body: String,
}

#[derive(Clone)]
struct Example {
    spec: Arc<Spec>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Answers with the document's examples, and keeps what it was asked.
async fn example(State(state): State<Example>, request: Request) -> axum::response::Response {
    use axum::response::IntoResponse;
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    let header = |name: &str| {
        parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let query =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let second = parts.uri.query().is_some_and(|query| query.contains("PageToken"));
    state.asked.lock().unwrap().push(Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query,
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let (operation, _) =
        state.spec.operation(parts.method.as_str(), parts.uri.path()).expect("a known address");
    let (status, name) = if parts.method == "POST" { (201, "create") } else { (200, "readFullPage1") };
    let examples = &operation["responses"][status.to_string()]["content"]["application/json"]["examples"];
    let mut answer = examples[name]["value"].clone();
    if second {
        answer["next_page_uri"] = Value::Null;
        answer["messages"] = Value::Array(Vec::new());
    }
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, answer.to_string()).into_response()
}

async fn examples() -> (Example, SocketAddr) {
    let state = Example { spec: Arc::new(Spec::twilio()), asked: Arc::default() };
    let app = Router::new().fallback(example).with_state(state.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (state, address)
}

/// What is wrong with a request, by the document.
fn wrong(spec: &Spec, asked: &Asked) -> Vec<String> {
    let Some((operation, path)) = spec.operation(&asked.method, &asked.path) else {
        return vec![format!("{} {} is not in the document", asked.method, asked.path)];
    };
    let mut wrong = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap();
    let find = |name: &str, place: &str| {
        parameters.iter().find(|parameter| parameter["name"] == name && parameter["in"] == place)
    };
    for (place, given) in [("path", &path), ("query", &asked.query)] {
        for (name, value) in given {
            match find(name, place) {
                Some(parameter) => wrong.extend(spec.wrong_field(&parameter["schema"], value, name)),
                None => wrong.push(format!("{name} is no {place} parameter")),
            }
        }
    }
    if operation["security"][0].get("accountSid_authToken").is_some()
        && !asked.authorization.starts_with("Basic ")
    {
        wrong.push("no Basic authorization".into());
    }
    let content = &operation["requestBody"]["content"];
    if content.is_null() {
        wrong.extend((!asked.body.is_empty()).then(|| "a body where there is none".to_owned()));
        return wrong;
    }
    let schema = &content[&asked.content_type]["schema"];
    if schema.is_null() {
        wrong.push(format!("content type {}", asked.content_type));
        return wrong;
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    for (name, value) in &form {
        match schema["properties"].get(name) {
            Some(field) => wrong.extend(spec.wrong_field(field, value, name)),
            None => wrong.push(format!("{name} is no field of the form")),
        }
    }
    for required in schema["required"].as_array().unwrap() {
        if !form.iter().any(|(name, _)| required == name) {
            wrong.push(format!("{required} is missing"));
        }
    }
    wrong
}

#[tokio::test]
async fn every_request_fits_twilios_document_and_its_examples_are_understood() {
    let clock = evening();
    let (state, address) = examples().await;
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let settings = TwilioSettings { base_url: format!("http://{address}"), ..twilio_settings(&fake) };
    let by_service = TwilioSettings {
        messaging_service_sid: Some(format!("MG{}", "a".repeat(32))),
        status_callback: Some("https://club.example/hooks/twilio".into()),
        api_key: Some((format!("SK{}", "a".repeat(32)), "secret".into())),
        ..settings.clone()
    };
    for settings in [settings, by_service] {
        let twilio = Twilio::new(settings, clock.clone(), PATIENT).unwrap();
        let accepted = twilio.send(&number(ANN), "Bay 2 is back & running ⛳").await.unwrap();
        assert!(accepted.provider_id.starts_with("SM"));
        let heard = twilio.hear(UnixMs(0), &[]).await.unwrap();
        assert!(heard.iter().any(|heard| matches!(heard, Heard::Text { media: 3, .. })), "{heard:?}");
        assert!(heard.iter().any(|heard| matches!(heard, Heard::Sent { body, .. } if body == "testing")));
        assert!(!heard.iter().any(|heard| matches!(heard, Heard::Unknown { .. })), "{heard:?}");
        assert!(
            !heard.iter().any(|heard| matches!(heard, Heard::Status { delivered: Delivery::Delivered, .. }))
        );
        twilio.look_up(&number(ANN), "hello", clock.now()).await.unwrap();
        later(&clock, s(60));
    }
    let asked = state.asked.lock().unwrap();
    assert!(asked.len() >= 10, "sends, lists and their second pages: {}", asked.len());
    for one in asked.iter() {
        assert_eq!(
            wrong(&state.spec, one),
            Vec::<String>::new(),
            "{} {} {:?}",
            one.method,
            one.path,
            one.query
        );
    }
    let login =
        base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", fake.account_sid, fake.auth_token));
    assert_eq!(asked[0].authorization, format!("Basic {login}"));
    let form: Vec<(String, String)> = form_urlencoded::parse(asked[0].body.as_bytes()).into_owned().collect();
    assert_eq!(form[2], ("Body".to_owned(), "Bay 2 is back & running ⛳".to_owned()));
}

#[tokio::test]
async fn the_simulated_twilio_answers_as_the_document_says() {
    let clock = evening();
    let fake = FakeTwilio::start(clock.clone()).unwrap();
    let spec = Spec::twilio();
    fake.customer_writes(ANN, "hello", 2);
    let path = format!("/2010-04-01/Accounts/{}/Messages.json", fake.account_sid);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let login =
        |request: reqwest::RequestBuilder| request.basic_auth(&fake.account_sid, Some(&fake.auth_token));
    let form = format!("To={}&From={}&Body=hi", ANN.replace('+', "%2B"), fake.number.replace('+', "%2B"));
    let send =
        http.post(format!("{}{path}", fake.url)).header("content-type", "application/x-www-form-urlencoded");
    let sent = login(send).body(form).send().await.unwrap();
    assert_eq!(sent.status(), 201);
    let list = login(http.get(format!("{}{path}?PageSize=1", fake.url))).send().await.unwrap();
    for (method, status, answer) in [("POST", "201", sent), ("GET", "200", list)] {
        assert_eq!(answer.headers()["x-clubos-simulated"], "true");
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let (operation, _) = spec.operation(method, &path).unwrap();
        let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
        assert_eq!(spec.wrong(schema, &answer, method), Vec::<String>::new());
    }
    no_complaints(&fake);
}
