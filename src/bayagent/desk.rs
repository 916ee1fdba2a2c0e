//! Commands: taken once, refused with a reason, or ignored; carried out one at a time.
//!
//! Order of a command: its expiry, then whether it was taken before (both are ignored silently), then
//! whether this PC can do it and is free, then it is remembered on the disk, then "accepted", then done.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::config::Config;
use super::taken::Taken;
use super::wire::Command;
use super::{Answer, Order, pc, radar, software};
use crate::clock::{Clock, UnixMs};

pub struct Desk {
    config: Arc<Config>,
    taken: Taken,
    clock: Clock,
    software: Option<software::Handle>,
    radar: Option<radar::Handle>,
    under_way: Option<(String, JoinHandle<()>)>,
}

impl Desk {
    pub fn new(
        config: Arc<Config>,
        taken: Taken,
        clock: Clock,
        software: Option<software::Handle>,
        radar: Option<radar::Handle>,
    ) -> Desk {
        Desk { config, taken, clock, software, radar, under_way: None }
    }

    /// Runs until the link ends.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        while let Some(Order { command, answers }) = inbox.recv().await {
            let id = command.id;
            match self.take(&command) {
                Verdict::Ignored(why) => info!(id, why, "a command is ignored"),
                Verdict::Refused(why) => {
                    warn!(id, why, "a command is refused");
                    let _ = answers.send((id, Answer::Rejected(why))); // the link may be ending
                }
                Verdict::Taken => {
                    info!(id, action = command.action, "a command is taken");
                    let _ = answers.send((id, Answer::Accepted));
                    let work = self.work(&command.action);
                    let job = async move {
                        let answer = work.await;
                        info!(id, ?answer, "a command ended");
                        let _ = answers.send((id, answer));
                    };
                    self.under_way = Some((command.action, tokio::spawn(job)));
                }
            }
        }
    }

    fn take(&mut self, command: &Command) -> Verdict {
        let now = self.clock.now();
        if now >= UnixMs(command.expires_at) {
            return Verdict::Ignored("it has expired");
        }
        if self.taken.has(command.id) {
            return Verdict::Ignored("it was taken before");
        }
        if !self.config.capabilities().contains(&command.action.as_str()) {
            return Verdict::Refused("unknown command: this agent cannot do it".to_owned());
        }
        if let Some((action, job)) = &self.under_way
            && !job.is_finished()
        {
            return Verdict::Refused(format!("busy with {action}"));
        }
        match self.taken.add(command.id, command.expires_at, now) {
            Ok(()) => Verdict::Taken,
            Err(error) => Verdict::Refused(error.to_string()),
        }
    }

    fn work(&self, action: &str) -> impl Future<Output = Answer> + Send + use<> {
        let (software, radar, config) = (self.software.clone(), self.radar.clone(), self.config.clone());
        let action = action.to_owned();
        async move {
            let done = match (action.as_str(), software, radar) {
                ("sim.restart", Some(software), _) => software.restart().await,
                ("radar.reset", _, Some(radar)) => radar.reset().await,
                ("pc.reboot", _, _) => Err(pc::reboot(&config.pc.reboot).await),
                _ => Err("unknown command".to_owned()),
            };
            match done {
                Ok(()) => Answer::Done,
                Err(why) => Answer::Failed(why),
            }
        }
    }
}

enum Verdict {
    Taken,
    Refused(String),
    Ignored(&'static str),
}
