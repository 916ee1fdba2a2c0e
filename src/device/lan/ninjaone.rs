//! NinjaOne: reboots a bay's PC over the internet, where the bay's own agent cannot.
//!
//! Source: the provider's OpenAPI document (2.0.9-draft) and its pages on OAuth. What it answers is a word that it
//! will, never a proof: the bay's own agent shows the new boot, or the outcome stays unknown. One session and one pace
//! for all PCs of an account ([`Accounts`]); nothing secret is ever said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::warn;

use super::super::Observation;
use super::super::call::CallError;
use super::super::http::{self, Answer, ask};
use super::{LanError, LanOptions, Told, Wire};
use crate::policy::Permit;
use crate::site::lan::NinjaOne;
use crate::site::{Effect, Target, secret};

const MAX_BODY: usize = 1024 * 1024;
/// The least that rebooting needs, of the scopes monitoring, management and control.
const SCOPE: &str = "monitoring management";
/// A session is renewed so long before its end.
const EARLY: Duration = Duration::from_secs(60);
/// A session whose end is not told.
const UNTOLD: u64 = 600;
/// A PC is looked at once in so many idle looks: by the provider's pages ten calls a minute are allowed.
const SELDOM: u32 = 10;
/// No wait that the provider asks for is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The accounts of a site: PCs that share one share its session.
#[derive(Default)]
pub(super) struct Accounts(BTreeMap<(String, String, Option<PathBuf>), Arc<Account>>);

impl Accounts {
    /// The wire to one PC.
    ///
    /// # Errors
    /// [`LanError`]: a secret or fingerprint cannot be used.
    pub fn wire(&mut self, target: &Target, at: &NinjaOne, options: &LanOptions) -> Result<Pc, LanError> {
        let key = (at.host.clone(), at.client_id.clone(), at.refresh_token_file.clone());
        let account = match self.0.get(&key) {
            Some(account) => account.clone(),
            None => {
                let account = Arc::new(Account::new(target, at, options)?);
                self.0.insert(key, account.clone());
                account
            }
        };
        let seldom = options.idle_poll * SELDOM;
        Ok(Pc { at: at.clone(), account, seldom, looked: tokio::sync::Mutex::default() })
    }
}

/// One PC.
pub(super) struct Pc {
    at: NinjaOne,
    account: Arc<Account>,
    /// Between two looks.
    seldom: Duration,
    looked: tokio::sync::Mutex<Option<(Instant, Result<(), CallError>)>>,
}

#[async_trait]
impl Wire for Pc {
    fn family(&self) -> &'static str {
        "PC (NinjaOne)"
    }

    async fn tell(&self, permit: &Permit, _told: &Told<'_>) -> Result<(), CallError> {
        if permit.effect() != Effect::PcReboot {
            return Err(CallError::Refused(format!("NinjaOne cannot do {} here", permit.effect())));
        }
        let mode = if self.at.forced { "FORCED" } else { "NORMAL" };
        let path = format!("v2/device/{}/reboot/{mode}", self.at.device_id);
        let body = json!({"reason": format!("ClubOS effect {} at {}", permit.effect_id(), permit.target())});
        self.account.call(Method::POST, &path, Some(&body)).await.map(drop)
    }

    /// Shows nothing: a boot is seen by the bay's agent alone. Only whether a reboot could be ordered now.
    async fn look(&self) -> Result<Vec<Observation>, CallError> {
        let mut looked = self.looked.lock().await;
        if looked.as_ref().is_none_or(|(at, _)| at.elapsed() >= self.seldom) {
            *looked = Some((Instant::now(), self.ask().await));
        }
        match looked.as_ref() {
            Some((_, Err(why))) => Err(why.clone()),
            _ => Ok(Vec::new()),
        }
    }

    fn simulated(&self) -> bool {
        self.account.inner().simulated
    }
}

impl Pc {
    async fn ask(&self) -> Result<(), CallError> {
        let body = self.account.call(Method::GET, &format!("v2/device/{}", self.at.device_id), None).await?;
        let row: Value =
            serde_json::from_slice(&body).map_err(|e| CallError::Unclear(format!("no JSON ({e})")))?;
        if row["id"].as_u64() != Some(u64::from(self.at.device_id)) {
            return Err(CallError::Unclear(
                "it answered with another device than the one asked for".to_owned(),
            ));
        }
        if row["offline"] == true {
            return Err(CallError::Refused("the PC is offline at NinjaOne".to_owned()));
        }
        Ok(())
    }
}

/// One account: its session and its pace.
struct Account {
    http: reqwest::Client,
    base: String,
    client_id: String,
    client_secret: String,
    refresh_token_file: Option<PathBuf>,
    /// Held while somebody gets a session.
    signing_in: tokio::sync::Mutex<()>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    token: Option<(String, Instant)>,
    refresh_token: Option<String>,
    /// Where this instance hands out tokens.
    door: Option<&'static str>,
    wait_until: Option<Instant>,
    simulated: bool,
}

