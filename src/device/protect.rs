//! Snapshots of UniFi Protect cameras, by the local integration API.
//!
//! Owns the connection, the pin and the key. Reads one picture at a time and does nothing else at the console;
//! follows no redirect. That a camera is offline (503) is an answer, no error.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};

use super::access_client::chain;
use super::pinned_tls;
use crate::site::{Protect, secret};

/// Pictures beyond this many bytes are not read.
pub const MAX_PICTURE: usize = 4 * 1024 * 1024;

/// How patient it is.
#[derive(Debug, Clone)]
pub struct ProtectOptions {
    /// Longest wait for one answer. Default 8 s.
    pub patience: Duration,
    /// Pause after a 429 that names none. Default 2 s.
    pub backoff: Duration,
    /// Longest pause after a 429; a longer one that is wanted ends it. Default 15 s.
    pub longest_pause: Duration,
}

impl Default for ProtectOptions {
    fn default() -> ProtectOptions {
        ProtectOptions {
            patience: Duration::from_secs(8),
            backoff: Duration::from_secs(2),
            longest_pause: Duration::from_secs(15),
        }
    }
}

/// Why a console cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    #[error(transparent)]
    Key(#[from] secret::SecretError),
    #[error(transparent)]
    Pin(#[from] pinned_tls::PinError),
    #[error("the HTTPS client cannot be made: {0}")]
    Client(reqwest::Error),
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    #[error("no answer from the camera console: {0}")]
    NoAnswer(String),
    #[error("the camera console refuses (HTTP {0})")]
    Refused(u16),
    #[error("the camera console is asked too often (HTTP 429)")]
    TooMany,
    #[error("the camera console sends us elsewhere (HTTP {0}), and we do not go")]
    Redirect(u16),
    #[error("the answer is no whole JPEG picture")]
    NotAPicture,
    #[error("the picture is larger than {MAX_PICTURE} bytes")]
    TooLarge,
}

/// What a camera answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshot {
    Jpeg(Vec<u8>),
    Offline,
}

/// One console.
pub struct ProtectClient {
    http: reqwest::Client,
    base: String,
    key: String,
    options: ProtectOptions,
    alone: tokio::sync::Mutex<()>,
}

impl ProtectClient {
    /// # Errors
    /// [`ProtectError`]: key file or fingerprint cannot be used.
    pub fn new(console: &Protect, options: ProtectOptions) -> Result<ProtectClient, ProtectError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(pinned_tls::client_config(&console.certificate_sha256)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(options.patience)
            .build()
            .map_err(ProtectError::Client)?;
        let key = secret::read(&console.key_file)?;
        Ok(ProtectClient {
            http,
            base: console.url.clone(),
            key,
            options,
            alone: tokio::sync::Mutex::default(),
        })
    }

    /// One picture; after a 429 one more try.
    ///
    /// # Errors
    /// [`NoPicture`].
    pub async fn snapshot(&self, camera: &str) -> Result<Snapshot, NoPicture> {
        let _alone = self.alone.lock().await;
        match self.ask(camera).await {
            Err(Asked::TooMany(wanted)) => {
                let pause = wanted.unwrap_or(self.options.backoff);
                if pause > self.options.longest_pause {
                    return Err(NoPicture::TooMany);
                }
                tokio::time::sleep(pause).await;
                self.ask(camera).await
            }
            answered => answered,
        }
        .map_err(|asked| match asked {
            Asked::TooMany(_) => NoPicture::TooMany,
            Asked::Ended(why) => why,
        })
    }

    async fn ask(&self, camera: &str) -> Result<Snapshot, Asked> {
        let base = &self.base;
        let address =
            format!("{base}/proxy/protect/integration/v1/cameras/{camera}/snapshot?highQuality=false");
        let request = self.http.get(address).header("x-api-key", &self.key).header("accept", "image/jpeg");
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => Ok(Snapshot::Offline),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = response.headers().get(header::RETRY_AFTER);
                let wait = wait.and_then(|v| v.to_str().ok()?.trim().parse().ok());
                Err(Asked::TooMany(wait.map(Duration::from_secs)))
            }
            status if status.is_redirection() => Err(Asked::Ended(NoPicture::Redirect(status.as_u16()))),
            status if status.is_success() => picture(response).await,
            status => Err(Asked::Ended(NoPicture::Refused(status.as_u16()))),
        }
    }
}

enum Asked {
    TooMany(Option<Duration>),
    Ended(NoPicture),
}

fn no_answer(error: reqwest::Error) -> Asked {
    Asked::Ended(NoPicture::NoAnswer(chain(&error)))
}

/// The body, if it is a JPEG from its first marker to its last.
async fn picture(mut response: Response) -> Result<Snapshot, Asked> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_PICTURE {
            return Err(Asked::Ended(NoPicture::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    let whole = body.starts_with(&[0xff, 0xd8, 0xff]) && body.ends_with(&[0xff, 0xd9]);
    if whole { Ok(Snapshot::Jpeg(body)) } else { Err(Asked::Ended(NoPicture::NotAPicture)) }
}
