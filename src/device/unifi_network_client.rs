//! One UniFi Network console over HTTPS: what the house reads, and the two things it may do there, and no
//! other. Nothing here blocks a client, changes a setting or updates anything.
//!
//! Owns the connection, the pin, the key, and patience: one read at a time, back-off when the console asks
//! for it (429), a breaker when it fails again and again. Tells a request that never left from one that may
//! have. Follows no redirect.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::access_client::SIMULATED_HEADER;
use super::call::{Breaker, CallError};
use super::http::{limited, unanswered};
use super::pinned_tls;
use super::unifi_network::NetworkOptions;
use super::unifi_network_wire::{
    self as wire, ClientRow, DeviceDetails, DeviceRow, MAX_BODY, Page, SiteRow, Statistics,
};
use crate::site::{NetworkConsole, secret};

/// Rows asked for at once; the API's most.
const PAGE: u64 = 200;
/// A list longer than this many pages is none.
const MOST_PAGES: usize = 50;

/// Why a console cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error(transparent)]
    Key(#[from] secret::SecretError),
    #[error(transparent)]
    Password(secret::SecretError),
    #[error(transparent)]
    Pin(#[from] pinned_tls::PinError),
    #[error("`{0}` is no address of a console; it reads https://<console>")]
    Url(String),
    #[error("the HTTPS client cannot be made: {0}")]
    Client(reqwest::Error),
}

pub(super) struct NetworkClient {
    http: reqwest::Client,
    /// `https://host`, without a slash at the end.
    base: String,
    key: String,
    /// The site's name or reference at the console, if one is named.
    site: Option<String>,
    /// Its id, and the name the older API knows it by.
    site_row: Mutex<Option<(String, String)>>,
    breaker: Breaker,
    reading: tokio::sync::Mutex<()>,
    acting: tokio::sync::Mutex<()>,
    simulated: AtomicBool,
    odd: AtomicU64,
}

impl NetworkClient {
    pub fn new(console: &NetworkConsole, options: NetworkOptions) -> Result<NetworkClient, NetworkError> {
        let base = console.url.trim_end_matches('/').to_owned();
        if base.strip_prefix("https://").is_none_or(|host| host.is_empty() || host.contains('/')) {
            return Err(NetworkError::Url(console.url.clone()));
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(pinned_tls::client_config(&console.certificate_sha256)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.patience)
            .timeout(options.patience)
            .build()
            .map_err(NetworkError::Client)?;
        Ok(NetworkClient {
            http,
            base,
            key: secret::read(&console.key_file)?,
            site: console.site.clone(),
            site_row: Mutex::default(),
            breaker: Breaker::new(options.leniency()),
            reading: tokio::sync::Mutex::default(),
            acting: tokio::sync::Mutex::default(),
            simulated: AtomicBool::new(false),
            odd: AtomicU64::new(0),
        })
    }

    /// Whether the console called itself simulated in its last answer.
    pub fn simulated(&self) -> bool {
        self.simulated.load(Ordering::Relaxed)
    }

    /// Rows of lists that could not be read, since the last time this was asked.
    pub fn take_odd(&self) -> u64 {
        self.odd.swap(0, Ordering::Relaxed)
    }

    /// How long the console is to be left alone from now on.
    pub fn held_for(&self) -> Duration {
        self.breaker.held_for()
    }

    /// Looks the site up anew at the next call: the console may have been set up again.
    pub fn forget_site(&self) {
        *lock(&self.site_row) = None;
    }

    pub async fn devices(&self) -> Result<Vec<DeviceRow>, CallError> {
        let path = format!("sites/{}/devices", self.site_id().await?);
        self.list(&path, None).await
    }

    pub async fn device(&self, id: &str) -> Result<DeviceDetails, CallError> {
        self.get(&format!("sites/{}/devices/{}", self.site_id().await?, segment(id))).await
    }

    pub async fn statistics(&self, id: &str) -> Result<Statistics, CallError> {
        self.get(&format!("sites/{}/devices/{}/statistics/latest", self.site_id().await?, segment(id))).await
    }

    /// Which of these MACs are connected now.
    pub async fn clients(&self, macs: &[&str]) -> Result<Vec<ClientRow>, CallError> {
        if macs.is_empty() {
            return Ok(Vec::new());
        }
        let path = format!("sites/{}/clients", self.site_id().await?);
        self.list(&path, Some(&wire::clients_filter(macs))).await
    }

    pub async fn restart(&self, id: &str) -> Result<(), CallError> {
        let path = format!("sites/{}/devices/{}/actions", self.site_id().await?, segment(id));
        self.call(Method::POST, &path, Some(json!({"action": "RESTART"})), wire::read_done).await
    }

    pub async fn power_cycle(&self, id: &str, port: u16) -> Result<(), CallError> {
        let site = self.site_id().await?;
        let path = format!("sites/{site}/devices/{}/interfaces/ports/{port}/actions", segment(id));
        self.call(Method::POST, &path, Some(json!({"action": "POWER_CYCLE"})), wire::read_done).await
    }

    async fn site_id(&self) -> Result<String, CallError> {
        self.site_row().await.map(|(id, _)| id)
    }

    /// The site's name in the older API.
    pub async fn site_reference(&self) -> Result<String, CallError> {
        self.site_row().await.map(|(_, reference)| reference)
    }

    /// The same connection, for the older API.
    pub fn http(&self) -> (reqwest::Client, &str) {
        (self.http.clone(), &self.base)
    }

    async fn site_row(&self) -> Result<(String, String), CallError> {
        let known = lock(&self.site_row).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let sites: Vec<SiteRow> = self.list("sites", None).await?;
        let fits = |row: &&SiteRow| {
            self.site.as_ref().is_none_or(|site| *site == row.internal_reference || *site == row.name)
        };
        let found: Vec<&SiteRow> = sites.iter().filter(fits).collect();
        let [one] = found.as_slice() else {
            let why = format!(
                "{} of the console's {} sites fit; name one in `network.site`",
                found.len(),
                sites.len()
            );
            return Err(CallError::Refused(why));
        };
        let row = (segment(&one.id), one.internal_reference.clone());
        *lock(&self.site_row) = Some(row.clone());
        Ok(row)
    }

    /// A whole list, page by page.
    async fn list<T: DeserializeOwned>(&self, path: &str, filter: Option<&str>) -> Result<Vec<T>, CallError> {
        let filter = filter.map(|f| format!("&filter={}", wire::encoded(f))).unwrap_or_default();
        let mut rows = Vec::new();
        let mut offset = 0;
        for _ in 0..MOST_PAGES {
            let page: Page = self.get(&format!("{path}?offset={offset}&limit={PAGE}{filter}")).await?;
            if page.offset != offset || page.data.len() as u64 != page.count {
                return Err(CallError::Unclear("a page that is not the one asked for".to_owned()));
            }
            for row in page.data {
                match serde_json::from_value(row) {
                    Ok(row) => rows.push(row),
                    Err(_) => drop(self.odd.fetch_add(1, Ordering::Relaxed)),
                }
            }
            offset += page.count;
            if offset >= page.total_count {
                return Ok(rows);
            }
            if page.count == 0 {
                break;
            }
        }
        Err(CallError::Unclear("a list that does not end".to_owned()))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(Method::GET, path, None, wire::read).await
    }

    async fn call<T>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, CallError> {
        // Reads go one after the other; what is to be done does not wait for them.
        let lane = if body.is_none() { &self.reading } else { &self.acting };
        let _alone = lane.lock().await;
        if let Some(why) = self.breaker.held() {
            return Err(CallError::Held(why));
        }
        let answer = self.send(method, path, body).await;
        let result = answer.and_then(|body| read(&body).map_err(CallError::Unclear));
        self.breaker.note(result.as_ref().err());
        result
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Vec<u8>, CallError> {
        let address = format!("{}/proxy/network/integration/v1/{path}", self.base);
        let mut request = self
            .http
            .request(method, address)
            .header("x-api-key", &self.key)
            .header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(unanswered)?;
        self.simulated.store(response.headers().contains_key(SIMULATED_HEADER), Ordering::Relaxed);
        let status = response.status();
        let wait =
            response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let body = limited(response, MAX_BODY).await;
        match status {
            StatusCode::TOO_MANY_REQUESTS => Err(CallError::TooMany(wait.map(Duration::from_secs))),
            status if status.is_success() => body,
            status if status.is_redirection() => {
                Err(CallError::Unclear(format!("HTTP {status}: it sends us elsewhere, and we do not go")))
            }
            status if status.is_client_error() => {
                Err(CallError::Refused(wire::complaint(status.as_u16(), &body.unwrap_or_default())))
            }
            status => Err(CallError::Unclear(wire::complaint(status.as_u16(), &body.unwrap_or_default()))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An id of the console as one segment of a path; what could leave the segment is taken out.
fn segment(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}