impl Account {
    fn new(target: &Target, at: &NinjaOne, options: &LanOptions) -> Result<Account, LanError> {
        let secret_of = |path: &Path| {
            secret::read(path).map_err(|source| LanError::Secret { target: target.clone(), source })
        };
        let http = http::client(options.patience, at.certificate_sha256.as_deref())
            .map_err(|source| LanError::Http { target: target.clone(), source })?;
        let refresh_token = at.refresh_token_file.as_deref().map(secret_of).transpose()?;
        Ok(Account {
            http,
            base: format!("https://{}", at.host),
            client_id: at.client_id.clone(),
            client_secret: secret_of(&at.client_secret_file)?,
            refresh_token_file: at.refresh_token_file.clone(),
            signing_in: tokio::sync::Mutex::default(),
            inner: Mutex::new(Inner { refresh_token, ..Inner::default() }),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls with a session; with a new one once more if this one is over, as then nothing was done.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>, CallError> {
        let mut again = true;
        loop {
            let token = self.token().await.map_err(nothing_sent)?;
            let request = self.http.request(method.clone(), format!("{}/{path}", self.base));
            let request = request.bearer_auth(&token).header("accept", "application/json");
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let answer = self.paced(request).await?;
            self.inner().simulated = answer.simulated();
            match answer.status {
                StatusCode::UNAUTHORIZED => {
                    self.inner().token.take_if(|(used, _)| *used == token);
                    if !std::mem::replace(&mut again, false) {
                        return Err(CallError::Refused(
                            "it takes no session of this account (HTTP 401)".to_owned(),
                        ));
                    }
                }
                StatusCode::FORBIDDEN => return Err(CallError::Refused(self.forbidden())),
                StatusCode::NOT_FOUND => {
                    return Err(CallError::Refused("it knows no such PC (HTTP 404)".to_owned()));
                }
                _ => return answer.success(),
            }
        }
    }

    fn forbidden(&self) -> String {
        let mend = if self.refresh_token_file.is_some() {
            "whoever gave `refresh_token_file` may not do that, or the application lacks the scope management"
        } else {
            "needs a user-context token: write `refresh_token_file`, or give the application the scope management"
        };
        format!("it says no (HTTP 403): {mend}")
    }

    /// Sends, unless the provider asked to wait.
    async fn paced(&self, request: reqwest::RequestBuilder) -> Result<Answer, CallError> {
        let wait = self.inner().wait_until.map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(CallError::Held(format!(
                "it asked for patience (HTTP 429); it is asked again in {} s",
                wait.as_secs() + 1
            )));
        }
        let answer = ask(request, MAX_BODY).await?;
        if answer.status == StatusCode::TOO_MANY_REQUESTS
            && let Err(CallError::TooMany(Some(wait))) = answer.clone().success()
        {
            self.inner().wait_until = Some(Instant::now() + wait.min(LONGEST_WAIT));
        }
        Ok(answer)
    }

    /// A session that holds; whoever comes while another gets one waits for that one.
    async fn token(&self) -> Result<String, CallError> {
        let _alone = self.signing_in.lock().await;
        let held = self.inner().token.clone();
        if let Some((token, _)) = held.filter(|(_, until)| Instant::now() < *until) {
            return Ok(token);
        }
        let known = self.inner().door;
        let mut doors = vec!["ws/oauth/token", "oauth/token"];
        doors.retain(|door| known.is_none_or(|known| known == *door));
        for door in doors {
            let request = self.http.post(format!("{}/{door}", self.base)).body(self.grant());
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = self.paced(request).await?;
            // Some instances have only one of the two.
            if known.is_none() && matches!(answer.status.as_u16(), 404 | 405) {
                continue;
            }
            let token = self.granted(answer)?;
            self.inner().door = Some(door);
            return Ok(token);
        }
        Err(CallError::Refused("it hands out no sessions; is `host` your region?".to_owned()))
    }

    /// The form that asks for a session.
    fn grant(&self) -> String {
        let mut form =
            vec![("client_id", self.client_id.clone()), ("client_secret", self.client_secret.clone())];
        match &self.inner().refresh_token {
            Some(token) => {
                form.extend([("grant_type", "refresh_token".to_owned()), ("refresh_token", token.clone())]);
            }
            None => {
                form.extend([("grant_type", "client_credentials".to_owned()), ("scope", SCOPE.to_owned())])
            }
        }
        let pairs: Vec<String> =
            form.iter().map(|(key, value)| format!("{key}={}", http::encoded(value))).collect();
        pairs.join("&")
    }

    fn granted(&self, answer: Answer) -> Result<String, CallError> {
        self.inner().simulated = answer.simulated();
        let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default();
        if matches!(answer.status.as_u16(), 400 | 401 | 403) {
            let word = read(&answer.body)["error"].as_str().map(plain).unwrap_or_default();
            return Err(CallError::Refused(format!(
                "it opens no session for this account (HTTP {} {word})",
                answer.status.as_u16()
            )));
        }
        let body = read(&answer.success()?);
        let Some(token) = body["access_token"].as_str().filter(|token| is_token(token)) else {
            return Err(CallError::Unclear("a session without a token".to_owned()));
        };
        let lasts = Duration::from_secs(body["expires_in"].as_u64().unwrap_or(UNTOLD).min(24 * 3600));
        let mut inner = self.inner();
        inner.token = Some((token.to_owned(), Instant::now() + lasts.saturating_sub(EARLY).max(lasts / 2)));
        let next = body["refresh_token"].as_str().filter(|next| is_token(next));
        if let (Some(file), Some(next)) = (&self.refresh_token_file, next)
            && inner.refresh_token.as_deref() != Some(next)
        {
            inner.refresh_token = Some(next.to_owned());
            if let Err(error) = keep(file, next) {
                warn!(file = %file.display(), %error, "NinjaOne changed the refresh token and it could not be kept: after the next start somebody has to write a new one");
            }
        }
        Ok(token.to_owned())
    }
}

/// Without a session nothing of what was wanted has left.
fn nothing_sent(error: CallError) -> CallError {
    match error {
        CallError::NoAnswer(why) | CallError::Unclear(why) => CallError::NotSent(why),
        CallError::TooMany(_) => CallError::Held(error.to_string()),
        other => other,
    }
}

/// Puts a token that was changed by the provider in the place of the old one, whole or not at all.
fn keep(file: &Path, token: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = file.with_extension("next");
    let mut next =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    next.write_all(token.as_bytes())?;
    next.sync_all()?;
    std::fs::rename(&beside, file)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect()
}
