//! Texts and calls by Twilio: every request is held against Twilio's own specification.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clubos::notify::sms::{Carrier, Sms};
use clubos::notify::twilio::Twilio;
use clubos::notify::voice::Voice;
use clubos::notify::{Channel, NotReached};
use serde_json::{Value, json};

use crate::house::{House, SAID};

const ACCOUNT: &str = "AC00000000000000000000005111da7ed0";
const FROM: &str = "+19025550100";
const SECRET: &str = "simulated-token";

#[derive(Default)]
struct Inner {
    /// Resource and fields of what was taken.
    taken: Vec<(String, BTreeMap<String, String>)>,
    complaints: Vec<String>,
    refuse: Option<(u16, i64)>,
}

/// A simulated Twilio that takes what its specification allows.
struct SpecTwilio {
    base: String,
    inner: Arc<Mutex<Inner>>,
}

impl SpecTwilio {
    async fn start() -> SpecTwilio {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Mutex::new(Inner::default()));
        let app = Router::new()
            .route("/2010-04-01/Accounts/{account}/{resource}", post(create))
            .with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        SpecTwilio { base, inner }
    }

    fn client(&self, secret: &str) -> Arc<Twilio> {
        let from = FROM.parse().unwrap();
        Arc::new(Twilio::new(&self.base, ACCOUNT, None, secret, &from).unwrap())
    }

    fn taken(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let inner = self.inner.lock().unwrap();
        assert!(inner.complaints.is_empty(), "{:?}", inner.complaints);
        inner.taken.clone()
    }
}

async fn create(
    State(inner): State<Arc<Mutex<Inner>>>,
    Path((account, resource)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inner = inner.lock().unwrap();
    let wanted = format!("Basic {}", base64(&format!("{ACCOUNT}:{SECRET}")));
    if account != ACCOUNT || headers["authorization"] != wanted {
        return refusal(401, 20003);
    }
    if let Some((status, code)) = inner.refuse {
        return refusal(status, code);
    }
    match check(&resource, &headers, &body) {
        Ok(fields) => {
            inner.taken.push((resource, fields));
            (StatusCode::CREATED, axum::Json(json!({"sid": "CA0", "status": "queued"}))).into_response()
        }
        Err(why) => {
            inner.complaints.push(why);
            refusal(400, 21200)
        }
    }
}

fn refusal(status: u16, code: i64) -> Response {
    let body = json!({"code": code, "message": "simulated", "more_info": "", "status": status});
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Fields, their kinds and lengths as the specification has them.
fn check(resource: &str, headers: &HeaderMap, body: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let spec: Value = serde_json::from_str(include_str!("../data/wire/twilio/create.openapi.json")).unwrap();
    let path = format!("/2010-04-01/Accounts/{{AccountSid}}/{resource}");
    let kind = "application/x-www-form-urlencoded";
    let content = &spec["paths"][&path]["post"]["requestBody"]["content"][kind]["schema"];
    let known = content["properties"].as_object().ok_or_else(|| format!("no resource {resource}"))?;
    if headers["content-type"] != kind {
        return Err("no form".into());
    }
    let fields = decode(std::str::from_utf8(body).map_err(|e| e.to_string())?);
    for required in content["required"].as_array().cloned().unwrap_or_default() {
        let name = required.as_str().unwrap();
        fields.get(name).filter(|v| !v.is_empty()).ok_or_else(|| format!("{name} is missing"))?;
    }
    for (name, value) in &fields {
        let schema = known.get(name).ok_or_else(|| format!("there is no field {name}"))?;
        if schema["type"] == "integer" && value.parse::<i64>().is_err() {
            return Err(format!("{name} is no number"));
        }
    }
    if resource == "Calls.json" && !["Url", "Twiml", "ApplicationSid"].iter().any(|f| fields.contains_key(*f))
    {
        return Err("nothing to say".into());
    }
    let longest = [("Twiml", 4000), ("Body", 1600)];
    for (name, most) in longest {
        if fields.get(name).is_some_and(|v| v.chars().count() > most) {
            return Err(format!("{name} is too long"));
        }
    }
    Ok(fields)
}

fn decode(body: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(b) = rest.next() {
            match b {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let hex = [rest.next().unwrap(), rest.next().unwrap()];
                    bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
                }
                b => bytes.push(b),
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (plain(k), plain(v))).collect()
}

#[tokio::test]
async fn a_call_speaks_the_escalation_and_nothing_of_the_customer() {
    let mut house = House::start("voice");
    let twilio = SpecTwilio::start().await;
    let board = house.switchboard(vec![Arc::new(Voice::new(twilio.client(SECRET)))]);
    let id = house.escalation("critical").await;
    board.call(&house.alert(id, "dana", "voice").await).await.unwrap();
    let (resource, fields) = twilio.taken().remove(0);
    assert_eq!(
        (resource.as_str(), fields["To"].as_str(), fields["From"].as_str()),
        ("Calls.json", "+19025550190", FROM)
    );
    let twiml = &fields["Twiml"];
    assert!(twiml.starts_with("<Response>") && twiml.matches("<Say>").count() == 2, "{twiml}");
    assert!(twiml.contains("Critical: Bay 2") && twiml.contains("simulated"), "{twiml}");
    assert!(!twiml.contains(SAID) && !twiml.contains("0101<") && !twiml.contains("555"), "{twiml}");
}

#[tokio::test]
async fn a_text_is_short_and_says_where_to_look() {
    let mut house = House::with("sms", Vec::new(), |site| site.notify.words = true);
    let twilio = SpecTwilio::start().await;
    let carrier: Arc<dyn Carrier> = twilio.client(SECRET);
    let board = house.switchboard(vec![Arc::new(Sms::new(carrier))]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "sam", "sms").await).await.unwrap();
    let (resource, fields) = twilio.taken().remove(0);
    assert_eq!((resource.as_str(), fields["To"].as_str()), ("Messages.json", "+19025550191"));
    let body = &fields["Body"];
    assert!(
        body.chars().count() <= 320 && body.contains("Bay 2") && body.contains("http://192.0.2.10:8080/?t="),
        "{body}"
    );
    assert!(!body.contains(SAID), "whatever the site says of Slack");
}

#[tokio::test]
async fn refusals_say_whose_fault_it_is() {
    let twilio = SpecTwilio::start().await;
    let mut house = House::start("twilio-refusals");
    let carrier: Arc<dyn Carrier> = twilio.client(SECRET);
    let channels: Vec<Arc<dyn Channel>> =
        vec![Arc::new(Sms::new(carrier)), Arc::new(Voice::new(twilio.client("old")))];
    let board = house.switchboard(channels);
    let why = board.test("voice", "dana").await.unwrap_err();
    assert!(why.to_string().contains("no longer accepts our key"), "{why}");
    for (refuse, person) in
        [((400, 21610), true), ((400, 21211), true), ((400, 21606), false), ((403, 20005), false)]
    {
        twilio.inner.lock().unwrap().refuse = Some(refuse);
        let why = board.test("sms", "dana").await.unwrap_err();
        assert_eq!(matches!(why, NotReached::NoAddress(_)), person, "{refuse:?}: {why:?}");
    }
    twilio.inner.lock().unwrap().refuse = Some((429, 20429));
    assert!(matches!(board.test("sms", "dana").await, Err(NotReached::Later { .. })));
}
