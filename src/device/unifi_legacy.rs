//! UniFi Network's older API beside the official one, where the site names an account for it: which ports link
//! network gear, where this box is plugged in, whether the internet works; and the power cycle of a port on consoles
//! whose official API does not have it yet (before 9.3).
//!
//! Owns the session: one log-in at a time, in the background only, never while somebody waits; a fresh token for
//! whatever changes something; long rests after a refusal, as consoles lock accounts. Changes no setting: there is
//! no list here that would have to be written back whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use super::Observation;
use super::access_client::SIMULATED_HEADER;
use super::call::{Breaker, CallError};
use super::http::{Answer, ask};
use super::unifi_legacy_wire::{self as wire, Links, MAX_BODY, No};
use super::unifi_network::{Network, NetworkOptions};
use crate::site::{NetworkAccount, secret};

/// After a refused log-in the account is left alone this many of the longest pauses.
const REST: u32 = 5;
/// What was read is believed for this many looks.
const BELIEVED: u32 = 10;

/// The session at one console.
pub(super) struct Legacy {
    http: reqwest::Client,
    base: String,
    username: String,
    password: String,
    session: Mutex<Option<Session>>,
    /// Held while somebody logs in.
    signing_in: tokio::sync::Mutex<()>,
    resting: Mutex<Option<(Instant, String)>>,
    breaker: Breaker,
    options: NetworkOptions,
    seen: Mutex<Option<Seen>>,
    simulated: AtomicBool,
}

#[derive(Clone)]
struct Session {
    /// `TOKEN=…`.
    cookie: String,
    csrf: Option<String>,
}

/// What the console showed last.
#[derive(Clone)]
pub(super) struct Seen {
    at: Instant,
    pub links: Links,
    /// The device and port that carry this box.
    pub box_at: Option<(String, u16)>,
    pub internet: Option<bool>,
}

/// A session that is over.
struct Over;

impl Legacy {
    /// `http` speaks to this console's certificate alone.
    ///
    /// # Errors
    /// The password file cannot be used.
    pub fn new(
        account: &NetworkAccount,
        http: reqwest::Client,
        base: &str,
        options: NetworkOptions,
    ) -> Result<Legacy, secret::SecretError> {
        Ok(Legacy {
            http,
            base: base.to_owned(),
            username: account.username.clone(),
            password: secret::read(&account.password_file)?,
            session: Mutex::default(),
            signing_in: tokio::sync::Mutex::default(),
            resting: Mutex::default(),
            breaker: Breaker::new(options.leniency()),
            options,
            seen: Mutex::default(),
            simulated: AtomicBool::new(false),
        })
    }

    /// What the console showed, unless that is too long ago.
    pub fn seen(&self) -> Option<Seen> {
        let fresh = self.options.idle_poll * BELIEVED;
        lock(&self.seen).clone().filter(|seen| seen.at.elapsed() <= fresh)
    }

