//! What the test sees with its own eyes: commands on the broker, people being called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use clubos::device::agent_wire::Command;
use clubos::device::broker::OBSERVER_USER;
use clubos::simclub::broker::SimBroker;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};

/// Every command that crossed the broker: effect id to the bays it went to.
#[derive(Clone, Default)]
pub struct Observer(Arc<Mutex<BTreeMap<i64, Vec<String>>>>);

impl Observer {
    pub fn start(broker: &SimBroker) -> Observer {
        let password = std::fs::read_to_string(broker.secret_file(OBSERVER_USER)).expect("its secret");
        let mut options = MqttOptions::new("kill-test-observer", "127.0.0.1", broker.port());
        options.set_credentials(OBSERVER_USER, password.trim()).set_keep_alive(Duration::from_secs(5));
        let (client, mut connection) = AsyncClient::new(options, 16);
        let observer = Observer::default();
        let seen = observer.clone();
        tokio::spawn(async move {
            loop {
                match connection.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        // QoS 0: the broker repeats nothing to us, so what comes twice was sent twice.
                        client
                            .try_subscribe("clubos/v1/bay/+/cmd", QoS::AtMostOnce)
                            .expect("room in the queue");
                    }
                    Ok(Event::Incoming(Packet::Publish(publish))) => {
                        assert!(!publish.retain, "a retained command: {}", publish.topic);
                        let command: Command = serde_json::from_slice(&publish.payload).expect("a command");
                        let mut seen = seen.0.lock().expect("no panic holds it");
                        seen.entry(command.id).or_default().push(publish.topic);
                    }
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        observer
    }

    pub fn commands(&self) -> BTreeMap<i64, Vec<String>> {
        self.0.lock().expect("no panic holds it").clone()
    }
}

/// A server that takes the calls to people, in the place of ntfy.
#[derive(Clone)]
pub struct Pager {
    calls: Arc<Mutex<Vec<serde_json::Value>>>,
    pub url: String,
}

impl Pager {
    pub async fn start() -> Pager {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let pager = Pager { calls: Arc::default(), url };
        let calls = pager.calls.clone();
        let take = move |axum::Json(call): axum::Json<serde_json::Value>| async move {
            let answer = serde_json::json!({"id": "simulated", "event": "message", "topic": call["topic"]});
            calls.lock().expect("no panic holds it").push(call);
            axum::Json(answer)
        };
        let app = Router::new().route("/", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        pager
    }

    pub fn calls(&self) -> usize {
        self.calls.lock().expect("no panic holds it").len()
    }
}
