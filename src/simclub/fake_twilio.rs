//! A simulated Twilio on loopback: the Messages resource of 2010-04-01 and its signed webhooks.
//!
//! Owns the wire, and is strict: a header, field or parameter that Twilio's OpenAPI document does not name
//! is a 4xx and a complaint. What it does with a text is the carrier's.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::middleware;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use super::carrier::{Carriage, Carrier, Occurrence, SimHook, SimRefusal, SimText, Wire};
use super::signing;
use super::text_server::{TextServer, answer, guard};
use crate::clock::{Clock, UnixMs};
use crate::site::E164;

/// The simulated club's number.
pub const NUMBER: &str = "+19025550100";
/// An account of nobody.
pub const ACCOUNT: &str = "AC00000000000000000000005111da7ed0";
const TOKEN: &str = "simulated-twilio-token";
const SERVICE: &str = "MG00000000000000000000005111da7ed0";

const HEADERS: &[&str] = &["host", "authorization", "accept", "content-type", "content-length", "user-agent"];

/// What the form of a new message may hold.
const FIELDS: &[&str] = &["To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"];

/// A running simulated Twilio; it ends with the value. What happened and goes wrong is its [`Carrier`].
pub struct FakeTwilio {
    pub url: String,
    pub account_sid: String,
    /// Logs in, and signs webhooks.
    pub auth_token: String,
    pub number: String,
    carrier: Arc<Carrier>,
    server: TextServer,
}

struct TwilioWire;

/// Why a request is not to be had: status, code, words.
struct Wrong(u16, i64, String);

impl FakeTwilio {
    /// Starts on a free port of loopback; needs a running tokio.
    ///
    /// # Errors
    /// No port.
    pub fn start(clock: Clock) -> io::Result<FakeTwilio> {
        let carrier = Carrier::new(clock, NUMBER, Box::new(TwilioWire));
        let app = Router::new()
            .route("/2010-04-01/Accounts/{account}/Messages.json", post(send).get(list))
            .fallback(nowhere)
            .layer(middleware::from_fn_with_state(carrier.clone(), guard))
            .with_state(carrier.clone());
        let server = TextServer::start(app)?;
        Ok(FakeTwilio {
            url: server.url(),
            account_sid: ACCOUNT.to_owned(),
            auth_token: TOKEN.to_owned(),
            number: NUMBER.to_owned(),
            carrier,
            server,
        })
    }

