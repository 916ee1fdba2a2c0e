//! The request that fetches a calendar: bounded, conditional, over https only.
//!
//! The address is a secret (whoever has it reads every booking): it stands in no error and no log line.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use reqwest::{Response, StatusCode, Url};

use crate::site::{FeedUrl, is_allowed_url, secret};

/// Bytes of a calendar at most.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;
/// From the first to the last byte, redirects and all.
const WITHIN: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;

/// Why there is no calendar. Names neither address nor secret.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0}")]
    Address(#[from] secret::SecretError),
    #[error("the address of the calendar is not https")]
    NotHttps,
    #[error("the calendar redirects to an address that is not https")]
    RedirectedToHttp,
    #[error("the calendar redirects more than {REDIRECTS} times")]
    TooManyRedirects,
    #[error("the calendar's server answers {0}")]
    Status(StatusCode),
    #[error("the calendar is larger than {} MB", MOST_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("the calendar does not come within {} s", WITHIN.as_secs())]
    TooSlow,
    #[error("the calendar's server cannot be reached: {0}")]
    Unreachable(String),
}

impl FetchError {
    /// Whether it will not pass by itself.
    pub fn is_lasting(&self) -> bool {
        match self {
            FetchError::Status(status) => {
                status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
            FetchError::TooSlow | FetchError::Unreachable(_) => false,
            _ => true,
        }
    }
}

/// What an answer holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Nothing has changed since [`Fetcher::keep`] was last called.
    Same,
    New {
        text: String,
        marks: Marks,
    },
}

/// By what the server tells whether something has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    etag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

/// Fetches one calendar again and again.
pub struct Fetcher {
    client: reqwest::Client,
    url: FeedUrl,
    marks: Marks,
}

impl Fetcher {
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(url: FeedUrl) -> reqwest::Result<Fetcher> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("clubos/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Fetcher { client, url, marks: Marks::default() })
    }

    /// Asks for the calendar; if the server says so, only that it is the same as the one kept.
    ///
    /// # Errors
    /// [`FetchError`]; what was fetched before is as good as it was.
    pub async fn fetch(&self) -> Result<Fetched, FetchError> {
        tokio::time::timeout(WITHIN, self.within()).await.unwrap_or(Err(FetchError::TooSlow))
    }

    /// The calendar that came with these marks is read and stored: from now on only a newer one is wanted.
    pub fn keep(&mut self, marks: Marks) {
        self.marks = marks;
    }

    async fn within(&self) -> Result<Fetched, FetchError> {
        let mut url = address(&match &self.url {
            FeedUrl::Plain(url) => url.clone(),
            FeedUrl::File(file) => secret::read(file)?,
        })?;
        for _ in 0..=REDIRECTS {
            let response = self.ask(url.clone()).await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED && self.marks != Marks::default() {
                return Ok(Fetched::Same);
            }
            if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let to = to.and_then(|to| url.join(to).ok()).ok_or(FetchError::Status(status))?;
                url = address(to.as_str()).map_err(|_| FetchError::RedirectedToHttp)?;
                continue;
            }
            if status != StatusCode::OK {
                return Err(FetchError::Status(status));
            }
            return read(response).await;
        }
        Err(FetchError::TooManyRedirects)
    }

    async fn ask(&self, url: Url) -> Result<Response, FetchError> {
        let mut request = self.client.get(url).header(ACCEPT, "text/calendar, */*;q=0.1");
        if let Some(etag) = &self.marks.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(modified) = &self.marks.modified {
            request = request.header(IF_MODIFIED_SINCE, modified);
        }
        request.send().await.map_err(unreachable)
    }
}

/// Calendars are often given as `webcal://`, which is https by another name.
fn address(written: &str) -> Result<Url, FetchError> {
    let written = match written.split_once("://") {
        Some((scheme, rest)) if ["webcal", "webcals"].contains(&scheme) => format!("https://{rest}"),
        _ => written.to_owned(),
    };
    if !is_allowed_url(&written) {
        return Err(FetchError::NotHttps);
    }
    Url::parse(&written).map_err(|_| FetchError::NotHttps)
}

async fn read(response: Response) -> Result<Fetched, FetchError> {
    let mark = |name| response.headers().get(name).cloned();
    let marks = Marks { etag: mark(ETAG), modified: mark(LAST_MODIFIED) };
    let declared = response.content_length().and_then(|n| usize::try_from(n).ok());
    if declared.is_some_and(|n| n > MOST_BYTES) {
        return Err(FetchError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
    let mut parts = response.bytes_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(unreachable)?;
        if bytes.len() + part.len() > MOST_BYTES {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(Fetched::New { text: String::from_utf8_lossy(&bytes).into_owned(), marks })
}

/// What went wrong, without the address it went wrong at.
fn unreachable(error: reqwest::Error) -> FetchError {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(why) = cause {
        words = why.to_string();
        cause = why.source();
    }
    FetchError::Unreachable(words)
}
