//! The wires between the desk and the outside: what it says is to be done goes to drivers and channels,
//! what they see comes back.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::desk::{DeskHandle, Line, Todo};
use crate::device::{DeviceEvent, Drivers};
use crate::notify::Channel;
use crate::store::escalation::{self, Alert};
use crate::store::{Reader, StoreError};
use crate::telemetry;

/// Everything that carries the desk's words outside.
#[derive(Clone)]
pub struct Outside {
    pub desk: DeskHandle,
    /// `None` in safe mode: nothing can be moved.
    pub drivers: Option<Arc<Drivers>>,
    pub channels: Arc<Vec<Box<dyn Channel>>>,
    pub db: PathBuf,
}

impl Outside {
    /// Carries out todos until the desk ends. Each runs by itself: a slow device holds up no other.
    pub async fn carry_out(self, mut todos: mpsc::UnboundedReceiver<Todo>) {
        while let Some(todo) = todos.recv().await {
            let outside = self.clone();
            tokio::spawn(async move { outside.one(todo).await });
        }
    }

    async fn one(&self, todo: Todo) {
        match todo {
            Todo::Act(permit) => {
                let id = permit.effect_id();
                let result = match &self.drivers {
                    Some(drivers) => drivers.act(permit).await,
                    None => Err(crate::device::NotSent::Offline("safe mode".into())),
                };
                self.report(move |desk| match result {
                    Ok(()) => desk.effect_sent(id),
                    Err(why) => desk.effect_not_sent(id, &why),
                });
            }
            Todo::Alert(alert) => {
                let id = alert.id;
                let result = self.call(&alert).await;
                self.report(move |desk| match result {
                    Ok(()) => desk.alert_sent(id),
                    Err(why) => desk.alert_failed(id, &why),
                });
            }
            // No channel here can take a call back.
            Todo::Silence(escalation) => tracing::debug!(escalation.id, "somebody looks after it"),
            Todo::Digest(call) => {
                let why = format!("{} carries no digests; it stands on the staff page", call.channel);
                self.report(move |desk| desk.digest_failed(call.id, &why));
            }
            Todo::Deliver(text) => {
                self.report(move |desk| desk.not_delivered(text.id, "no text provider is configured", true));
            }
            Todo::Ask(question) => {
                let (turn, nonce) = (question.turn_id, question.nonce);
                self.report(move |desk| {
                    desk.fallback_answered(turn, &nonce, Err("no cloud model is configured".into()))
                });
            }
        }
    }

    async fn call(&self, alert: &Alert) -> Result<(), String> {
        let Some(channel) = self.channels.iter().find(|c| c.name() == alert.channel) else {
            return Err(format!("no channel {}", alert.channel));
        };
        let escalation = Reader::open(&self.db)
            .and_then(|db| escalation::get(db.conn(), alert.escalation_id))
            .map_err(|e| e.to_string())?
            .ok_or("the escalation is gone")?;
        channel.call(alert, &escalation).await.map_err(|e| e.to_string())
    }

    fn report(&self, tell: impl FnOnce(&mut crate::desk::Desk) -> Result<(), StoreError> + Send + 'static) {
        let told = self.desk.tell(move |desk| {
            if let Err(error) = tell(desk) {
                tracing::error!(%error, "what a device or channel reported could not be stored");
            }
        });
        if told.is_err() {
            tracing::debug!("the desk has stopped");
        }
    }
}

/// Brings what devices are seen to do to the desk, until the drivers end.
pub async fn observe(desk: DeskHandle, mut events: mpsc::Receiver<DeviceEvent>) {
    while let Some(event) = events.recv().await {
        let told = desk.tell(move |desk| {
            if let Err(error) = desk.device(&event) {
                tracing::error!(%error, "an observation could not be stored");
            }
        });
        if told.is_err() {
            return;
        }
    }
}

const LINE_EVERY: Duration = Duration::from_secs(15);
const LINE_TIMEOUT: Duration = Duration::from_secs(5);

/// Beats for systemd's watchdog as long as the desk answers.
pub async fn beat(desk: DeskHandle) {
    let Some(every) = telemetry::watchdog_interval() else { return };
    let mut tick = tokio::time::interval(every);
    loop {
        tick.tick().await;
        if desk.call(|_| ()).await.is_err() {
            return;
        }
        telemetry::alive();
    }
}

/// Takes the line as down while `probe` does not take a connection. Logged once each way.
pub async fn watch_line(desk: DeskHandle, probe: SocketAddr) {
    let mut tick = tokio::time::interval(LINE_EVERY);
    let mut known = None;
    loop {
        tick.tick().await;
        let connected = tokio::time::timeout(LINE_TIMEOUT, tokio::net::TcpStream::connect(probe)).await;
        let line = if matches!(connected, Ok(Ok(_))) { Line::Up } else { Line::Down };
        if known != Some(line) {
            known = Some(line);
            tracing::info!(?line, "the line to the internet");
            if desk.tell(move |desk| desk.set_line(line)).is_err() {
                return;
            }
        }
    }
}
