//! Where people are called: one file a channel. The staff page is the LAN alarm and needs nothing here.
//!
//! Owns the channels to people. May use `store`, `site`. Decides nothing about whom to call and when: the
//! desk's ladder does. A broken channel never stops a reply or an action.

pub mod ntfy;

use async_trait::async_trait;

use crate::store::escalation::{Alert, Escalation};

/// Why an alert did not reach its channel.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotReached(pub String);

/// One way to reach people over the line.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Name in the journal and on the page: `ntfy`.
    fn name(&self) -> &'static str;

    /// Calls the person of `alert`. `Ok` once the channel's server has it.
    async fn call(&self, alert: &Alert, escalation: &Escalation) -> Result<(), NotReached>;
}
