//! Channels to people, in plain words: do they work, when did they last, and why not.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::store;
use crate::store::called::{self, State};
use crate::web::people::ChannelName;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChannelView {
    /// `slack`, `slack-webhook`, `ntfy`, `push`, `sms`, `voice`.
    pub name: String,
    pub label: String,
    /// `untried`, `working`, `failing`, `dead`, `missing`.
    pub state: String,
    /// The state in a sentence.
    pub says: String,
    pub delivered_at: Option<String>,
    pub failed_at: Option<String>,
    /// Why the last failure was one, and how to mend it.
    pub why: Option<String>,
    #[serde(skip)]
    pub delivered_label: String,
    #[serde(skip)]
    pub failed_label: String,
}

impl ChannelView {
    /// Whether a test can be sent.
    pub fn can_test(&self) -> bool {
        self.state != "missing"
    }

    pub fn is_bad(&self) -> bool {
        matches!(self.state.as_str(), "failing" | "dead" | "missing")
    }

    pub fn is_good(&self) -> bool {
        self.state == "working"
    }
}

/// Every channel the site names, in its order.
pub fn list(look: Look<'_>, names: &[ChannelName]) -> store::Result<Vec<ChannelView>> {
    names.iter().map(|name| view(look, name)).collect()
}

fn view(look: Look<'_>, name: &ChannelName) -> store::Result<ChannelView> {
    let row = called::health(look.conn, name.name)?;
    let state = row.as_ref().map_or(State::Untried, |row| row.state);
    let says = match (&name.missing, state) {
        (Some(_), _) => "It cannot be used as it is set up.",
        (None, State::Untried) => "Nothing was sent yet. Send a test.",
        (None, State::Working) => "The last call arrived.",
        (None, State::Failing) => "The last call did not arrive.",
        (None, State::Dead) => "It is gone for good: set it up anew. Nothing is sent until then.",
    };
    let label = |at| time::label(look.site, at, look.now);
    let (delivered, failed) = row.as_ref().map_or((None, None), |row| (row.delivered_at, row.failed_at));
    Ok(ChannelView {
        name: name.name.to_owned(),
        label: name.label.to_owned(),
        state: if name.missing.is_some() { "missing".to_owned() } else { state.name().to_owned() },
        says: says.to_owned(),
        delivered_at: delivered.map(time::rfc3339),
        failed_at: failed.map(time::rfc3339),
        why: name.missing.clone().or_else(|| row.and_then(|row| row.why)),
        delivered_label: delivered.map_or_else(|| "never".to_owned(), label),
        failed_label: failed.map_or_else(|| "never".to_owned(), label),
    })
}