    pub fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    /// Power-cycles a port by the session there is. Never logs in: somebody waits.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn power_cycle(&self, site: &str, device: &str, port: u16) -> Result<(), CallError> {
        let body = json!({"cmd": "power-cycle", "mac": device, "port_idx": port});
        match self.call(Method::POST, &format!("api/s/{}/cmd/devmgr", plain(site)), Some(body)).await? {
            Ok(_) => Ok(()),
            Err(Over) => Err(CallError::Refused(
                "the session at the console is over; it is opened again in the background".to_owned(),
            )),
        }
    }

    /// Reads what is to be known.
    async fn read(&self, site: &str, box_mac: Option<&str>) -> Result<Seen, CallError> {
        let at = Instant::now();
        let site = plain(site);
        let links = Links::read(&self.get(&format!("api/s/{site}/stat/device")).await?);
        let internet = wire::internet(&self.get(&format!("api/s/{site}/stat/health")).await?);
        let box_at = match box_mac {
            Some(mac) => wire::port_of(&self.get(&format!("api/s/{site}/stat/sta")).await?, mac),
            None => None,
        };
        Ok(Seen { at, links, box_at, internet })
    }

    /// Reads a list; logs in if there is no session, and once more if it is over.
    async fn get(&self, path: &str) -> Result<Vec<Value>, CallError> {
        self.sign_in().await?;
        if let Ok(rows) = self.call(Method::GET, path, None).await? {
            return Ok(rows);
        }
        self.sign_in().await?;
        match self.call(Method::GET, path, None).await? {
            Ok(rows) => Ok(rows),
            Err(Over) => {
                Err(CallError::Unclear("the console ends every session as soon as it is opened".to_owned()))
            }
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Result<Vec<Value>, Over>, CallError> {
        let Some(session) = lock(&self.session).clone() else {
            let why = lock(&self.resting).as_ref().map(|(_, why)| format!(": {why}")).unwrap_or_default();
            return Err(CallError::Held(format!("nobody is signed in at the console{why}")));
        };
        if let Some(why) = self.breaker.held() {
            return Err(CallError::Held(why));
        }
        let mut request = self
            .http
            .request(method, format!("{}/proxy/network/{path}", self.base))
            .header("accept", "application/json")
            .header("cookie", &session.cookie);
        if let Some(csrf) = &session.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        let changes = body.is_some();
        if let Some(body) = body {
            request = request.json(&body);
        }
        let result = self.opened(&session, changes, ask(request, MAX_BODY).await);
        self.breaker.note(result.as_ref().err());
        result
    }

    fn opened(
        &self,
        used: &Session,
        changes: bool,
        answer: Result<Answer, CallError>,
    ) -> Result<Result<Vec<Value>, Over>, CallError> {
        let answer = answer?;
        self.simulated.store(answer.headers.contains_key(SIMULATED_HEADER), Ordering::Relaxed);
        self.renew(used, &answer);
        if answer.status == StatusCode::UNAUTHORIZED {
            self.forget(used);
            return Ok(Err(Over));
        }
        if answer.status == StatusCode::FORBIDDEN && changes {
            // An old token is answered so; a new session has a new one.
            self.forget(used);
            return Err(CallError::Refused("HTTP 403: this account may not, or its token is old".to_owned()));
        }
        let refused = answer.status.is_client_error();
        let words = wire::open(&answer.body);
        match (answer.success(), words) {
            (_, Err(No::SignIn)) => {
                self.forget(used);
                Ok(Err(Over))
            }
            (Err(_), Err(No::Refused(word))) if refused => Err(CallError::Refused(word)),
            (Err(error), _) => Err(error),
            (Ok(_), Err(No::Refused(word))) => Err(CallError::Refused(word)),
            (Ok(_), Err(No::Unclear(why))) => Err(CallError::Unclear(why)),
            (Ok(_), Ok(rows)) => Ok(Ok(rows)),
        }
    }

    /// Takes over what an answer hands out anew.
    fn renew(&self, used: &Session, answer: &Answer) {
        let mut session = lock(&self.session);
        let Some(session) = session.as_mut().filter(|session| session.cookie == used.cookie) else { return };
        if let Some(csrf) = csrf(answer) {
            session.csrf = Some(csrf);
        }
        if let Some(cookie) = cookie(answer) {
            session.cookie = cookie;
        }
    }

    fn forget(&self, used: &Session) {
        let mut session = lock(&self.session);
        if session.as_ref().is_some_and(|session| session.cookie == used.cookie) {
            *session = None;
        }
    }

    /// Opens a session if there is none. Whoever comes while another logs in waits for that one.
    async fn sign_in(&self) -> Result<(), CallError> {
        let _alone = self.signing_in.lock().await;
        if lock(&self.session).is_some() {
            return Ok(());
        }
        let resting = lock(&self.resting).clone();
        if let Some((until, why)) = resting
            && Instant::now() < until
        {
            return Err(CallError::Held(why));
        }
        if let Some(why) = self.breaker.held() {
            return Err(CallError::Held(why));
        }
        let body = json!({"username": self.username, "password": self.password, "rememberMe": true});
        let request = self.http.post(format!("{}/api/auth/login", self.base)).json(&body);
        let result = signed_in(ask(request, MAX_BODY).await);
        self.breaker.note(result.as_ref().err());
        let rest = match &result {
            Err(CallError::Refused(why)) => {
                Some((Instant::now() + self.options.longest_pause * REST, why.clone()))
            }
            _ => None,
        };
        *lock(&self.resting) = rest;
        *lock(&self.session) = Some(result?);
        Ok(())
    }
}

/// What a log-in was answered with.
fn signed_in(answer: Result<Answer, CallError>) -> Result<Session, CallError> {
    let answer = answer?;
    if wire::wants_second_factor(answer.status.as_u16(), &answer.body) {
        let why = "the console wants a second factor of `network.username`; name a local account without one";
        return Err(CallError::Refused(why.to_owned()));
    }
    if matches!(answer.status.as_u16(), 400 | 401 | 403) {
        let why = format!("the console does not take `network.username` (HTTP {})", answer.status.as_u16());
        return Err(CallError::Refused(why));
    }
    let (csrf, cookie) = (csrf(&answer), cookie(&answer));
    let body = answer.success()?;
    if serde_json::from_slice::<Value>(&body).is_err() {
        return Err(CallError::Unclear("no JSON: the console still starts".to_owned()));
    }
    // Some say 200 and open nothing when they are asked too often.
    let cookie = cookie.ok_or(CallError::TooMany(None))?;
    let csrf = csrf.or_else(|| wire::csrf_of(cookie.trim_start_matches("TOKEN=")));
    Ok(Session { cookie, csrf })
}

fn csrf(answer: &Answer) -> Option<String> {
    let text = |name: &str| answer.headers.get(name)?.to_str().ok().map(str::to_owned);
    text("x-updated-csrf-token").or_else(|| text("x-csrf-token"))
}

/// `TOKEN=…` of the cookies that are set.
fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pair = set.filter_map(|cookie| cookie.split(';').next()).map(str::trim);
    pair.filter(|pair| pair.len() > "TOKEN=".len()).find(|pair| pair.starts_with("TOKEN=")).map(str::to_owned)
}

/// Reads now and then; tells once that it cannot and once that it can again.
pub(super) async fn follow(network: Arc<Network>, legacy: Arc<Legacy>) {
    let mut told: Option<bool> = None;
    let box_mac = network.console.box_mac.as_deref();
    loop {
        let read = match network.client.site_reference().await {
            Ok(site) => legacy.read(&site, box_mac).await,
            Err(error) => Err(error),
        };
        match read {
            Ok(seen) => {
                if let (Some(hall), Some(up)) = (network.hall(), seen.internet) {
                    network.saw(hall, Observation::Wan { up }, false).await;
                }
                *lock(&legacy.seen) = Some(seen);
                if told.replace(true) != Some(true) {
                    info!("the console's older API is read: uplinks, internet");
                }
            }
            Err(error) => {
                for target in network.gear.keys() {
                    network.board.error(target, &format!("older API: {error}"));
                }
                if told.replace(false) != Some(false) {
                    warn!(%error, "the console's older API cannot be read; uplinks are those the site names");
                }
            }
        }
        let pause = network.options.idle_poll.max(legacy.breaker.held_for());
        tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
    }
}

/// A site's name as one segment of a path.
fn plain(site: &str) -> String {
    site.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
