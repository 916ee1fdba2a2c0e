//! The radar: asked whether it answers, reset on command. The reset's proof is that it went and came back;
//! this program only shows what it sees.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tracing::info;

use super::config::Radar;
use super::{Seen, pc};

/// Misses in a row before it is shown as gone: one packet may be lost.
const MISSES: u32 = 2;
/// During a reset it is asked this often, for so long, and one miss counts.
const CLOSE_LOOK: Duration = Duration::from_millis(250);
const RESET_WATCHED: Duration = Duration::from_secs(110);

type Reply = oneshot::Sender<Result<(), String>>;

/// Asks the watcher for a reset.
#[derive(Clone)]
pub struct Handle(mpsc::Sender<Reply>);

impl Handle {
    /// Returns when the reset's command has ended; what the radar does is shown as it is seen.
    ///
    /// # Errors
    /// The command does not start or ends badly.
    pub async fn reset(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let gone = || "the agent is stopping".to_owned();
        self.0.send(reply).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Starts asking.
pub fn start(config: Radar, seen: watch::Sender<Seen>) -> Handle {
    let (handle, inbox) = mpsc::channel(1);
    tokio::spawn(run(config, seen, inbox));
    Handle(handle)
}

async fn run(config: Radar, seen: watch::Sender<Seen>, mut inbox: mpsc::Receiver<Reply>) {
    let mut tick = tokio::time::interval(Duration::from_secs(config.every_s));
    let mut misses = 0;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                misses = if config.probe.answers().await { 0 } else { misses + 1 };
                if misses == 0 || misses >= MISSES {
                    show(&seen, misses == 0);
                }
            }
            reply = inbox.recv() => {
                let Some(reply) = reply else { return };
                info!("the radar is reset");
                let done = pc::run(&config.reset).await.map(drop);
                let watched = done.is_ok();
                let _ = reply.send(done); // whoever asked may have gone
                if watched {
                    watch_reset(&config, &seen).await;
                }
                misses = 0;
            }
        }
    }
}

/// Looks closely until it went and came back.
async fn watch_reset(config: &Radar, seen: &watch::Sender<Seen>) {
    let mut went = false;
    let looked = async {
        loop {
            let answers = config.probe.answers().await;
            show(seen, answers);
            if went && answers {
                return;
            }
            went |= !answers;
            tokio::time::sleep(CLOSE_LOOK).await;
        }
    };
    if tokio::time::timeout(RESET_WATCHED, looked).await.is_err() {
        info!("the radar was not seen to go and come back");
    }
}

fn show(seen: &watch::Sender<Seen>, answers: bool) {
    seen.send_if_modified(|seen| {
        let news = seen.radar != Some(answers);
        seen.radar = Some(answers);
        news
    });
}
