//! The wires between the desk and the outside: what it says is to be done goes to drivers and channels,
//! what they see comes back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::channel::{Gateway, HookVerdict, NotBelieved};
use crate::clock::UnixMs;
use crate::desk::{Desk, DeskHandle, Line, Todo};
use crate::device::{DeviceEvent, Drivers};
use crate::llm::Fallback;
use crate::notify::Switchboard;
use crate::store::StoreError;
use crate::{telemetry, web};

/// Everything that carries the desk's words outside.
#[derive(Clone)]
pub struct Outside {
    pub desk: DeskHandle,
    /// `None` in safe mode: nothing can be moved.
    pub drivers: Option<Arc<Drivers>>,
    pub switchboard: Arc<Switchboard>,
    /// `None`: no text provider is configured.
    pub texts: Option<Arc<Gateway>>,
    /// `None`: no cloud model is configured, and none is asked.
    pub cloud: Option<Arc<Fallback>>,
}

impl Outside {
    /// Carries out todos until the desk ends. Each runs by itself: a slow device holds up no other.
    pub async fn carry_out(self, mut todos: mpsc::UnboundedReceiver<Todo>) {
        while let Some(todo) = todos.recv().await {
            let todo = match (todo, &self.texts) {
                // In order: two texts to one number leave one after the other.
                (Todo::Deliver(text), Some(texts)) => {
                    texts.deliver(text);
                    continue;
                }
                (Todo::LookUp(text), Some(texts)) => {
                    texts.look_up(text);
                    continue;
                }
                (todo, _) => todo,
            };
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
                let result = self.switchboard.call(&alert).await.map_err(|why| why.to_string());
                self.report(move |desk| match result {
                    Ok(()) => desk.alert_sent(id),
                    Err(why) => desk.alert_failed(id, &why),
                });
            }
            // The switchboard looks for itself what is to be taken back, also after a kill.
            Todo::Silence(escalation) => tracing::debug!(escalation.id, "somebody looks after it"),
            Todo::Digest(call) => {
                let id = call.id;
                let result = self.switchboard.digest(&call).await;
                self.report(move |desk| match result {
                    Ok(()) => desk.digest_sent(id),
                    Err(why) => desk.digest_failed(id, &why.to_string()),
                });
            }
            Todo::Deliver(text) | Todo::LookUp(text) => {
                self.report(move |desk| desk.not_delivered(text.id, "no text provider is configured"));
            }
            Todo::Ask(question) => {
                let answer = match &self.cloud {
                    Some(cloud) => cloud.ask(&question).await.map_err(|why| why.to_string()),
                    None => Err("no cloud model is configured".to_owned()),
                };
                let (turn, nonce) = (question.turn_id, question.nonce);
                self.report(move |desk| desk.fallback_answered(turn, &nonce, answer));
            }
        }
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

/// The provider's webhooks, from the pages to the gateway.
pub struct Hooks(pub Arc<Gateway>);

#[async_trait]
impl web::TextHooks for Hooks {
    fn provider(&self) -> &str {
        self.0.name()
    }

    fn figures(&self) -> Vec<(&'static str, u64)> {
        self.0.stats().counters().to_vec()
    }

    fn polled_at(&self) -> Option<UnixMs> {
        let at = self.0.stats().polled_at.load(std::sync::atomic::Ordering::Relaxed);
        (at > 0).then_some(UnixMs(at))
    }

    async fn take(&self, headers: &[(String, String)], body: &[u8]) -> web::HookAnswer {
        match self.0.hook(headers, body).await {
            HookVerdict::Taken => web::HookAnswer::Taken,
            HookVerdict::Busy => web::HookAnswer::Busy,
            HookVerdict::NotBelieved(NotBelieved::Unreadable(why)) => web::HookAnswer::Unreadable(why),
            HookVerdict::NotBelieved(why) => web::HookAnswer::NotBelieved(why.to_string()),
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
            if desk.tell(move |desk| line_is(desk, line)).is_err() {
                return;
            }
        }
    }
}

/// Tells the desk how the line is; an incident that cannot be written down is no reason to stop.
pub fn line_is(desk: &mut Desk, line: Line) {
    if let Err(error) = desk.set_line(line) {
        tracing::error!(%error, "the state of the internet line cannot be written down");
    }
}
