//! Shelly's plugs and relays over HTTP: the first generation by its paths, all later ones by RPC.
//!
//! Which generation answers is asked once (`GET /shelly`, which needs no log-in) and again after a failure. Every
//! connection is closed after its answer; a device takes few at once. A power cycle is the device's own timer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::super::Observation;
use super::super::call::CallError;
use super::super::digest::Challenge;
use super::super::http::{self, Answer};
use super::super::shelly::{Output, Proof, rpc_error};
use super::super::switch::{self, Verb};
use super::{LanError, Told, Wire};
use crate::policy::Permit;
use crate::site::lan::Shelly;
use crate::site::{Effect, Target, secret};

/// Its only user.
const USER: &str = "admin";
/// A whole status is about 2 kB.
const MOST: usize = 64 * 1024;
/// The path of every call, as it stands in the log-in.
const RPC: &str = "/rpc";

/// One output of one device.
pub(super) struct Relay {
    http: reqwest::Client,
    base: String,
    channel: u8,
    cycle_seconds: u8,
    password: Option<String>,
    proof: Mutex<Proof>,
    state: Mutex<State>,
}

/// What is known of the device, until it fails.
#[derive(Debug, Default)]
struct State {
    speaks: Option<Speaks>,
    simulated: bool,
    /// Number of the next call.
    next_id: u64,
    login: Option<Login>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Gen1 { locked: bool },
    Gen2,
}

/// A challenge under which requests are answered, with their count.
#[derive(Debug, Clone)]
struct Login {
    challenge: Challenge,
    count: u32,
}

impl Relay {
    pub fn new(
        at: &Shelly,
        target: &Target,
        effects: &[Effect],
        patience: Duration,
    ) -> Result<Relay, LanError> {
        let secret = |source| LanError::Secret { target: target.clone(), source };
        let http = |source| LanError::Http { target: target.clone(), source };
        let password = at.password_file.as_deref().map(secret::read).transpose().map_err(secret)?;
        let host = if at.host.contains(':') { format!("[{}]", at.host) } else { at.host.clone() };
        Ok(Relay {
            http: http::client(patience, None).map_err(http)?,
            base: format!("http://{host}:{}", at.port),
            channel: at.channel,
            cycle_seconds: at.cycle_seconds,
            password,
            proof: Mutex::new(Proof::new(effects, at.playing_above_w)),
            state: Mutex::default(),
        })
    }

    /// One request on a connection of its own.
    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer, CallError> {
        let answer = http::ask(request.header(header::CONNECTION, "close"), MOST).await?;
        self.state().simulated |= answer.simulated();
        Ok(answer)
    }

    /// What answers at the address, asked for where it is not known.
    async fn speaks(&self) -> Result<Speaks, CallError> {
        let known = self.state().speaks;
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = self.ask(self.http.get(format!("{}/shelly", self.base))).await?;
        let found = generation(&json_of(&answer.success()?)?)?;
        self.state().speaks = Some(found);
        Ok(found)
    }

    /// After a failure it is forgotten what answers there: it may be another device when it is back. A log-in is
    /// kept, as an old one is refused and then made anew.
    fn learn(&self, error: Option<&CallError>) {
        if matches!(error, Some(CallError::NotSent(_) | CallError::NoAnswer(_) | CallError::Unclear(_))) {
            self.state().speaks = None;
        }
    }

    async fn switch(&self, verb: Verb) -> Result<(), CallError> {
        match self.speaks().await? {
            Speaks::Gen1 { locked } => {
                self.gen1(&turn(self.channel, verb, self.cycle_seconds), locked).await.map(drop)
            }
            Speaks::Gen2 => {
                let mut params = json!({ "id": self.channel, "on": verb == Verb::On });
                if verb == Verb::Cycle {
                    params["toggle_after"] = json!(self.cycle_seconds);
                }
                self.call("Switch.Set", &params).await.map(drop)
            }
        }
    }

    async fn output(&self) -> Result<Output, CallError> {
        let output = match self.speaks().await? {
            Speaks::Gen1 { locked } => Output::gen1(&self.gen1("/status", locked).await?, self.channel),
            Speaks::Gen2 => {
                let status = self.call("Switch.GetStatus", &json!({ "id": self.channel })).await?;
                Output::gen2(&status, self.channel)
            }
        };
        output.map_err(CallError::Unclear)
    }

