//! What was heard becomes rows, at a slow pace: who announces without end costs the database nothing.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::warn;

use super::News;
use crate::clock::Clock;
use crate::desk::DeskHandle;
use crate::store::proposal::{self, Heard, MOST};

/// Between two rows.
const PACE: Duration = Duration::from_millis(50);
/// The same again within this time is no news.
const SAME: Duration = Duration::from_secs(600);
/// Announcements remembered; more, and all are forgotten once.
const REMEMBERED: usize = 1000;

pub(super) async fn keep(desk: DeskHandle, clock: Clock, mut heard: mpsc::Receiver<News>) {
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known: HashMap<(&'static str, String), (Heard, Instant)> = HashMap::new();
    let mut full = false;
    while let Some(news) = heard.recv().await {
        let now = clock.now();
        let kept = match news {
            News::Found(found) => {
                let key = (found.source, found.key.clone());
                let same = known.get(&key).is_some_and(|(old, at)| *old == found && at.elapsed() < SAME);
                if same {
                    continue;
                }
                pace.tick().await;
                if known.len() >= REMEMBERED {
                    known.clear();
                }
                known.insert(key, (found.clone(), Instant::now()));
                desk.call(move |desk| desk.store().write(|tx| proposal::heard(tx, &found, now))).await
            }
            News::Gone { source, key } => {
                if !known
                    .keys()
                    .any(|(of, k)| *of == source && (*k == key || k.starts_with(&format!("{key}/"))))
                {
                    continue;
                }
                pace.tick().await;
                known.retain(|(of, k), _| *of != source || (*k != key && !k.starts_with(&format!("{key}/"))));
                desk.call(move |desk| {
                    desk.store().write(|tx| proposal::withdrawn(tx, source, &key).map(|()| true))
                })
                .await
            }
        };
        match kept {
            Err(_) => return, // the desk has stopped
            Ok(Err(error)) => warn!(%error, "a proposal could not be kept"),
            Ok(Ok(true)) => {}
            Ok(Ok(false)) if !full => {
                full = true;
                warn!("more than {MOST} devices announce themselves in one way; the rest is not proposed");
            }
            Ok(Ok(false)) => {}
        }
    }
}
