//! Acknowledged in one place, silent in all others.
//!
//! What a channel showed stands in the database until it was taken back, so that a kill between the
//! acknowledgement and the last channel changes nothing. A channel that cannot be reached is tried again
//! every half minute for an hour, then left: what it shows is old by then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{NotReached, Switchboard};
use crate::store::called::{self, Shown};
use crate::store::{Reader, StoreError, escalation};

const AGAIN: Duration = Duration::from_secs(30);
const TRIES: u32 = 120;

/// What was tried in vain: how often, and when last.
type Vain = BTreeMap<(i64, String), (u32, Instant)>;

/// Takes back what channels show, whenever somebody has acknowledged or closed. Ends with the desk.
pub(super) async fn watch(switchboard: Arc<Switchboard>) {
    let mut changes = switchboard.reception.desk.changes();
    let mut vain = Vain::new();
    loop {
        changes.mark_unchanged();
        if let Err(error) = round(&switchboard, &mut vain).await {
            tracing::error!(%error, "what channels show could not be looked at");
        }
        let again = async {
            if vain.is_empty() { std::future::pending().await } else { tokio::time::sleep(AGAIN).await }
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = again => {}
        }
    }
}

async fn round(switchboard: &Switchboard, vain: &mut Vain) -> Result<(), StoreError> {
    let db = Reader::open(&switchboard.reception.db)?;
    let all = called::to_silence(db.conn())?;
    drop(db);
    vain.retain(|key, _| all.iter().any(|s| (s.escalation_id, &s.channel) == (key.0, &key.1)));
    let rested = |s: &&Shown| {
        vain.get(&(s.escalation_id, s.channel.clone())).is_none_or(|(_, last)| last.elapsed() >= AGAIN)
    };
    let due: Vec<Shown> = all.iter().filter(rested).cloned().collect();
    let ended = join_all(due.iter().map(|shown| one(switchboard, shown))).await;
    let mut over = Vec::new();
    for (shown, ended) in due.into_iter().zip(ended) {
        let key = (shown.escalation_id, shown.channel.clone());
        let tried = vain.get(&key).map_or(0, |(tried, _)| *tried) + 1;
        match ended {
            Err(NotReached::Later { .. }) if tried < TRIES => {
                vain.insert(key, (tried, Instant::now()));
                continue;
            }
            Err(why) => {
                tracing::info!(channel = shown.channel, %why, "what it shows could not be taken back")
            }
            Ok(()) => {}
        }
        vain.remove(&key);
        over.push(shown);
    }
    if over.is_empty() {
        return Ok(());
    }
    let written = switchboard.reception.desk.call(move |desk| {
        let now = desk.now();
        desk.store()
            .write(|tx| over.iter().try_for_each(|s| called::silenced(tx, s.escalation_id, &s.channel, now)))
    });
    written.await.unwrap_or(Ok(())) // the desk has stopped; after the start it is taken up again
}

async fn one(switchboard: &Switchboard, shown: &Shown) -> Result<(), NotReached> {
    let Some(channel) = switchboard.channels.iter().find(|c| c.name() == shown.channel) else {
        return Ok(()); // no longer configured
    };
    let unread = |error: StoreError| NotReached::Later { why: error.to_string(), after: None };
    let db = Reader::open(&switchboard.reception.db).map_err(unread)?;
    let row = escalation::get(db.conn(), shown.escalation_id).map_err(unread)?;
    drop(db);
    let Some(row) = row else { return Ok(()) };
    channel.silence(&switchboard.card(&row), shown).await
}
