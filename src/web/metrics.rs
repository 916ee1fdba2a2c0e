//! Numbers for Prometheus, read from the database at each scrape. They hold no customer's data, so they
//! are open on the LAN without signing in.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::app::AppState;
use super::error::Error;
use crate::store::booking;
use crate::store::metrics::{Counts, Tally, counts};

/// From a turn being due to its decision: seconds. The goal is p50 ≤ 2 s, p90 ≤ 6 s from the last text.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 15.0, 60.0];

type Labels = Vec<(&'static str, String)>;

/// Metrics in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses((status = 200, description = "OpenMetrics text", content_type = "text/plain")))]
pub async fn serve(State(app): State<AppState>) -> Result<impl IntoResponse, Error> {
    let line_up = app.is_line_up().await?;
    let (counts, feed_age) = app
        .look(|conn, now| {
            let age = booking::updated_at(conn)?.map(|at| now.since(at).as_secs());
            Ok((counts(conn)?, age))
        })
        .await?;
    let mut registry = Registry::with_prefix("clubos");
    conversations(&mut registry, &counts);
    state(&mut registry, &counts);
    gauge(&mut registry, "line_up", "1: the line to the internet is up", i64::from(line_up));
    gauge(&mut registry, "ready", "1: the model is loaded", i64::from(app.readiness.is_ready()));
    if let Some(age) = feed_age {
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        gauge(&mut registry, "feed_age_seconds", "Time since bookings came in last", age);
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|e| {
        tracing::error!(error = %e, "metrics could not be written");
        Error::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "no metrics", "look at the log of the box")
    })?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

fn conversations(registry: &mut Registry, counts: &Counts) {
    counter(registry, "messages", "Texts in and out", ["direction", "channel"], &counts.messages);
    counter(registry, "turns", "Turns by who decided them", ["by", ""], &counts.turns);
    counter(registry, "effects", "Effects by outcome", ["effect", "outcome"], &counts.effects);
    counter(registry, "escalations", "Calls for a person", ["level", "state"], &counts.escalations);
    let latency = Histogram::new(BUCKETS);
    for milliseconds in &counts.latencies {
        latency.observe(*milliseconds as f64 / 1000.0);
    }
    registry.register("turn_latency_seconds", "From a turn being due to its reply being committed", latency);
}

fn state(registry: &mut Registry, counts: &Counts) {
    let outbox = Family::<Labels, Gauge>::default();
    for (state, channel, n) in &counts.outbox {
        outbox.get_or_create(&vec![("state", state.clone()), ("channel", channel.clone())]).set(*n);
    }
    registry.register("outbox", "Replies by state", outbox);
    gauge(registry, "escalations_unacknowledged", "Calls nobody has acknowledged", counts.unacknowledged);
    gauge(registry, "tickets_open", "Open tickets", counts.tickets_open);
    gauge(registry, "devices_offline", "Devices that cannot be reached", counts.devices_offline);
}

fn counter(registry: &mut Registry, name: &str, help: &str, labels: [&'static str; 2], tally: &Tally) {
    let family = Family::<Labels, Counter>::default();
    for (first, second, n) in tally {
        let values = [(labels[0], first.clone()), (labels[1], second.clone())];
        let values: Labels = values.into_iter().filter(|(label, _)| !label.is_empty()).collect();
        family.get_or_create(&values).inc_by(u64::try_from(*n).unwrap_or(0));
    }
    registry.register(name, help, family);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