    pub fn carrier(&self) -> &Arc<Carrier> {
        &self.carrier
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

impl Deref for FakeTwilio {
    type Target = Arc<Carrier>;
    fn deref(&self) -> &Arc<Carrier> {
        &self.carrier
    }
}

async fn send(
    State(carrier): State<Arc<Carrier>>,
    Path(account): Path<String>,
    Extension(carriage): Extension<Carriage>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let taken = checked_send(&account, &headers, query.as_deref(), &body).map(|(to, text)| {
        let mut taken = message(&carrier.take(&to, &text, carriage));
        taken["status"] = json!("queued");
        taken["date_sent"] = json!(null);
        taken
    });
    finish(&carrier, "POST Messages.json", 201, taken)
}

fn checked_send(
    account: &str,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &str,
) -> Result<(String, String), Wrong> {
    checked_headers(account, headers)?;
    let bad = |code, why: &str| Wrong(400, code, why.to_owned());
    if query.is_some() {
        return Err(bad(20001, "parameters where there are none"));
    }
    if headers.get("content-type").is_none_or(|kind| kind != "application/x-www-form-urlencoded") {
        return Err(bad(20001, "no form"));
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    for (at, (name, _)) in form.iter().enumerate() {
        if !FIELDS.contains(&name.as_str()) || form[..at].iter().any(|(before, _)| before == name) {
            return Err(bad(20001, &format!("{name} is unknown, or twice")));
        }
    }
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let to = field("To").ok_or_else(|| bad(21604, "no To"))?;
    to.parse::<E164>().map_err(|_| bad(21211, "To is not E.164"))?;
    match (field("From"), field("MessagingServiceSid")) {
        (Some(NUMBER), None) | (None, Some(SERVICE)) => {}
        _ => return Err(bad(21606, "From is not the account's number")),
    }
    let text = field("Body").filter(|body| !body.trim().is_empty()).ok_or_else(|| bad(21602, "no Body"))?;
    if text.chars().count() > 1600 {
        return Err(bad(21617, "Body has more than 1600 characters"));
    }
    if field("StatusCallback").is_some_and(|url| !url.starts_with("http")) {
        return Err(bad(21609, "StatusCallback is no address"));
    }
    Ok((to.to_owned(), text.to_owned()))
}

fn checked_headers(account: &str, headers: &HeaderMap) -> Result<(), Wrong> {
    if let Some(unknown) = headers.keys().find(|name| !HEADERS.contains(&name.as_str())) {
        return Err(Wrong(400, 20001, format!("unknown header {unknown}")));
    }
    let login = format!("Basic {}", signing::base64(format!("{ACCOUNT}:{TOKEN}").as_bytes()));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&login) {
        return Err(Wrong(401, 20003, "Authenticate".into()));
    }
    if account == ACCOUNT { Ok(()) } else { Err(Wrong(404, 20404, "no such account".into())) }
}

async fn list(
    State(carrier): State<Arc<Carrier>>,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let listed = checked_headers(&account, &headers)
        .and_then(|()| Filter::read(query.as_deref().unwrap_or_default()))
        .map(|filter| filter.page(carrier.texts()));
    finish(&carrier, "GET Messages.json", 200, listed)
}

async fn nowhere(State(carrier): State<Arc<Carrier>>, request: axum::extract::Request) -> Response {
    let what = format!("{} {}", request.method(), request.uri().path());
    finish(&carrier, &what, 200, Err(Wrong(404, 20404, "no such address".into())))
}

struct Filter {
    /// As it came, without the page.
    query: String,
    to: Option<String>,
    from: Option<String>,
    sent_from: Option<UnixMs>,
    size: usize,
    page: usize,
}

impl Filter {
    fn read(query: &str) -> Result<Filter, Wrong> {
        let mut filter =
            Filter { query: String::new(), to: None, from: None, sent_from: None, size: 50, page: 0 };
        let mut again = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let bad = || Wrong(400, 20001, format!("{name} is wrong"));
            let phone = || value.parse::<E164>().map(|_| Some(value.to_string())).map_err(|_| bad());
            match name.as_ref() {
                "To" => filter.to = phone()?,
                "From" => filter.from = phone()?,
                "DateSent>" => {
                    let moment: jiff::Timestamp = value.parse().map_err(|_| bad())?;
                    filter.sent_from = Some(UnixMs::from(moment));
                }
                "PageSize" => {
                    filter.size = value.parse().ok().filter(|n| (1..=1000).contains(n)).ok_or_else(bad)?
                }
                "Page" => filter.page = value.parse().map_err(|_| bad())?,
                "PageToken" if value.starts_with("PAsim") => {}
                _ => return Err(bad()),
            }
            if !name.starts_with("Page") || name == "PageSize" {
                again.append_pair(&name, &value);
            }
        }
        filter.query = again.finish();
        Ok(filter)
    }

    fn page(&self, texts: Vec<SimText>) -> Value {
        let mut fitting: Vec<&SimText> = texts.iter().filter(|text| self.takes(text)).collect();
        fitting.reverse();
        fitting.sort_by_key(|text| std::cmp::Reverse(text.at));
        let (start, end) = (self.page * self.size, (self.page + 1) * self.size);
        let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?{}", self.query);
        let next =
            (fitting.len() > end).then(|| format!("{path}&Page={}&PageToken=PAsim{end}", self.page + 1));
        let messages: Vec<Value> =
            fitting.iter().skip(start).take(self.size).map(|text| message(text)).collect();
        json!({ "messages": messages, "page": self.page, "page_size": self.size, "start": start, "end": end,
                "uri": path, "first_page_uri": path, "previous_page_uri": null, "next_page_uri": next })
    }

    fn takes(&self, text: &SimText) -> bool {
        let is =
            |wanted: &Option<String>, number: &str| wanted.as_ref().is_none_or(|wanted| wanted == number);
        // What waits in the queue has no DateSent, and so is in no list by date.
        let dated =
            self.sent_from.is_none_or(|from| text.status != "queued" && text.at.0 / 1000 >= from.0 / 1000);
        is(&self.to, &text.to) && is(&self.from, &text.from) && dated
    }
}

fn message(text: &SimText) -> Value {
    let at = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_string(&text.at.timestamp()).ok();
    // The message was made then; `date_sent` only once it left.
    let sent = at.clone().filter(|_| text.status != "queued");
    json!({
        "sid": text.id, "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": text.body,
        "from": text.from, "to": text.to, "status": text.status,
        "direction": if text.incoming { "inbound" } else { "outbound-api" },
        "date_created": at, "date_updated": at, "date_sent": sent,
        "num_media": text.media.to_string(), "num_segments": "1", "messaging_service_sid": null,
        "error_code": if text.status == "undelivered" { json!(30003) } else { json!(null) },
        "error_message": null, "price": null, "price_unit": "USD",
        "uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json", text.id),
        "subresource_uris": { "media": format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}/Media.json", text.id) },
    })
}

