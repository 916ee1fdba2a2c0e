//! Who is on call, and the day's digest.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::desk;
use crate::store::{self, digest};

/// A digest is shown this long.
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OnCallView {
    /// Called first.
    pub on_call: String,
    /// Everybody who can be called, in order; the first is on call.
    pub people: Vec<String>,
    /// Until then; after that the order before it holds again.
    pub until: Option<String>,
    #[serde(skip)]
    pub until_label: String,
}

#[derive(Debug, Clone)]
pub struct DigestView {
    pub at_label: String,
    pub text: String,
}

pub fn on_call(look: Look<'_>) -> store::Result<OnCallView> {
    let order = desk::on_call_order(look.conn, look.site, look.now)?;
    Ok(OnCallView {
        on_call: order.people.first().cloned().unwrap_or_default(),
        people: order.people,
        until: order.until.map(time::rfc3339),
        until_label: order.until.map_or_else(String::new, |at| time::label(look.site, at, look.now)),
    })
}

/// The last one, for a day.
pub fn digest(look: Look<'_>) -> store::Result<Option<DigestView>> {
    let latest = digest::latest(look.conn, look.now - DAY)?;
    Ok(latest.map(|d| DigestView { at_label: time::label(look.site, d.made_at, look.now), text: d.text }))
}
