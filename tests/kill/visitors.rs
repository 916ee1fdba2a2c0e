//! People who write while the box dies and comes back: players at their bays' pages, guests at the doors,
//! and a manager. All of them use the real pages and API, and try again as people do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::club::PASSWORD;
use crate::random::Random;

const TEXTS: [&str; 14] = [
    "trackman is frozen",
    "the simulator is frozen",
    "the projector is black, no picture",
    "both side tvs are off",
    "the side tvs are off again",
    "there is a windows update screen on the computer",
    "the ball is not registering",
    "what is the wifi password?",
    "how much is it per hour?",
    "i want a refund please",
    "can i talk to a person",
    "still not working",
    "thanks",
    "we found a glove in here",
];

/// What the box has promised over HTTP, and what was tried.
#[derive(Default)]
pub struct Promises {
    /// Key of a text to the id the box gave it (0: the page gave none).
    pub acked: BTreeMap<String, i64>,
    /// Keys that were sent at least once.
    pub tried: BTreeSet<String>,
    /// Booking of a visit at the door: acknowledged and tried presses of the button.
    pub presses: BTreeMap<String, (usize, usize)>,
    /// Escalations whose acknowledgement was acknowledged.
    pub escalations: BTreeSet<i64>,
    /// The manager's own texts that were acknowledged.
    pub replies: Vec<String>,
}

#[derive(Clone)]
pub struct People {
    http: Client,
    url: String,
    promises: Arc<Mutex<Promises>>,
    stop: watch::Receiver<bool>,
    screens: Arc<BTreeMap<String, String>>,
    token: Arc<str>,
}

/// One booking at the door.
#[derive(Clone)]
pub struct Guest {
    pub phone: String,
    pub booking: String,
}

impl People {
    /// Signs the manager in and sends the bookings. The box must be up.
    pub async fn arrive(url: &str, bookings: &Value, stop: watch::Receiver<bool>) -> People {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a client");
        let sign_in = json!({"name": "dana", "password": PASSWORD});
        let session =
            http.post(format!("{url}/api/v1/session")).json(&sign_in).send().await.expect("an answer");
        let session: Value = session.json().await.expect("a session");
        let token: Arc<str> = session["token"].as_str().expect("a token").into();
        let put = http.put(format!("{url}/api/v1/bookings")).bearer_auth(&token).json(bookings).send().await;
        let put = put.expect("an answer");
        assert_eq!(put.status(), StatusCode::OK, "{:?}", put.text().await);
        let screens =
            http.get(format!("{url}/api/v1/screens")).bearer_auth(&token).send().await.expect("an answer");
        let screens: Vec<Value> = screens.json().await.expect("screens");
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let screens = screens.iter().map(|s| (text(&s["bay"]), text(&s["path"]))).collect();
        let (url, promises) = (url.to_owned(), Arc::default());
        People { http, url, promises, stop, screens: Arc::new(screens), token }
    }

