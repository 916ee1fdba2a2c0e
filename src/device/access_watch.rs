//! What keeps an eye on the doors of an Access controller: regular looks, closer ones while an unlock is
//! open, and the notifications. Owns no state but pauses; reports through `access`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use tracing::{debug, info, warn};

use super::Observation;
use super::access::Doors;
use super::access_client::SIMULATED_HEADER;
use super::access_wire::{self, MAX_BODY};
use crate::site::Target;

type Notifications = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A line that was silent this long is asked for a sign of life; silent again, it is dead.
const SILENCE: Duration = Duration::from_secs(30);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Looks at every door now and then; reports a controller that stays away longer than the grace.
pub(super) async fn look(doors: Arc<Doors>) {
    let mut failing_since: Option<Instant> = None;
    loop {
        let mut failure = None;
        for (target, door_id) in &doors.ids {
            match doors.client.door(door_id).await {
                Ok(data) => doors.saw(target, &data, false).await,
                Err(error) => {
                    doors.board.error(target, &error.to_string());
                    failure = Some((target, error.to_string()));
                    report_gone(&doors, target, &error.to_string(), failing_since).await;
                }
            }
        }
        failing_since = failure.as_ref().map(|_| failing_since.unwrap_or_else(Instant::now));
        let pause = if failure.is_some() { doors.options.grace / 4 } else { doors.options.idle_poll };
        tokio::time::sleep(pause.min(doors.options.idle_poll)).await;
    }
}

async fn report_gone(doors: &Doors, target: &Target, why: &str, since: Option<Instant>) {
    let long = since.is_some_and(|since| since.elapsed() >= doors.options.grace);
    if long && doors.board.set(target, false, doors.clock.now(), Some(why)) {
        warn!(door = %target, why, "the door cannot be reached");
        let gone = Observation::Reachable { online: false, effect: None, reason: Some(why.to_owned()) };
        doors.is_news(target, &gone, true);
        doors.emit(target, gone).await;
    }
}

/// Looks at one door closely while its unlock is open, and for our entry in the log.
pub(super) async fn watch_unlock(doors: Arc<Doors>, effect_id: i64, target: Target, door_id: String) {
    let end = Instant::now() + doors.options.open_for;
    let mut looks = tokio::time::interval(doors.options.open_poll);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while Instant::now() < end {
        looks.tick().await;
        match doors.client.door(&door_id).await {
            Ok(data) => doors.saw(&target, &data, true).await,
            Err(error) => doors.board.error(&target, &error.to_string()),
        }
        if doors.is_open(effect_id) {
            match doors.client.openings().await {
                Ok(data) => {
                    for entry in access_wire::log_entries(&data) {
                        doors.saw_entry(entry).await;
                    }
                }
                Err(error) => doors.board.error(&target, &error.to_string()),
            }
        }
    }
    doors.close(effect_id);
}

/// Follows the notifications, opening them again whenever they break off.
pub(super) async fn listen(doors: Arc<Doors>) {
    let mut pause = doors.options.retry;
    let mut told = false;
    loop {
        match connect(&doors).await {
            Ok(stream) => {
                pause = doors.options.retry;
                told = false;
                debug!("the controller's notifications are open");
                follow(&doors, stream).await;
            }
            Err(error) => {
                if !told {
                    info!(%error, "no notifications from the controller; doors are looked at instead");
                    told = true;
                }
                pause = (pause * 2).min(LONGEST_RETRY);
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn connect(doors: &Doors) -> Result<Notifications, String> {
    let (address, bearer, tls) = doors.client.notifications();
    let mut request = address.into_client_request().map_err(|e| e.to_string())?;
    let bearer = HeaderValue::from_str(&bearer).map_err(|_| "the token is no header value".to_owned())?;
    request.headers_mut().insert("authorization", bearer);
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_BODY)).max_frame_size(Some(MAX_BODY));
    let opening = connect_async_tls_with_config(request, Some(limits), true, Some(Connector::Rustls(tls)));
    let opened = tokio::time::timeout(doors.options.patience, opening).await;
    let (stream, response) = opened.map_err(|_| "timed out".to_owned())?.map_err(|e| e.to_string())?;
    doors.client.note_simulated(response.headers().contains_key(SIMULATED_HEADER));
    Ok(stream)
}

/// Reads until the line breaks or falls silent. Pings are answered by the reading itself.
async fn follow(doors: &Doors, mut stream: Notifications) {
    let mut asked = false;
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => on_text(doors, &text).await,
            Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            Ok(Some(Ok(_))) => {}
            Err(_) if asked || stream.send(Message::Ping(Default::default())).await.is_err() => return,
            Err(_) => {
                asked = true;
                continue;
            }
        }
        asked = false;
    }
}

async fn on_text(doors: &Doors, text: &tungstenite::Utf8Bytes) {
    let Ok(notices) = access_wire::notification(text) else {
        for target in doors.ids.keys() {
            if doors.board.malformed(target, "a notification that is no JSON") {
                warn!(door = %target, "a notification cannot be read; further ones are only counted");
            }
        }
        return;
    };
    doors.noticed(notices).await;
}
