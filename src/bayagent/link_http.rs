//! The link over HTTP: heartbeats, looks for a command, reports its end.
//!
//! A command is answered once, by its end: `success` only says that this program did all it can. A report
//! that got no answer is sent again; the box takes the first one.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::config::{Config, Http, secret};
use super::probe::Probe;
use super::{Answer, Order, Seen, tls, wire};

const HEARTBEAT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(10);

/// Speaks to the box.
pub struct Box<'a> {
    link: &'a Http,
    config: &'a Config,
    client: Client,
    key: String,
    boot_id: Option<String>,
}

#[derive(Deserialize)]
struct Polled {
    command: wire::Command,
}

/// Runs for ever.
///
/// # Errors
/// Key or certificate cannot be used.
pub async fn run(
    link: &Http,
    config: &Config,
    boot_id: Option<String>,
    mut seen: watch::Receiver<Seen>,
    orders: mpsc::Sender<Order>,
) -> Result<(), String> {
    let house = Box::new(link, config, boot_id)?;
    let (answers, mut answered) = mpsc::unbounded_channel::<(i64, Answer)>();
    let mut reports: VecDeque<(i64, Answer)> = VecDeque::new();
    let mut poll = tokio::time::interval(Duration::from_secs(link.poll_every_s));
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut reached = None;
    loop {
        let mut said = Ok(());
        tokio::select! {
            // What is seen goes before what is reported of it.
            biased;
            Ok(()) = seen.changed() => {
                let now = *seen.borrow_and_update();
                said = house.heartbeat(now).await;
            }
            _ = heartbeat.tick() => {
                let now = *seen.borrow();
                said = house.heartbeat(now).await;
            }
            Some(answer) = answered.recv() => if answer.1 != Answer::Accepted { reports.push_back(answer) },
            _ = poll.tick() => match house.poll().await {
                Ok(Some(command)) => {
                    let order = Order { command, answers: answers.clone() };
                    if orders.try_send(order).is_err() {
                        warn!("too many commands at once; one is dropped");
                    }
                }
                Ok(None) => {}
                Err(problem) => said = Err(problem),
            },
        }
        while let Some((id, answer)) = reports.front() {
            match house.report(*id, answer).await {
                Ok(()) => drop(reports.pop_front()),
                Err(problem) => {
                    said = Err(problem);
                    break;
                }
            }
        }
        let now = said.is_ok();
        if reached != Some(now) {
            reached = Some(now);
            match said {
                Ok(()) => info!("the box answers"),
                Err(problem) => warn!(problem, "the box does not answer"),
            }
        }
    }
}

impl Box<'_> {
    pub fn new<'a>(link: &'a Http, config: &'a Config, boot_id: Option<String>) -> Result<Box<'a>, String> {
        let mut client = Client::builder().no_proxy().timeout(PATIENCE);
        client = client.redirect(reqwest::redirect::Policy::none());
        if let Some(certificate) = &link.certificate {
            client = client.tls_backend_preconfigured(tls::trusting(certificate)?);
        }
        let client = client.build().map_err(|error| error.to_string())?;
        Ok(Box { link, config, client, key: secret(&link.key_file)?, boot_id })
    }

    pub async fn heartbeat(&self, seen: Seen) -> Result<(), String> {
        let radar_ip = self.config.radar.as_ref().map(|radar| match &radar.probe {
            Probe::Tcp(place) => place.rsplit_once(':').map_or(place.clone(), |(host, _)| host.to_owned()),
            Probe::Ping(host) => host.clone(),
            Probe::Http(url) => url.clone(),
        });
        let body = json!({
            "version": wire::agent(),
            "tps_version": null,
            "tps_running": seen.software,
            "radar_ip": radar_ip,
            "radar_reachable": seen.radar,
            "boot_id": self.boot_id,
            "capabilities": self.config.capabilities(),
        });
        Ok(self.post("heartbeat", &body).await?)
    }

    async fn poll(&self) -> Result<Option<wire::Command>, String> {
        let asked = self.client.get(self.address("poll")).header("x-device-key", &self.key);
        let answer = asked.send().await.map_err(|error| error.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the box says {}", answer.status()));
        }
        let polled: Option<Polled> = answer.json().await.map_err(|error| error.without_url().to_string())?;
        Ok(polled.map(|polled| polled.command))
    }

    async fn report(&self, id: i64, answer: &Answer) -> Result<(), String> {
        let (success, message) = match answer {
            Answer::Accepted | Answer::Done => (true, ""),
            Answer::Rejected(why) | Answer::Failed(why) => (false, why.as_str()),
        };
        let body = json!({"command_id": id, "success": success, "message": message});
        let status = self.post("report", &body).await;
        match status {
            Err(problem) if problem.refused => {
                warn!(id, "the box does not take the report");
                Ok(())
            }
            Err(problem) => Err(problem.into()),
            Ok(()) => Ok(()),
        }
    }

    fn address(&self, leaf: &str) -> String {
        format!("{}/api/v1/agent/{leaf}", self.link.url)
    }

    async fn post(&self, leaf: &str, body: &serde_json::Value) -> Result<(), Problem> {
        let asked = self.client.post(self.address(leaf)).header("x-device-key", &self.key).json(body);
        let answer = asked
            .send()
            .await
            .map_err(|error| Problem { refused: false, what: error.without_url().to_string() })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        // A wrong key may be mended while this runs; any other no to this body stays a no.
        let refused = status.is_client_error()
            && !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        Err(Problem { refused, what: format!("the box says {status}") })
    }
}

struct Problem {
    /// The box understood and said no: again makes no sense.
    refused: bool,
    what: String,
}

impl From<Problem> for String {
    fn from(problem: Problem) -> String {
        problem.what
    }
}
