//! Where spend, egress log and answers are kept. The database's one writer is the desk's, so whoever puts
//! the rooms together implements this on it; everything it needs is in `store::llm`.

use async_trait::async_trait;

use crate::clock::UnixMs;
use crate::store::llm::{Caps, Ended, NewCall};

/// The database could not be asked, or the program is ending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger of the cloud model: {0}")]
pub struct LedgerError(pub String);

/// The ledger of the cloud model.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// What was answered to the same question lately.
    async fn answer(&self, key: &str, now: UnixMs) -> Result<Option<String>, LedgerError>;

    /// Commits the request before it leaves. `None`: beyond the caps, it must not leave.
    async fn reserve(&self, call: NewCall, caps: Caps) -> Result<Option<i64>, LedgerError>;

    /// What became of it; with it the answer to keep, as key and value.
    async fn settle(
        &self,
        id: i64,
        ended: Ended,
        keep: Option<(String, String)>,
        now: UnixMs,
    ) -> Result<(), LedgerError>;
}
