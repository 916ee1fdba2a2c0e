//! Slack by an app in Socket Mode: messages with buttons that work although nobody can reach the box from
//! outside, because the box calls Slack.
//!
//! `apps.connections.open` gives the address of a WebSocket; presses come as envelopes, each acknowledged
//! before anything is done about it (Slack wants that within 3 s). Messages go by `chat.postMessage`, and
//! once somebody looks after it `chat.update` takes the buttons away. A second call for the same matter is
//! an answer below the first. While the connection is down messages still go; only buttons do not work.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::slack_api::SlackApi;
use super::slack_frames::{self, Button, Frame, Press, Reason};
use super::{Call, Card, Channel, NotReached, Reception, digest, slack_blocks};
use crate::desk::{Acknowledged, Act, AlertChannel, Operator};
use crate::site::Person;
use crate::store::called::Shown;
use crate::store::{Reader, escalation, operator};

const NAME: &str = "slack";
const CONNECT: Duration = Duration::from_secs(15);
/// Slack pings about every 30 s; silent for twice as long, the connection is dead.
const SILENCE: Duration = Duration::from_secs(75);
/// No frame of buttons is near this long, in bytes.
const LONGEST_FRAME: usize = 1024 * 1024;

/// How long to wait before trying again.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// After the first failure; doubled up to `longest`.
    pub first: Duration,
    pub longest: Duration,
    /// After what only a person can mend (a token), or another box with the same token.
    pub hopeless: Duration,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            hopeless: Duration::from_secs(300),
        }
    }
}

/// A Slack app. Tokens are never logged.
pub struct SlackSocket {
    api: SlackApi,
    app_token: String,
    bot_token: String,
    channel: String,
    pauses: Pauses,
    reception: OnceLock<Reception>,
    /// The connection for buttons was told as broken, or nothing is known of it yet.
    deaf: AtomicBool,
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Why a connection ended.
enum Ended {
    /// Slack wants a new one; nothing is wrong.
    Refresh,
    Lost(NotReached),
    /// Only a person can mend it.
    Hopeless(NotReached),
}

impl SlackSocket {
    pub fn new(
        api: SlackApi,
        app_token: &str,
        bot_token: &str,
        channel: &str,
        pauses: Pauses,
    ) -> SlackSocket {
        SlackSocket {
            api,
            app_token: app_token.to_owned(),
            bot_token: bot_token.to_owned(),
            channel: channel.to_owned(),
            pauses,
            reception: OnceLock::new(),
            deaf: AtomicBool::new(true),
        }
    }

    /// Asks for an address and connects.
    async fn connect(&self) -> Result<Socket, Ended> {
        let opened = self.api.post("apps.connections.open", &self.app_token, &json!({})).await;
        let answer = opened.map_err(|why| match why {
            NotReached::Later { .. } => Ended::Lost(why),
            _ => Ended::Hopeless(why),
        })?;
        let lost = |why: &str| {
            let why = format!("the buttons in Slack do not work: {why}");
            Ended::Lost(NotReached::Later { why, after: None })
        };
        let url = answer["url"].as_str().ok_or_else(|| lost("Slack gave no address"))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_FRAME))
            .max_frame_size(Some(LONGEST_FRAME));
        match timeout(CONNECT, connect_async_with_config(url, Some(config), false)).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(_)) => Err(lost("the connection was refused")), // its text can hold the address's ticket
            Err(_) => Err(lost("the connection took too long")),
        }
    }

    /// Takes frames until the connection ends. `greeted` is called at `hello`.
    async fn listen(&self, socket: &mut Socket, reception: &Reception, greeted: &mut bool) -> Ended {
        let lost = |why: &str| {
            let why = format!("the buttons in Slack do not work: {why}");
            Ended::Lost(NotReached::Later { why, after: None })
        };
        // What a press asks for is done beside the loop: the next envelope wants its answer within 3 s.
        let mut presses = FuturesUnordered::new();
        loop {
            let frame = tokio::select! {
                frame = timeout(SILENCE, socket.next()) => frame,
                Some(()) = presses.next(), if !presses.is_empty() => continue,
            };
            let text = match frame {
                Err(_) => return lost("the connection fell silent"),
                Ok(None | Some(Err(_)) | Some(Ok(Message::Close(_)))) => return lost("the connection broke"),
                Ok(Some(Ok(Message::Text(text)))) => text,
                Ok(Some(Ok(_))) => continue, // a ping; the answer to it goes out by itself
            };
            match slack_frames::read(&text) {
                Frame::Hello => {
                    if !*greeted {
                        // Only a call that arrived counts as delivered; a connection that stands does not.
                        if self.deaf.swap(false, Ordering::Relaxed) {
                            reception.health.mended(NAME);
                        }
                    }
                    *greeted = true;
                }
                Frame::Envelope { id, press } => {
                    let acknowledged = socket.send(Message::text(slack_frames::acknowledgement(&id))).await;
                    if acknowledged.is_err() {
                        return lost("the connection broke"); // Slack brings the envelope again
                    }
                    if let Some(press) = press {
                        presses.push(self.pressed(reception, press));
                    }
                }
                Frame::Disconnect(Reason::Refresh | Reason::Other) => return Ended::Refresh,
                Frame::Disconnect(Reason::TooMany) => {
                    let why =
                        "Slack has too many connections of this app: does another box use the same token?";
                    return Ended::Hopeless(NotReached::Later { why: why.into(), after: None });
                }
                Frame::Disconnect(Reason::Disabled) => {
                    let why = "Socket Mode is switched off in the Slack app's settings; switch it on";
                    return Ended::Hopeless(NotReached::Refused(why.into()));
                }
                Frame::Unknown => tracing::debug!("a frame of Slack that is not known"),
            }
        }
    }

    /// Does what the button says, in the name of the person whose id it is; else says why not.
    async fn pressed(&self, reception: &Reception, press: Press) {
        let Err(why) = act(reception, &press).await else { return };
        let body = json!({"channel": press.channel, "user": press.user, "text": slack_blocks::escape(&why)});
        if let Err(error) = self.api.post("chat.postEphemeral", &self.bot_token, &body).await {
            tracing::debug!(%error, "the answer to a button did not arrive");
        }
    }
}

