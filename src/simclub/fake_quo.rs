//! A simulated Quo on loopback: v1 for sending and reading by participant, 2026-03-30 for lists, webhooks of
//! both kinds.
//!
//! Owns the wire, and is strict: a header, field, parameter or length that Quo's pages do not name is a 4xx
//! and a complaint. What it does with a text is the carrier's.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::carrier::{Carriage, Carrier, Occurrence, SimCall, SimHook, SimRefusal, SimText, Wire};
use super::signing;
use super::text_server::{TextServer, answer, guard};
use crate::clock::{Clock, UnixMs};
use crate::site::E164;

/// The simulated club's number and its id.
pub const NUMBER: &str = "+19025550100";
pub const NUMBER_ID: &str = "PNsimulated";

/// Also the bytes of the webhooks' key; a secret of nothing.
const KEY: &str = "simulated-quo-key";

/// Headers a client may send.
const HEADERS: &[&str] =
    &["host", "authorization", "accept", "content-type", "content-length", "user-agent", "quo-api-version"];

/// A running simulated Quo; it ends with the value. What happened and goes wrong is its [`Carrier`].
pub struct FakeQuo {
    pub url: String,
    pub key: String,
    /// `whsec_…`, for webhooks of both kinds.
    pub webhook_secret: String,
    pub number: String,
    pub number_id: String,
    legacy: Arc<AtomicBool>,
    carrier: Arc<Carrier>,
    server: TextServer,
}

struct QuoWire {
    legacy: Arc<AtomicBool>,
}

