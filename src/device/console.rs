//! A console before it is paired: the certificate it shows, and one look at it with a key.
//!
//! Reads, and nothing else. The key goes only to the certificate that a person has confirmed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use reqwest::StatusCode;
use serde_json::Value;

use super::call::CallError;
use super::http;
use super::pinned_tls;

/// Longest answer that is read.
const MOST: usize = 2 * 1024 * 1024;

/// Why there is nothing to pair with. Says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsoleError {
    #[error("`{0}` is no address of a console; write it like https://10.0.0.1")]
    Address(String),
    #[error("nothing answers there ({0}); is the address right, and is it on?")]
    NotReached(String),
    #[error("what answers there speaks no TLS ({0}); is it the right port?")]
    NoTls(String),
    #[error("{0}; if the console was set up anew, pair it again, else find out who answers")]
    OtherCertificate(String),
    #[error("it refuses the key (HTTP {0}); make one on the console's own page and take it whole")]
    WrongKey(u16),
    #[error("it sends us elsewhere (HTTP {0}), and we do not go; give the console's own address")]
    Elsewhere(u16),
    #[error("it answers no such thing (HTTP 404); is it this kind of console, and new enough?")]
    NotFound,
    #[error("it is asked too often (HTTP 429); wait a minute")]
    TooMany,
    #[error("it answers with a web page and not with data; is it this kind of console, at this port?")]
    WebPage,
    #[error("its answer says nothing ({0})")]
    Unclear(String),
}

/// How a key is shown.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// `x-api-key`.
    Api(&'a str),
    Bearer(&'a str),
}

/// A certificate as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256, lower-case hex.
    pub fingerprint: String,
    /// From when to when it says it is good.
    pub valid: Option<(Timestamp, Timestamp)>,
}

/// `https://host[:port]`, nothing behind it.
///
/// # Errors
/// [`ConsoleError::Address`].
pub fn address(url: &str) -> Result<String, ConsoleError> {
    let wrong = || ConsoleError::Address(url.to_owned());
    let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
    let plain = parsed.scheme() == "https"
        && parsed.host_str().is_some_and(|host| !host.is_empty())
        && parsed.path() == "/"
        && parsed.query().is_none()
        && parsed.username().is_empty();
    if plain { Ok(url.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

/// The certificate that is shown there. Sends nothing: the connection ends where it was seen.
///
/// # Errors
/// [`ConsoleError`].
pub async fn certificate(url: &str, patience: Duration) -> Result<Shown, ConsoleError> {
    let seen = Arc::new(Mutex::new(None));
    let shown = seen.clone();
    // Takes the certificate down and goes no further.
    let config = pinned_tls::client_config_by(move |certificate| {
        *shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate.to_vec());
        Err("seen".to_owned())
    })
    .map_err(|error| ConsoleError::Unclear(error.to_string()))?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience)
        .tls_backend_preconfigured(config)
        .build()
        .map_err(|error| ConsoleError::Unclear(error.to_string()))?;
    let ended = client.get(url).send().await;
    let der = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (der, ended) {
        (Some(der), _) => Ok(Shown { fingerprint: pinned_tls::fingerprint(&der), valid: validity(&der) }),
        (None, Ok(_)) => Err(ConsoleError::Unclear("it showed no certificate".to_owned())),
        (None, Err(error)) => {
            let text = super::access_client::chain(&error);
            let tls = ["InvalidContentType", "corrupt message", "HandshakeFailure", "InvalidMessage"];
            Err(if tls.iter().any(|word| text.contains(word)) {
                ConsoleError::NoTls(text)
            } else {
                ConsoleError::NotReached(text)
            })
        }
    }
}

/// Asks for one thing, with the key, at exactly this certificate.
///
/// # Errors
/// [`ConsoleError`].
pub async fn look(
    base: &str,
    fingerprint: &str,
    path: &str,
    key: Key<'_>,
    patience: Duration,
) -> Result<Value, ConsoleError> {
    let unclear = |what: String| ConsoleError::Unclear(what);
    let client = http::client(patience, Some(fingerprint)).map_err(|error| unclear(error.to_string()))?;
    let request = client.get(format!("{base}{path}")).header("accept", "application/json");
    let request = match key {
        Key::Api(key) => request.header("x-api-key", key),
        Key::Bearer(token) => request.bearer_auth(token),
    };
    let answer = http::ask(request, MOST).await.map_err(|error| match error {
        CallError::NotSent(why) if why.contains("another certificate") => ConsoleError::OtherCertificate(why),
        CallError::NotSent(why) | CallError::NoAnswer(why) => ConsoleError::NotReached(why),
        other => unclear(other.to_string()),
    })?;
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(ConsoleError::WrongKey(answer.status.as_u16()));
        }
        StatusCode::NOT_FOUND => return Err(ConsoleError::NotFound),
        StatusCode::TOO_MANY_REQUESTS => return Err(ConsoleError::TooMany),
        status if status.is_redirection() => return Err(ConsoleError::Elsewhere(status.as_u16())),
        status if !status.is_success() => return Err(unclear(format!("HTTP {status}"))),
        _ => {}
    }
    if answer.body.trim_ascii_start().starts_with(b"<") {
        return Err(ConsoleError::WebPage);
    }
    serde_json::from_slice(&answer.body).map_err(|_| unclear("it is no JSON".to_owned()))
}

/// The two dates of a certificate (RFC 5280, 4.1), if it can be read.
fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    const SEQUENCE: u8 = 0x30;
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    // A version, where there is one; serial number, algorithm, issuer.
    let mut before = 3;
    if fields.first() == Some(&0xa0) {
        before += 1;
    }
    for _ in 0..before {
        (_, _, fields) = element(fields)?;
    }
    let (kind, dates, _) = element(fields)?;
    let (from_kind, from, rest) = element(dates)?;
    let (to_kind, to, _) = element(rest)?;
    (kind == SEQUENCE).then_some(())?;
    Some((time(from_kind, from)?, time(to_kind, to)?))
}

/// One element (X.690): its tag, its content, what comes behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = (*der.first()?, *der.get(1)?, der.get(2..)?);
    let (length, rest) = match length {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let bytes = usize::from(long & 0x7f);
            let (digits, rest) = rest.split_at_checked(bytes).filter(|_| (1..=3).contains(&bytes))?;
            (digits.iter().fold(0, |sum, digit| sum * 256 + usize::from(*digit)), rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn time(kind: u8, content: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let whole = match kind {
        // UTCTime: two digits of the year, of 1950 to 2049.
        0x17 => format!("{}{text}", if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_of_a_certificate_are_read() {
        let mut asked = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        asked.not_before = rcgen::date_time_ymd(2021, 3, 4);
        asked.not_after = rcgen::date_time_ymd(2061, 5, 6);
        let made = asked.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        let (from, to) = validity(made.der()).unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2021-03-04T00:00:00Z".into(), "2061-05-06T00:00:00Z".into())
        );
        for cut in 0..made.der().len().min(200) {
            let _ = validity(&made.der()[..cut]); // never panics
        }
        assert_eq!(validity(b"\x30\x84\xff\xff\xff\xff"), None);
    }

    #[test]
    fn an_address_is_https_and_a_host_alone() {
        assert_eq!(address("https://10.0.0.1:12445/").as_deref(), Ok("https://10.0.0.1:12445"));
        for wrong in ["http://10.0.0.1", "10.0.0.1", "https://", "https://a/b", "https://u@a", "https://a?x"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