    pub fn promises(&self) -> MutexGuard<'_, Promises> {
        self.promises.lock().expect("no panic holds it")
    }

    /// How many things the box has promised so far.
    pub fn acks(&self) -> usize {
        let promises = self.promises();
        promises.acked.len() + promises.presses.values().map(|(acked, _)| acked).sum::<usize>()
    }

    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sends until the box answers, or `tries` are used up, or the day is over.
    async fn send(&self, mut tries: u32, request: impl Fn() -> RequestBuilder) -> Option<Response> {
        while !self.stopped() && tries > 0 {
            match request().send().await {
                Ok(answer) if !answer.status().is_server_error() => return Some(answer),
                _ => tries -= 1,
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        None
    }

    fn post(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let body: Vec<String> = form.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
        let form = "application/x-www-form-urlencoded";
        let request = self.http.post(format!("{}{path}", self.url)).header(header::CONTENT_TYPE, form);
        request.header(header::COOKIE, cookie).body(body.join("&"))
    }

    /// Reads the code off the bay's screen and proves presence with it. `None`: the day is over.
    async fn sit_down(&self, bay: &str) -> Option<String> {
        let screen = format!("{}{}", self.url, self.screens[bay]);
        let page = self.send(u32::MAX, || self.http.get(&screen)).await?.text().await.ok()?;
        let code = page.split("<p class=\"code\">").nth(1).expect("a code on the screen");
        let code = code.split('<').next().unwrap_or_default();
        let entered = self.send(u32::MAX, || self.post(&format!("/b/{bay}"), "", &[("code", code)])).await?;
        assert_eq!(entered.status(), StatusCode::SEE_OTHER, "{bay} does not take {code}");
        cookie(&entered)
    }

    /// One player, who moves on to the next bay after a dozen texts.
    pub async fn play(self, name: String, bays: Vec<String>, mut random: Random) {
        let mut count = 0;
        for bay in bays {
            let Some(cookie) = self.sit_down(&bay).await else { return };
            for _ in 0..12 {
                if self.stopped() {
                    return;
                }
                count += 1;
                let text = self.next_words(&cookie, &mut random).await;
                self.say(&bay, &cookie, &text, &format!("{name}-{count}"), &mut random).await;
                // How long a person thinks; nothing is waited for here.
                tokio::time::sleep(random.millis(100, 2_500)).await;
            }
        }
    }

    /// Says yes to a question mostly, else something of its own.
    async fn next_words(&self, cookie: &str, random: &mut Random) -> String {
        if random.below(400) == 0 {
            return "someone collapsed and is not breathing".to_owned();
        }
        let read = self.http.get(format!("{}/api/v1/bay/messages", self.url)).header(header::COOKIE, cookie);
        let said: Vec<Value> = match read.send().await {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let asked = said
            .last()
            .is_some_and(|m| m["by"] == "club" && m["text"].as_str().unwrap_or_default().contains('?'));
        if asked && random.percent(80) { "yes".to_owned() } else { (*random.pick(&TEXTS)).to_owned() }
    }

    async fn say(&self, bay: &str, cookie: &str, text: &str, key: &str, random: &mut Random) {
        self.promises().tried.insert(key.to_owned());
        // Some give up after one try: their text may be there or not, but never twice.
        let tries = if random.percent(20) { 1 } else { u32::MAX };
        let id = if random.percent(50) {
            let body = json!({"text": text, "id": key});
            let api = || {
                let request = self.http.post(format!("{}/api/v1/bay/messages", self.url)).json(&body);
                request.header(header::COOKIE, cookie)
            };
            let Some(answer) = self.send(tries, api).await else { return };
            assert_eq!(answer.status(), StatusCode::ACCEPTED);
            let Ok(body) = answer.json::<Value>().await else { return };
            body["message_id"].as_i64().expect("an id")
        } else {
            let path = format!("/b/{bay}/message");
            let form = [("text", text), ("form_key", key)];
            let Some(answer) = self.send(tries, || self.post(&path, cookie, &form)).await else { return };
            assert_eq!(answer.status(), StatusCode::SEE_OTHER);
            0
        };
        self.promises().acked.insert(key.to_owned(), id);
    }

    /// Guests come to the doors one after the other; half of them press once more.
    pub async fn knock(self, guests: Vec<Guest>, doors: &'static [&'static str], mut random: Random) {
        for guest in guests {
            let path = format!("/d/{}", random.pick(doors));
            let form = [("phone", guest.phone.as_str()), ("proof", guest.booking.as_str())];
            let Some(answer) = self.press(&guest, || self.post(&path, "", &form)).await else { return };
            let cookie = cookie(&answer).expect("a visit");
            tokio::time::sleep(random.millis(200, 4_000)).await;
            if random.percent(50) {
                let again = format!("{path}/again");
                let Some(_) = self.press(&guest, || self.post(&again, &cookie, &[])).await else { return };
            }
            tokio::time::sleep(random.millis(500, 3_000)).await;
        }
    }

    async fn press(&self, guest: &Guest, request: impl Fn() -> RequestBuilder) -> Option<Response> {
        let counted = || {
            self.promises().presses.entry(guest.booking.clone()).or_default().1 += 1;
            request()
        };
        let answer = self.send(u32::MAX, counted).await?;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "the door page");
        self.promises().presses.entry(guest.booking.clone()).or_default().0 += 1;
        Some(answer)
    }

    /// The manager acknowledges some of what waits, and answers some of it with an unsteady finger.
    pub async fn manage(self, mut random: Random) {
        let (mut count, mut acked) = (0, BTreeSet::new());
        while !self.stopped() {
            tokio::time::sleep(random.millis(1_000, 4_000)).await;
            let Some(waiting) = self.send(u32::MAX, || self.staff_get("/api/v1/escalations")).await else {
                return;
            };
            let Ok(waiting) = waiting.json::<Vec<Value>>().await else { continue };
            let fresh =
                waiting.iter().find(|e| e["acked_by"].is_null() && !acked.contains(&e["id"].as_i64()));
            let Some(one) = fresh else { continue };
            let id = one["id"].as_i64().expect("an id");
            acked.insert(Some(id));
            if random.percent(50) {
                let path = format!("/api/v1/escalations/{id}/ack");
                let Some(answer) = self.send(u32::MAX, || self.staff_post(&path, &json!({}))).await else {
                    return;
                };
                if answer.status().is_success() {
                    self.promises().escalations.insert(id);
                }
            } else if let Some(thread) = one["thread_id"].as_i64() {
                count += 1;
                let text = format!("On my way, note {count}");
                let body = json!({"text": text, "form_key": format!("note-{count}")});
                let path = format!("/api/v1/threads/{thread}/reply");
                let Some(answer) = self.send(u32::MAX, || self.staff_post(&path, &body)).await else {
                    return;
                };
                // 409: it had been taken before the box died.
                assert!(answer.status().is_success() || answer.status() == StatusCode::CONFLICT);
                self.promises().replies.push(text);
                let path = format!("/api/v1/threads/{thread}/release");
                let Some(_) = self.send(u32::MAX, || self.staff_post(&path, &json!({}))).await else {
                    return;
                };
            }
        }
    }

    fn staff_get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    fn staff_post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body)
    }
}

fn cookie(answer: &Response) -> Option<String> {
    let set = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
    set.split(';').next().map(str::to_owned)
}

fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => (byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}