/// Why a request is not to be had: status, code, words.
struct Wrong(u16, &'static str, String);

impl FakeQuo {
    /// Starts on a free port of loopback; needs a running tokio.
    ///
    /// # Errors
    /// No port.
    pub fn start(clock: Clock) -> io::Result<FakeQuo> {
        let webhook_secret = format!("whsec_{}", signing::base64(KEY.as_bytes()));
        let legacy = Arc::new(AtomicBool::new(false));
        let wire = QuoWire { legacy: legacy.clone() };
        let carrier = Carrier::new(clock, NUMBER, Box::new(wire));
        let app = Router::new()
            .route("/v1/messages", post(send).get(list_v1))
            .route("/messages", get(messages))
            .route("/calls", get(calls))
            .fallback(nowhere)
            .layer(middleware::from_fn_with_state(carrier.clone(), guard))
            .with_state(carrier.clone());
        let server = TextServer::start(app)?;
        Ok(FakeQuo {
            url: server.url(),
            key: KEY.to_owned(),
            webhook_secret,
            number: NUMBER.to_owned(),
            number_id: NUMBER_ID.to_owned(),
            legacy,
            carrier,
            server,
        })
    }

    pub fn carrier(&self) -> &Arc<Carrier> {
        &self.carrier
    }

    /// Signs and shapes webhooks the old way.
    pub fn use_legacy_hooks(&self, legacy: bool) {
        self.legacy.store(legacy, Ordering::Relaxed);
    }

    /// Pulls its plug: the port closes and every connection breaks.
    pub async fn stop(&mut self) {
        self.server.stop().await;
    }

    /// Is there again, at the same address.
    ///
    /// # Errors
    /// The port was taken by another.
    pub fn resume(&mut self) -> io::Result<()> {
        self.server.resume()
    }
}

impl Deref for FakeQuo {
    type Target = Arc<Carrier>;
    fn deref(&self) -> &Arc<Carrier> {
        &self.carrier
    }
}

type Answered = Result<Value, Wrong>;

async fn send(
    State(carrier): State<Arc<Carrier>>,
    Extension(carriage): Extension<Carriage>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let taken = checked_send(&headers, query.as_deref(), &body).map(|(to, text, user)| {
        let taken = carrier.take(&to, &text, carriage);
        let mut data = message(&taken);
        data["status"] = json!("queued");
        data["userId"] = json!(user);
        json!({ "data": data })
    });
    finish(&carrier, "POST /v1/messages", 202, taken)
}

/// Recipient, text and user of a request that is right.
fn checked_send(
    headers: &HeaderMap,
    query: Option<&str>,
    body: &str,
) -> Result<(String, String, Option<String>), Wrong> {
    let bad = |why: &str| Wrong(400, "0200400", why.to_owned());
    checked_headers(headers, false)?;
    if query.is_some() {
        return Err(bad("parameters where there are none"));
    }
    if headers.get("content-type").is_none_or(|kind| kind != "application/json") {
        return Err(bad("content-type is not application/json"));
    }
    let body: Value = serde_json::from_str(body).map_err(|_| bad("no JSON"))?;
    let fields = body.as_object().ok_or_else(|| bad("no object"))?;
    let known = ["from", "to", "content", "userId", "setInboxStatus"];
    if let Some(unknown) = fields.keys().find(|field| !known.contains(&field.as_str())) {
        return Err(bad(&format!("unknown field {unknown}")));
    }
    if ![NUMBER, NUMBER_ID].contains(&body["from"].as_str().unwrap_or_default()) {
        return Err(bad("from is none of the account's numbers"));
    }
    let Some([Value::String(to)]) = body["to"].as_array().map(Vec::as_slice) else {
        return Err(bad("to is not one number"));
    };
    to.parse::<E164>().map_err(|_| bad("to is not E.164"))?;
    let text = body["content"].as_str().ok_or_else(|| bad("no content"))?;
    if text.trim().is_empty() || text.chars().count() > 1600 {
        return Err(bad("content has not 1-1600 characters"));
    }
    let user = match &body["userId"] {
        Value::Null if !fields.contains_key("userId") => None,
        Value::String(user) if user.starts_with("US") => Some(user.clone()),
        _ => return Err(bad("userId is not US…")),
    };
    if fields.get("setInboxStatus").is_some_and(|status| status != "done") {
        return Err(bad("setInboxStatus is not done"));
    }
    Ok((to.clone(), text.to_owned(), user))
}

/// `dated`: the surface of 2026-03-30, which needs its version; v1 has none.
fn checked_headers(headers: &HeaderMap, dated: bool) -> Result<(), Wrong> {
    let bad = |why: String| Wrong(400, "0200400", why);
    if let Some(unknown) = headers.keys().find(|name| !HEADERS.contains(&name.as_str())) {
        return Err(bad(format!("unknown header {unknown}")));
    }
    let one = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match one("authorization") {
        Some(KEY) => {}
        Some(key) if key.to_ascii_lowercase().starts_with("bearer") => {
            return Err(Wrong(401, "0200401", "Bearer before the key".into()));
        }
        _ => return Err(Wrong(401, "", "Unauthorized".into())),
    }
    match (dated, one("quo-api-version")) {
        (true, Some("2026-03-30")) | (false, None) => Ok(()),
        (_, version) => Err(bad(format!("quo-api-version is {version:?}"))),
    }
}

async fn messages(
    State(carrier): State<Arc<Carrier>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let known = ["to", "from", "direction", "status"];
    let listed = checked_headers(&headers, true).and_then(|()| Filter::dated(query, &known)).map(|filter| {
        let texts = carrier.texts();
        let fitting = texts.iter().filter(|text| filter.takes(text));
        page(fitting.map(|text| (text.at, message(text))), &filter, "nextCursor")
    });
    finish(&carrier, "GET /messages", 200, listed)
}

async fn calls(
    State(carrier): State<Arc<Carrier>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = checked_headers(&headers, true).and_then(|()| Filter::dated(query, &[])).map(|filter| {
        let calls = carrier.calls();
        let fitting = calls.iter().filter(|call| call.at > filter.after);
        page(fitting.map(|one| (one.at, call(one))), &filter, "nextCursor")
    });
    finish(&carrier, "GET /calls", 200, listed)
}

async fn list_v1(
    State(carrier): State<Arc<Carrier>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = checked_headers(&headers, false).and_then(|()| Filter::v1(query)).map(|filter| {
        let texts = carrier.texts();
        let fitting = texts.iter().filter(|text| filter.takes(text));
        page(fitting.map(|text| (text.at, message(text))), &filter, "nextPageToken")
    });
    finish(&carrier, "GET /v1/messages", 200, listed)
}

async fn nowhere(State(carrier): State<Arc<Carrier>>, request: axum::extract::Request) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    finish(&carrier, &what, 200, Err(Wrong(404, "0200404", "no such address".into())))
}

/// What a list is asked for.
#[derive(Default)]
struct Filter {
    after: UnixMs,
    limit: usize,
    skip: usize,
    to: Option<String>,
    from: Option<String>,
    participant: Option<String>,
    outgoing: Option<bool>,
}

impl Filter {
    fn dated(query: Option<String>, more: &[&str]) -> Result<Filter, Wrong> {
        Filter::read(query, |name| {
            ["phoneNumberId", "userId", "createdAt[gt]", "limit", "after"].contains(&name)
                || more.contains(&name)
        })
    }

    fn v1(query: Option<String>) -> Result<Filter, Wrong> {
        let known = ["phoneNumberId", "userId", "participants", "createdAfter", "maxResults", "pageToken"];
        let filter = Filter::read(query, |name| known.contains(&name))?;
        match filter.participant {
            Some(_) => Ok(filter),
            None => Err(Wrong(400, "0200400", "no participants".into())),
        }
    }