fn finish(carrier: &Carrier, what: &str, status: u16, answered: Result<Value, Wrong>) -> Response {
    match answered {
        Ok(body) => answer(status, &body),
        Err(Wrong(status, code, why)) => {
            // A key that is merely wrong is an answer, not a mistake of the client.
            if status != 401 {
                carrier.complain(format!("{what}: {why}"));
            }
            answer(status, &problem(status, code, &why))
        }
    }
}

fn problem(status: u16, code: i64, why: &str) -> Value {
    json!({ "code": code, "message": format!("SIMULATED: {why}"), "status": status,
            "more_info": "https://simulated.invalid" })
}

impl Wire for TwilioWire {
    fn refusal(&self, refusal: SimRefusal) -> (u16, Value) {
        let (status, code, why) = match refusal {
            SimRefusal::RevokedKey => (401, 20003, "Authenticate"),
            SimRefusal::NotApproved => (400, 21606, "From cannot send texts"),
            SimRefusal::NoCredit => (402, 20005, "the account is not active"),
            SimRefusal::OptedOut => (400, 21610, "the recipient opted out"),
            SimRefusal::BadNumber => (400, 21211, "To is no number"),
        };
        (status, problem(status, code, why))
    }

    fn id(&self, n: u64, call: bool) -> String {
        let prefix = if call { "CA" } else { "SM" };
        format!("{prefix}5111da7ed0{n:022x}")
    }

    fn hook(&self, occurrence: &Occurrence, url: &str, _now: UnixMs, _n: u64) -> Option<SimHook> {
        let form = form(occurrence);
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form);
        let headers = vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("x-twilio-signature".to_owned(), signing::twilio(TOKEN, url, &form)),
        ];
        Some(SimHook { url: url.to_owned(), headers, body: body.finish().into_bytes() })
    }
}

fn form(occurrence: &Occurrence) -> Vec<(String, String)> {
    let mut form = vec![("AccountSid", ACCOUNT.to_owned()), ("ApiVersion", "2010-04-01".to_owned())];
    match occurrence {
        Occurrence::Text(text) if text.incoming => form.extend([
            ("MessageSid", text.id.clone()),
            ("SmsSid", text.id.clone()),
            ("From", text.from.clone()),
            ("To", text.to.clone()),
            ("Body", text.body.clone()),
            ("NumMedia", text.media.to_string()),
            ("SmsStatus", "received".to_owned()),
        ]),
        Occurrence::Text(text) => {
            form.extend([
                ("MessageSid", text.id.clone()),
                ("From", text.from.clone()),
                ("To", text.to.clone()),
                ("MessageStatus", text.status.to_owned()),
            ]);
            if text.status == "undelivered" {
                form.push(("ErrorCode", "30003".to_owned()));
            }
        }
        Occurrence::Missed(call) => form.extend([
            ("CallSid", call.id.clone()),
            ("From", call.from.clone()),
            ("To", NUMBER.to_owned()),
            ("Direction", "inbound".to_owned()),
            ("CallStatus", "no-answer".to_owned()),
        ]),
        Occurrence::Voicemail(call) => form.extend([
            ("CallSid", call.id.clone()),
            ("From", call.from.clone()),
            ("To", NUMBER.to_owned()),
            ("RecordingSid", format!("RE{}", call.id.trim_start_matches("CA"))),
            ("TranscriptionStatus", "completed".to_owned()),
            ("TranscriptionText", call.voicemail.clone().unwrap_or_default()),
        ]),
        Occurrence::Strange(kind) => form.push(("EventType", kind.clone())),
    }
    form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
