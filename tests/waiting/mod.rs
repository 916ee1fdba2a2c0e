//! Waiting for what happens in another process, or inside a thing that tells nobody: it sends no event here,
//! so it is asked again and again until it says yes. Where there is an event, await that instead.

#![allow(dead_code, reason = "each program of the tests uses a part")]

use std::time::Duration;

/// How often a foreign thing is asked.
const EVERY: Duration = Duration::from_millis(10);

/// Asks until there is an answer, and fails the test if none comes in `patience`; `then` tells what there is
/// to tell of it.
pub async fn asked_until<T>(
    patience: Duration,
    ask: impl AsyncFnMut() -> Option<T>,
    then: impl FnOnce() -> String,
) -> T {
    let answer = asked_within(patience, EVERY, ask).await;
    answer.unwrap_or_else(|| panic!("not within {patience:?}: {}", then()))
}

/// Asks until there is an answer; `None` if none comes in `patience`.
pub async fn asked_within<T>(
    patience: Duration,
    every: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let answered = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(every).await;
        }
    };
    tokio::time::timeout(patience, answered).await.ok()
}