    fn read(query: Option<String>, known: impl Fn(&str) -> bool) -> Result<Filter, Wrong> {
        let mut filter = Filter { limit: 10, ..Filter::default() };
        let mut number = false;
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let bad = || Wrong(400, "0200400", format!("{name} is wrong"));
            if !known(&name) {
                return Err(bad());
            }
            let phone = || value.parse::<E164>().map(|_| Some(value.to_string())).map_err(|_| bad());
            match name.as_ref() {
                "phoneNumberId" if value == NUMBER_ID => number = true,
                "createdAt[gt]" | "createdAfter" => {
                    let moment: jiff::Timestamp = value.parse().map_err(|_| bad())?;
                    filter.after = UnixMs::from(moment);
                }
                "limit" | "maxResults" => {
                    filter.limit = value.parse().ok().filter(|n| (1..=50).contains(n)).ok_or_else(bad)?;
                }
                "after" | "pageToken" => {
                    filter.skip = value.strip_prefix("sim").and_then(|n| n.parse().ok()).ok_or_else(bad)?;
                }
                "to" => filter.to = phone()?,
                "from" => filter.from = phone()?,
                "participants" => filter.participant = phone()?,
                "direction" if value == "outgoing" || value == "incoming" => {
                    filter.outgoing = Some(value == "outgoing");
                }
                _ => return Err(bad()),
            }
        }
        if number { Ok(filter) } else { Err(Wrong(400, "0200400", "no phoneNumberId".into())) }
    }

    fn takes(&self, text: &SimText) -> bool {
        let is =
            |wanted: &Option<String>, number: &str| wanted.as_ref().is_none_or(|wanted| wanted == number);
        text.at > self.after
            && is(&self.to, &text.to)
            && is(&self.from, &text.from)
            && (is(&self.participant, &text.to) || is(&self.participant, &text.from))
            && self.outgoing.is_none_or(|outgoing| outgoing != text.incoming)
    }
}

/// Newest first.
fn page(entries: impl Iterator<Item = (UnixMs, Value)>, filter: &Filter, cursor: &str) -> Value {
    let mut entries: Vec<(UnixMs, Value)> = entries.collect();
    entries.reverse();
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let end = filter.skip + filter.limit;
    let next = (entries.len() > end).then(|| format!("sim{end}"));
    let data: Vec<Value> =
        entries.into_iter().skip(filter.skip).take(filter.limit).map(|(_, value)| value).collect();
    let mut page = json!({ "data": data });
    page[cursor] = json!(next);
    page
}

fn message(text: &SimText) -> Value {
    let at = text.at.timestamp().to_string();
    let other = if text.incoming { &text.from } else { &text.to };
    json!({
        "id": text.id, "from": text.from, "to": [text.to], "text": text.body,
        "direction": if text.incoming { "incoming" } else { "outgoing" },
        "status": text.status, "createdAt": at, "updatedAt": at,
        "conversationId": format!("CNsimulated{}", other.trim_start_matches('+')),
        "phoneNumberId": NUMBER_ID,
        // A text by the API carries the key's user.
        "userId": if text.incoming { json!(null) } else { json!(text.person.as_deref().unwrap_or("USsimulatedkey")) },
        "media": media(text.media),
    })
}

fn media(count: u32) -> Vec<Value> {
    (0..count)
        .map(|n| json!({ "url": format!("https://simulated.invalid/{n}.png"), "type": "image/png" }))
        .collect()
}

fn call(call: &SimCall) -> Value {
    let at = call.at.timestamp().to_string();
    let voicemail = call.voicemail.as_ref().map(|words| {
        json!({ "id": format!("{}vm", call.id), "status": "completed", "duration": 5, "transcript": words,
                "recordingUrl": "https://simulated.invalid/voicemail.mp3" })
    });
    json!({
        "id": call.id, "phoneNumberId": NUMBER_ID, "direction": "incoming", "status": "missed",
        "participants": [{ "phoneNumber": NUMBER, "actorId": null }, { "phoneNumber": call.from, "actorId": null }],
        "answeredAt": null, "completedAt": at, "createdAt": at, "updatedAt": at, "duration": 0,
        "voicemail": voicemail,
    })
}

fn finish(carrier: &Carrier, what: &str, status: u16, answered: Answered) -> Response {
    match answered {
        Ok(body) => answer(status, &body),
        Err(Wrong(status, code, why)) => {
            // A key that is merely wrong is an answer, not a mistake of the client.
            if !code.is_empty() {
                carrier.complain(format!("{what}: {why}"));
            }
            answer(status, &problem(status, code, &why))
        }
    }
}

fn problem(status: u16, code: &str, why: &str) -> Value {
    json!({ "message": format!("SIMULATED: {why}"), "code": code, "status": status, "title": "SIMULATED",
            "docs": "https://simulated.invalid", "trace": "simulated" })
}

