//! Twilio's REST API, as far as people are called: one text, one voice call.
//!
//! POST of a form to `/2010-04-01/Accounts/{AC…}/Messages.json` or `Calls.json` with basic auth (account and
//! auth token, or API key and its secret); 201 with a `sid`, errors as `{"code", "message", "status"}`.

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::{NotReached, digest, http};
use crate::site::E164;

/// Where Twilio lives.
pub const TWILIO: &str = "https://api.twilio.com";
const WHO: &str = "Twilio";

/// An account that calls people.
pub struct Twilio {
    client: Client,
    base: String,
    account: String,
    user: String,
    secret: String,
    from: E164,
}

impl Twilio {
    /// `base` is [`TWILIO`], or a simulated one; `key` an API key's SID, without it `secret` is the auth token.
    ///
    /// # Errors
    /// If no HTTPS client can be made.
    pub fn new(
        base: &str,
        account: &str,
        key: Option<&str>,
        secret: &str,
        from: &E164,
    ) -> Result<Twilio, NotReached> {
        Ok(Twilio {
            client: http::client()?,
            base: base.trim_end_matches('/').to_owned(),
            account: account.to_owned(),
            user: key.unwrap_or(account).to_owned(),
            secret: secret.to_owned(),
            from: from.clone(),
        })
    }

    /// Hands a text to Twilio.
    ///
    /// # Errors
    /// [`NotReached`]; a time-out may have sent it all the same.
    pub async fn text(&self, to: &E164, body: &str) -> Result<(), NotReached> {
        self.post("Messages.json", &[("To", to.as_str()), ("From", self.from.as_str()), ("Body", body)]).await
    }

    /// Calls and speaks TwiML (at most 4000 characters); rings `seconds`.
    ///
    /// # Errors
    /// [`NotReached`]; a time-out may have called all the same.
    pub async fn call(&self, to: &E164, twiml: &str, seconds: u32) -> Result<(), NotReached> {
        let seconds = seconds.to_string();
        let from = self.from.as_str();
        let fields = [("To", to.as_str()), ("From", from), ("Twiml", twiml), ("Timeout", &seconds)];
        self.post("Calls.json", &fields).await
    }

    pub fn config(&self) -> String {
        digest(&[&self.account, &self.user, &self.secret, self.from.as_str()])
    }

    async fn post(&self, what: &str, fields: &[(&str, &str)]) -> Result<(), NotReached> {
        let url = format!("{}/2010-04-01/Accounts/{}/{what}", self.base, self.account);
        let request = self
            .client
            .post(url)
            .basic_auth(&self.user, Some(&self.secret))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(http::form(fields));
        let answer = request.send().await.map_err(|error| http::no_answer(WHO, error))?;
        if let Some(passing) = http::passing(WHO, &answer) {
            return Err(passing);
        }
        let taken = answer.status().is_success();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&http::body(WHO, answer).await?).unwrap_or_default();
        if taken && body["sid"].is_string() {
            return Ok(());
        }
        if taken {
            return Err(NotReached::Later { why: "what answered is not Twilio".into(), after: None });
        }
        Err(refusal(status, body["code"].as_i64()))
    }
}

/// Twilio's error codes that have a mend of their own (twilio.com/docs/api/errors).
fn refusal(status: u16, code: Option<i64>) -> NotReached {
    let code = code.unwrap_or(0);
    match code {
        21610 => NotReached::NoAddress("this phone has opted out of our texts; send it START".into()),
        21211 | 21217 | 21614 | 21401 | 13224 => {
            NotReached::NoAddress("Twilio cannot reach this phone number; look at site.toml".into())
        }
        21408 | 21215 | 13227 => NotReached::Refused(format!(
            "the Twilio account may not call this country; allow it in its console ({code})"
        )),
        21212 | 21606 | 21210 | 21659 => NotReached::Refused(format!(
            "`from` is no number of this Twilio account, or it cannot do this ({code})"
        )),
        20005 | 30002 => NotReached::Refused(format!("the Twilio account is suspended ({code})")),
        _ if status == 401 || code == 20003 => NotReached::Refused(
            "Twilio no longer accepts our key; make a new one and put it into its file".into(),
        ),
        _ => NotReached::Refused(format!("Twilio refused it ({status}, code {code})")),
    }
}
