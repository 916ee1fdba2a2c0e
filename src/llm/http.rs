//! The one HTTP client of the providers: HTTPS only (but for this very machine), no redirect, bounded
//! answers, and how long a provider asks to be left alone.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, Url};

use crate::clock::UnixMs;

/// For the connection; then another try is better.
const CONNECT: Duration = Duration::from_millis(1_500);
/// An answer of the schema has some hundred bytes; with everything around it no more than this.
const LONGEST: usize = 256 * 1024;

/// An answer of any status.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// What the provider asks to wait before the next try.
    pub wait: Option<Duration>,
    /// `x-should-retry`, which overrides what the status says.
    pub should_retry: Option<bool>,
}

/// The provider behind its address.
pub struct Http {
    client: Client,
    base: Url,
    headers: HeaderMap,
}

impl Http {
    /// # Errors
    /// An address that is none or not safe, a key that fits in no header, no TLS on this machine.
    pub fn new(base: &str, headers: &[(&'static str, String)]) -> Result<Http, String> {
        let wrong =
            || format!("`{base}` is no address of a provider: https://<host> (http only on this machine)");
        let url = Url::parse(&format!("{}/", base.trim_end_matches('/'))).map_err(|_| wrong())?;
        if !(url.scheme() == "https" || url.scheme() == "http" && is_here(&url)) {
            return Err(wrong());
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("clubos/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| error.without_url().to_string())?;
        let mut map = HeaderMap::new();
        map.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| "the key fits in no header".to_owned())?;
            value.set_sensitive(true);
            map.insert(*name, value);
        }
        Ok(Http { client, base: url, headers: map })
    }

    /// Sends these bytes, once. `Err`: no answer, or not a whole one; what of it was taken is not known.
    pub async fn post(&self, path: &str, body: Vec<u8>, now: UnixMs) -> Result<Answer, String> {
        self.call(Method::POST, path, body, now).await
    }

    pub async fn get(&self, path: &str, now: UnixMs) -> Result<Answer, String> {
        self.call(Method::GET, path, Vec::new(), now).await
    }

    async fn call(&self, method: Method, path: &str, body: Vec<u8>, now: UnixMs) -> Result<Answer, String> {
        let url = self.base.join(path).map_err(|error| error.to_string())?;
        let request = self.client.request(method, url).headers(self.headers.clone()).body(body);
        let mut response = request.send().await.map_err(words)?;
        let status = response.status().as_u16();
        let wait = wait(response.headers(), now);
        let should_retry = match header(response.headers(), "x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(words)? {
            if body.len() + chunk.len() > LONGEST {
                return Err("an answer without end".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body, wait, should_retry })
    }
}

/// Without the address, which may hold more than a log should.
fn words(error: reqwest::Error) -> String {
    let what = if error.is_connect() {
        "it cannot be reached"
    } else if error.is_timeout() {
        "it did not answer in time"
    } else {
        "the connection broke"
    };
    what.to_owned()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110, 10.2.3).
fn wait(headers: &HeaderMap, now: UnixMs) -> Option<Duration> {
    let seconds = |text: &str| text.parse::<f64>().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    if let Some(ms) = header(headers, "retry-after-ms").and_then(seconds) {
        return Some(ms / 1000);
    }
    let text = header(headers, "retry-after")?;
    seconds(text).or_else(|| {
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(UnixMs::from(date.timestamp()).since(now))
    })
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        wait(&headers, UnixMs(1_795_478_400_000)) // 2026-11-24T00:00:00Z
    }

    #[test]
    fn milliseconds_come_before_seconds_and_dates_are_read() {
        assert_eq!(asked(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(asked(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(
            asked(&[("retry-after", "2"), ("retry-after-ms", "300")]),
            Some(Duration::from_millis(300))
        );
        let date = asked(&[("retry-after", "Tue, 24 Nov 2026 00:00:03 GMT")]);
        assert_eq!(date, Some(Duration::from_secs(3)));
        for nonsense in ["soon", "-1", "NaN", ""] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn words_go_over_https_or_stay_on_this_machine() {
        let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
        for good in
            ["https://llm.example/v1", "http://127.0.0.1:9/v1", "http://localhost:9", "http://[::1]:9"]
        {
            assert!(Http::new(good, &[]).is_ok(), "{good}");
        }
        for bad in ["http://llm.example", "ftp://127.0.0.1", "llm.example", "http://127.0.0.1:9@llm.example"]
        {
            assert!(Http::new(bad, &[]).is_err(), "{bad}");
        }
    }
}