impl Wire for QuoWire {
    fn refusal(&self, refusal: SimRefusal) -> (u16, Value) {
        let (status, code, why) = match refusal {
            SimRefusal::RevokedKey => (401, "0200401", "Unauthorized"),
            SimRefusal::NotApproved => (400, "0206400", "A2P registration is not approved"),
            SimRefusal::NoCredit => (402, "0200402", "Not enough credits"),
            SimRefusal::OptedOut => (400, "0200400", "The recipient opted out"),
            SimRefusal::BadNumber => (400, "0200400", "The number cannot take texts"),
        };
        (status, problem(status, code, why))
    }

    fn id(&self, n: u64, _call: bool) -> String {
        format!("ACsimulated{n:08}")
    }

    fn hook(&self, occurrence: &Occurrence, url: &str, now: UnixMs, n: u64) -> Option<SimHook> {
        let legacy = self.legacy.load(Ordering::Relaxed);
        let body = if legacy { legacy_event(occurrence, now, n)? } else { event(occurrence, now, n) };
        let body = body.to_string().into_bytes();
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if legacy {
            headers.push(("openphone-signature".into(), signing::legacy(KEY, now.0, &body)));
        } else {
            let (id, seconds) = (format!("msg_simulated{n:08}"), now.0.div_euclid(1000));
            headers.push(("webhook-signature".into(), signing::standard(KEY, &id, seconds, &body)));
            headers.push(("webhook-id".into(), id));
            headers.push(("webhook-timestamp".into(), seconds.to_string()));
        }
        Some(SimHook { url: url.to_owned(), headers, body })
    }
}

/// The envelope of 2026-03-30.
fn event(occurrence: &Occurrence, now: UnixMs, n: u64) -> Value {
    let mut context = json!({ "orgId": "ORsimulated", "phoneNumberId": NUMBER_ID, "conversationId": "CNsimulated",
        "contacts": { "ids": [], "lookupStatus": "unmatched" } });
    let (kind, resource) = match occurrence {
        Occurrence::Text(text) => {
            context["senderIdentifier"] = json!(text.from);
            context["recipientIdentifiers"] = json!([text.to]);
            context["userId"] = message(text)["userId"].clone();
            let resource = json!({ "id": text.id, "text": text.body, "status": text.status,
                "direction": if text.incoming { "incoming" } else { "outgoing" },
                "media": media(text.media), "createdAt": text.at.timestamp().to_string() });
            (format!("message.{}", text.status), resource)
        }
        Occurrence::Missed(one) => {
            context["participants"] =
                json!({ "external": [one.from], "workspace": [NUMBER], "resolution": "resolved" });
            let mut resource = call(one);
            resource["voicemail"] = json!(null);
            ("call.missed".to_owned(), resource)
        }
        Occurrence::Voicemail(one) => {
            context["participants"] =
                json!({ "external": [one.from], "workspace": [NUMBER], "resolution": "resolved" });
            let at = one.at.timestamp().to_string();
            let resource = json!({ "callId": one.id, "id": format!("{}vm", one.id), "direction": "incoming",
                "createdAt": at, "duration": 5, "from": one.from, "to": NUMBER, "transcript": one.voicemail,
                "recordingUrl": "https://simulated.invalid/voicemail.mp3" });
            ("call.voicemail.completed".to_owned(), resource)
        }
        Occurrence::Strange(kind) => (kind.clone(), json!({ "id": "XXsimulated" })),
    };
    json!({ "id": format!("EVsimulated{n:08}"), "apiVersion": "2026-03-30", "type": kind,
            "createdAt": now.timestamp().to_string(),
            "data": { "resource": resource, "context": context, "links": { "quo": "https://simulated.invalid" } } })
}

/// The envelope of before; it tells of no voicemail.
fn legacy_event(occurrence: &Occurrence, now: UnixMs, n: u64) -> Option<Value> {
    let (kind, object) = match occurrence {
        Occurrence::Text(text) => {
            let mut object = message(text);
            object["to"] = json!(text.to);
            object["body"] = object["text"].take();
            object.as_object_mut()?.remove("text");
            let kind = if text.incoming { "message.received" } else { "message.delivered" };
            (kind.to_owned(), object)
        }
        Occurrence::Missed(one) => {
            let mut object = call(one);
            object["from"] = json!(one.from);
            object["to"] = json!(NUMBER);
            // A recording without its words: those were never in it.
            let recording = json!({ "url": "https://simulated.invalid/voicemail.mp3", "type": "audio/mpeg" });
            object["voicemail"] = one.voicemail.as_ref().map_or(json!(null), |_| recording);
            object.as_object_mut()?.remove("participants");
            ("call.completed".to_owned(), object)
        }
        Occurrence::Voicemail(_) => return None,
        Occurrence::Strange(kind) => (kind.clone(), json!({ "id": "XXsimulated" })),
    };
    Some(json!({ "id": format!("EVsimulated{n:08}"), "object": "event", "apiVersion": "v4", "type": kind,
                 "createdAt": now.timestamp().to_string(), "data": { "object": object } }))
}