/// # Errors
/// Why nothing was done, for the person who pressed.
async fn act(reception: &Reception, press: &Press) -> Result<(), String> {
    let unwell = |_| "The box could not do it; use its page.".to_owned();
    let known = reception.site.people.iter().find(|p| p.slack.as_deref() == Some(&press.user));
    let person = known.ok_or("The club does not know you: your Slack id is not in its site.toml.")?;
    let db = Reader::open(&reception.db).map_err(unwell)?;
    if operator::is_disabled(db.conn(), &person.name).map_err(unwell)? {
        return Err("Your account at the club is closed.".into());
    }
    let row = escalation::get(db.conn(), press.escalation).map_err(unwell)?;
    let row = row.filter(|e| e.closed_at.is_none()).ok_or("This is closed already.")?;
    let who = Operator { name: person.name.clone(), role: person.role };
    drop(db);
    let stopping = "The box is stopping; use another way.";
    match (press.button, row.thread_id) {
        (Button::Claim, Some(thread)) => {
            let done = reception.desk.call(move |desk| desk.operate(&who, thread, &Act::Claim)).await;
            done.map_err(|_| stopping.to_owned())?.map_err(|error| error.to_string())
        }
        (Button::Acknowledge, _) | (Button::Claim, None) => {
            let done = reception.desk.call(move |desk| desk.acknowledge(row.id, &who)).await;
            match done.map_err(|_| stopping.to_owned())?.map_err(unwell)? {
                Acknowledged::NoSuch => Err("This is closed already.".into()),
                Acknowledged::Already { by } if by != person.name => Err(format!("{by} was first.")),
                Acknowledged::Already { .. } | Acknowledged::First => Ok(()),
            }
        }
    }
}

#[async_trait]
impl Channel for SlackSocket {
    fn name(&self) -> &'static str {
        NAME
    }

    fn label(&self) -> &'static str {
        "Slack"
    }

    fn kind(&self) -> AlertChannel {
        AlertChannel::site_wide(self.name())
    }

    fn config(&self) -> String {
        digest(&[&self.app_token, &self.bot_token, &self.channel])
    }

    fn line(&self, _: &Person) -> Result<String, String> {
        Ok("channel".to_owned())
    }

    fn meet(&self, reception: &Reception) {
        let _ = self.reception.set(reception.clone()); // once is enough
    }

    async fn attend(&self) {
        let Some(reception) = self.reception.get() else { return };
        let mut changes = reception.desk.changes();
        let mut pause = self.pauses.first;
        loop {
            let mut greeted = false;
            let ended = match self.connect().await {
                Ok(mut socket) => self.listen(&mut socket, reception, &mut greeted).await,
                Err(ended) => ended,
            };
            if greeted {
                pause = self.pauses.first;
            }
            let wait = match &ended {
                Ended::Refresh if greeted => Duration::ZERO,
                Ended::Refresh => pause,
                Ended::Lost(why) => {
                    // A connection that only broke is made again before anybody is told.
                    if !greeted {
                        self.deaf.store(true, Ordering::Relaxed);
                        reception.health.report(NAME, &Err(why.clone()));
                    }
                    let asked = if let NotReached::Later { after, .. } = why { *after } else { None };
                    asked.unwrap_or(pause).max(pause)
                }
                Ended::Hopeless(why) => {
                    self.deaf.store(true, Ordering::Relaxed);
                    reception.health.report(NAME, &Err(why.clone()));
                    self.pauses.hopeless
                }
            };
            if !matches!(ended, Ended::Refresh) || !greeted {
                pause = (pause * 2).min(self.pauses.longest);
            }
            sleep(wait).await;
            if changes.has_changed().is_err() {
                return; // the desk has stopped
            }
            changes.mark_unchanged();
        }
    }

    async fn call(&self, call: &Call) -> Result<String, NotReached> {
        let mut body = json!({
            "channel": self.channel,
            "text": slack_blocks::fallback(call),
            "blocks": slack_blocks::card(call, true),
            "unfurl_links": false,
        });
        let known = call.shown.as_ref().and_then(|shown| mark(&shown.mark));
        if let Some((channel, ts)) = known {
            body["channel"] = json!(channel);
            body["thread_ts"] = json!(ts);
            body["reply_broadcast"] = json!(call.card.level == "critical");
        }
        let answer = self.api.post("chat.postMessage", &self.bot_token, &body).await?;
        let (Some(channel), Some(ts)) = (answer["channel"].as_str(), answer["ts"].as_str()) else {
            let why = "Slack took the message and did not say which it is".to_owned();
            return Err(NotReached::Later { why, after: None });
        };
        Ok(format!("{channel} {ts}"))
    }

    fn can_silence(&self) -> bool {
        true
    }

    async fn silence(&self, card: &Card, shown: &Shown) -> Result<(), NotReached> {
        let Some((channel, ts)) = mark(&shown.mark) else { return Ok(()) };
        let body = json!({
            "channel": channel,
            "ts": ts,
            "text": slack_blocks::taken(card),
            "blocks": slack_blocks::done(card),
        });
        self.api.post("chat.update", &self.bot_token, &body).await.map(|_| ())
    }
}

/// Channel and time stamp, by which Slack knows a message.
fn mark(mark: &str) -> Option<(&str, &str)> {
    mark.split_once(' ')
}
