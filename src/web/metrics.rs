//! Numbers for Prometheus, read from the database at each scrape. They hold no customer's data, so they
//! are open on the LAN without signing in. Every name: `docs/metrics.md`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::app::AppState;
use super::error::Error;
use super::hooks::TextHooks;
use crate::clock::UnixMs;
use crate::llm::Fallback;
use crate::store::booking_source::{self, Source};
use crate::store::llm::{self, Spent};
use crate::store::metrics::{Counts, Now, Tally, counts, now};

/// From a turn being due to its decision: seconds. The goal is p50 ≤ 2 s, p90 ≤ 6 s from the last text.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 15.0, 60.0];
/// Levels are shown though nobody waits, so that an alarm on them does not lose its series.
const LEVELS: [&str; 4] = ["low", "medium", "high", "critical"];

type Labels = Vec<(&'static str, String)>;

/// Everything of one scrape.
struct Seen {
    counts: Counts,
    now: Now,
    sources: Vec<Source>,
    /// Requests to the cloud model by outcome, and what they cost on this day and in this month of the site.
    cloud: (Tally, Spent),
    at: UnixMs,
}

/// Metrics in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()), responses((status = 200, description = "OpenMetrics text", content_type = "text/plain")))]
pub async fn serve(State(app): State<AppState>) -> Result<impl IntoResponse, Error> {
    let line_up = app.is_line_up().await?;
    let day = app.cloud.as_ref().map(|cloud| cloud.day()).unwrap_or_default();
    let seen = app
        .look(move |conn, at| {
            Ok(Seen {
                counts: counts(conn)?,
                now: now(conn)?,
                sources: booking_source::all(conn)?,
                cloud: (llm::outcomes(conn)?, llm::spent(conn, &day)?),
                at,
            })
        })
        .await?;
    let mut registry = Registry::with_prefix("clubos");
    conversations(&mut registry, &seen.counts);
    people(&mut registry, &seen);
    channels(&mut registry, &seen);
    if let Some(hooks) = &app.text_hooks {
        provider(&mut registry, hooks.as_ref(), seen.at);
    }
    if let Some(cloud) = &app.cloud {
        cloud_model(&mut registry, cloud, &seen);
    }
    bookings(&mut registry, &seen, app.site.bookings.limit.as_secs());
    state(&mut registry, &seen.now);
    gauge(&mut registry, "line_up", "1: the line to the internet is up", i64::from(line_up));
    gauge(&mut registry, "ready", "1: the model is loaded", i64::from(app.readiness.is_ready()));
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
    counter(registry, "effects", "Effects that have ended", ["effect", "outcome"], &counts.effects);
    counter(registry, "texts", "Replies by how they ended", ["channel", "outcome"], &counts.texts);
    counter(
        registry,
        "text_deliveries",
        "What the provider says became of texts",
        ["outcome", ""],
        &counts.deliveries,
    );
    let latency = Histogram::new(BUCKETS);
    for milliseconds in &counts.latencies {
        latency.observe(*milliseconds as f64 / 1000.0);
    }
    registry.register("turn_latency_seconds", "From a turn being due to its reply being committed", latency);
}

fn people(registry: &mut Registry, seen: &Seen) {
    let Counts { escalations, alerts, .. } = &seen.counts;
    counter(registry, "escalations", "Calls for a person", ["level", ""], escalations);
    counter(registry, "alerts", "Calls to one person", ["channel", "outcome"], alerts);
    levels(registry, "escalations_open", "Calls that are open", &seen.now.escalations_open);
    levels(
        registry,
        "escalations_unacknowledged",
        "Open calls that nobody has acknowledged",
        &seen.now.unacknowledged,
    );
    let waits = seen.now.oldest_unacknowledged.map_or(0, |opened| seen.at.since(UnixMs(opened)).as_secs());
    seconds(
        registry,
        "escalation_oldest_unacknowledged",
        "How long the oldest call waits that nobody has acknowledged; 0: none does",
        waits,
    );
    gauges(
        registry,
        "alerts_waiting",
        "Calls to people that have not left",
        ["state", "channel"],
        &seen.now.alerts_waiting,
    );
}

/// The channels that reach people.
fn channels(registry: &mut Registry, seen: &Seen) {
    let working = Family::<Labels, Gauge>::default();
    let age = Family::<Labels, Gauge>::default();
    for (name, state, delivered) in &seen.now.channels {
        let labels: Labels = vec![("channel", name.clone())];
        let fails = state == "failing" || state == "dead";
        working.get_or_create(&labels).set(i64::from(!fails));
        if let Some(at) = delivered {
            let length = seen.at.since(UnixMs(*at)).as_secs();
            age.get_or_create(&labels).set(i64::try_from(length).unwrap_or(i64::MAX));
        }
    }
    registry.register("channel_working", "0: the last call by this channel failed", working);
    registry.register_with_unit(
        "channel_delivered_age",
        "Time since a call by this channel arrived",
        Unit::Seconds,
        age,
    );
}

/// The line to the provider of texts, since the program started.
fn provider(registry: &mut Registry, hooks: &dyn TextHooks, at: UnixMs) {
    let name = hooks.provider().to_owned();
    let family = Family::<Labels, Counter>::default();
    for (event, n) in hooks.figures() {
        family.get_or_create(&vec![("provider", name.clone()), ("event", event.to_owned())]).inc_by(n);
    }
    registry.register("text_provider_events", "The line to the provider of texts", family);
    if let Some(polled) = hooks.polled_at() {
        let age = Family::<Labels, Gauge>::default();
        let length = i64::try_from(at.since(polled).as_secs()).unwrap_or(i64::MAX);
        age.get_or_create(&vec![("provider", name)]).set(length);
        registry.register_with_unit(
            "text_provider_poll_age",
            "Time since the provider was asked for new texts and answered",
            Unit::Seconds,
            age,
        );
    }
}

/// The cloud model: what left the box (from the database), how questions ended (since the start), money.
fn cloud_model(registry: &mut Registry, cloud: &Fallback, seen: &Seen) {
    let (requests, spent) = &seen.cloud;
    counter(registry, "llm_requests", "Requests to the cloud model", ["outcome", ""], requests);
    let ends = cloud.stats().counters();
    let ends: Tally = ends
        .into_iter()
        .map(|(n, count)| (n.to_owned(), String::new(), i64::try_from(count).unwrap_or(0)))
        .collect();
    counter(
        registry,
        "llm_questions",
        "Questions to the cloud model by how they ended",
        ["event", ""],
        &ends,
    );
    let caps = cloud.settings();
    let money = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    let cap = Family::<Labels, Gauge>::default();
    for (span, spent, most) in
        [("day", spent.day, caps.cents_a_day), ("month", spent.month, caps.cents_a_month)]
    {
        let labels: Labels = vec![("span", span.to_owned())];
        money.get_or_create(&labels).set(spent as f64 / 1e6);
        cap.get_or_create(&labels).set(most);
    }
    registry.register("llm_spent_cents", "Spent or reserved for the cloud model", money);
    registry.register("llm_cap_cents", "The most that may be spent", cap);
    gauge(
        registry,
        "llm_resting",
        "1: it failed too often and is not asked for a while",
        i64::from(cloud.is_resting()),
    );
}

fn bookings(registry: &mut Registry, seen: &Seen, limit: u64) {
    let age = Family::<Labels, Gauge>::default();
    let (size, failing, skipped) = (age_like(), age_like(), age_like());
    for source in &seen.sources {
        let labels: Labels = vec![("source", source.name.clone())];
        if let Some(length) = source.age(seen.at) {
            age.get_or_create(&labels).set(i64::try_from(length.as_secs()).unwrap_or(i64::MAX));
        }
        size.get_or_create(&labels).set(source.count);
        skipped.get_or_create(&labels).set(source.skipped);
        failing.get_or_create(&labels).set(i64::from(source.error.is_some()));
    }
    registry.register_with_unit(
        "booking_feed_age",
        "Time since a list of bookings was read",
        Unit::Seconds,
        age,
    );
    registry.register("booking_feed_bookings", "Bookings in a list", size);
    registry.register("booking_feed_skipped", "Entries of a list that are no booking", skipped);
    registry.register("booking_feed_failing", "1: the last try to read the list failed", failing);
    seconds(registry, "booking_feed_limit", "No door opens by a list that is older", limit);
}

fn age_like() -> Family<Labels, Gauge> {
    Family::default()
}

fn state(registry: &mut Registry, now: &Now) {
    gauges(registry, "outbox", "Replies that have not left", ["state", "channel"], &now.outbox);
    let depth: i64 = now.outbox.iter().map(|(_, _, n)| n).sum();
    gauge(registry, "outbox_depth", "Replies that have not left, all together", depth);
    gauges(registry, "effects_open", "Effects under way", ["effect", ""], &now.effects_open);
    gauge(registry, "tickets_open", "Open tickets", now.tickets_open);
    gauge(registry, "incidents_open", "Open incidents", now.incidents_open);
    gauge(registry, "devices_offline", "Devices that cannot be reached", now.devices_offline);
}

fn labelled(labels: [&'static str; 2], first: &str, second: &str) -> Labels {
    let values = [(labels[0], first.to_owned()), (labels[1], second.to_owned())];
    values.into_iter().filter(|(label, _)| !label.is_empty()).collect()
}

fn counter(registry: &mut Registry, name: &str, help: &str, labels: [&'static str; 2], tally: &Tally) {
    let family = Family::<Labels, Counter>::default();
    for (first, second, n) in tally {
        let values = labelled(labels, first, second);
        family.get_or_create(&values).inc_by(u64::try_from(*n).unwrap_or(0));
    }
    registry.register(name, help, family);
}

fn gauges(registry: &mut Registry, name: &str, help: &str, labels: [&'static str; 2], tally: &Tally) {
    let family = Family::<Labels, Gauge>::default();
    for (first, second, n) in tally {
        family.get_or_create(&labelled(labels, first, second)).set(*n);
    }
    registry.register(name, help, family);
}

fn levels(registry: &mut Registry, name: &str, help: &str, tally: &Tally) {
    let of = |level: &str| tally.iter().find(|(l, _, _)| l == level).map_or(0, |(_, _, n)| *n);
    let all: Tally = LEVELS.iter().map(|level| ((*level).to_owned(), String::new(), of(level))).collect();
    gauges(registry, name, help, ["level", ""], &all);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

/// `name` gets the ending `_seconds`.
fn seconds(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}