    /// A path of the first generation. The password goes only to a device that wants one.
    async fn gen1(&self, path: &str, locked: bool) -> Result<Value, CallError> {
        if locked && self.password.is_none() {
            // It may be opened meanwhile.
            self.state().speaks = None;
        }
        let mut answer = self.get(path, locked).await?;
        // Locked since it was asked. A 401 did nothing, so it may be asked anew.
        if answer.status == StatusCode::UNAUTHORIZED && !locked {
            self.state().speaks = Some(Speaks::Gen1 { locked: true });
            answer = self.get(path, true).await?;
        }
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(wrong_password());
        }
        if answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
            let said: String = String::from_utf8_lossy(&answer.body).chars().take(100).collect();
            return Err(CallError::Refused(format!("HTTP {}: {}", answer.status, said.trim())));
        }
        json_of(&answer.success()?)
    }

    async fn get(&self, path: &str, locked: bool) -> Result<Answer, CallError> {
        let request = self.http.get(format!("{}{path}", self.base));
        let request = if locked { request.basic_auth(USER, Some(self.password()?)) } else { request };
        self.ask(request).await
    }

    /// A call of the later generations: its result.
    async fn call(&self, method: &str, params: &Value) -> Result<Value, CallError> {
        let id = {
            let mut state = self.state();
            state.next_id += 1;
            state.next_id
        };
        let frame = json!({ "id": id, "src": "clubos", "method": method, "params": params });
        let answer = self.logged_in(&frame.to_string()).await?;
        let told = serde_json::from_slice::<Value>(&answer.body);
        match told {
            Ok(told) if told["error"].is_object() => Err(rpc_error(&told["error"])),
            // Some errors come bare, with a status of their own.
            Ok(told) if told["code"].is_i64() && !answer.status.is_success() => Err(rpc_error(&told)),
            _ => {
                let mut told = json_of(&answer.success()?)?;
                match told["id"].as_u64() {
                    Some(of) if of == id && told.get("result").is_some() => Ok(told["result"].take()),
                    _ => Err(CallError::Unclear("no answer to this call".to_owned())),
                }
            }
        }
    }

    /// Sends a call, with a log-in where the device wants one. A 401 did nothing, so it may be asked anew.
    async fn logged_in(&self, frame: &str) -> Result<Answer, CallError> {
        let login = self.next_login();
        let answer = self.send(frame, login.as_ref()).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let challenge = challenge(&answer)?;
        // The same nonce again and not called old: it is the password that is wrong.
        let refused =
            login.as_ref().is_some_and(|login| login.challenge.nonce == challenge.nonce && !challenge.stale);
        self.password()?;
        if refused {
            return Err(self.locked_out());
        }
        let login = Login { challenge, count: 1 };
        self.state().login = Some(login.clone());
        let answer = self.send(frame, Some(&login)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(self.locked_out());
        }
        Ok(answer)
    }

    async fn send(&self, frame: &str, login: Option<&Login>) -> Result<Answer, CallError> {
        let request = self.http.request(Method::POST, format!("{}{RPC}", self.base));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(frame.to_owned());
        let request = match login {
            Some(Login { challenge, count }) => {
                let answer = challenge.answer((USER, self.password()?), "POST", RPC, *count, &cnonce()?);
                request.header(header::AUTHORIZATION, answer)
            }
            None => request,
        };
        self.ask(request).await
    }

    /// The log-in in force, counted on.
    fn next_login(&self) -> Option<Login> {
        let mut state = self.state();
        let login = state.login.as_mut()?;
        login.count += 1;
        Some(login.clone())
    }

    fn locked_out(&self) -> CallError {
        self.state().login = None;
        wrong_password()
    }

    fn password(&self) -> Result<&str, CallError> {
        let missing = || CallError::Refused("it wants a password: name it in `password_file`".to_owned());
        self.password.as_deref().ok_or_else(missing)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proof(&self) -> MutexGuard<'_, Proof> {
        self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Wire for Relay {
    fn family(&self) -> &'static str {
        "Shelly (HTTP)"
    }

    async fn tell(&self, permit: &Permit, _told: &Told<'_>) -> Result<(), CallError> {
        let effect = permit.effect();
        let verb = switch::verb(effect, None);
        let verb = verb.ok_or_else(|| CallError::Refused(format!("a plug cannot do {effect}")))?;
        self.proof().told(effect);
        let result = self.switch(verb).await;
        self.learn(result.as_ref().err());
        result
    }

    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let output = self.output().await;
        self.learn(output.as_ref().err());
        Ok(self.proof().shown(output?))
    }

    fn simulated(&self) -> bool {
        self.state().simulated
    }
}

/// The first generation's path for a verb.
fn turn(channel: u8, verb: Verb, cycle_seconds: u8) -> String {
    match verb {
        Verb::On => format!("/relay/{channel}?turn=on"),
        Verb::Cycle => format!("/relay/{channel}?turn=off&timer={cycle_seconds}"),
        Verb::Off | Verb::Set(_) => format!("/relay/{channel}?turn=off"),
    }
}

fn generation(told: &Value) -> Result<Speaks, CallError> {
    match (told["gen"].as_u64(), told["type"].is_string()) {
        (Some(2..), _) => Ok(Speaks::Gen2),
        (None | Some(1), true) => Ok(Speaks::Gen1 { locked: told["auth"].as_bool().unwrap_or(false) }),
        _ => Err(CallError::Unclear("what answers there is no Shelly".to_owned())),
    }
}

fn challenge(answer: &Answer) -> Result<Challenge, CallError> {
    let headers = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let found = headers.filter_map(|header| Challenge::parse(header.to_str().ok()?)).next();
    found.ok_or_else(|| CallError::Refused("it wants a log-in that is not digest with SHA-256".to_owned()))
}

fn wrong_password() -> CallError {
    CallError::Refused("wrong password: see `password_file`".to_owned())
}

fn json_of(body: &[u8]) -> Result<Value, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError::Unclear(format!("no JSON: {error}")))
}

/// A nonce of our own, so that a recorded log-in is good for nothing.
fn cnonce() -> Result<String, CallError> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|error| CallError::NotSent(format!("no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
