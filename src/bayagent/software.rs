//! The simulator software: watched, started when it does not run, restarted on command.
//!
//! "Runs" means: a process of it lives, has lived for the steady time after a start, and answers where the
//! configuration names a health probe. During a restart it is shown as not running from the moment it is
//! gone until that holds again.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::Seen;
use super::config::Software;
use super::os::{self, Force, Process};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const CLOSE_LOOK: Duration = Duration::from_millis(100);
/// A killed process has to be gone by then.
const KILLED_WITHIN: Duration = Duration::from_secs(10);
/// Pauses between starts of software that does not stay up.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

type Reply = oneshot::Sender<Result<(), String>>;

/// Asks the watcher for a restart.
#[derive(Clone)]
pub struct Handle(mpsc::Sender<Reply>);

impl Handle {
    /// Returns when it runs again.
    ///
    /// # Errors
    /// Why it does not, in words for a person.
    pub async fn restart(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let gone = || "the agent is stopping".to_owned();
        self.0.send(reply).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Starts watching.
pub fn start(config: Software, state_dir: PathBuf, seen: watch::Sender<Seen>) -> Handle {
    let (handle, inbox) = mpsc::channel(1);
    let remembered = state_dir.join("software.json");
    let watcher =
        Watcher { config, remembered, seen, child: None, pause: BACK_OFF.0, not_before: Instant::now() };
    tokio::spawn(watcher.run(inbox));
    Handle(handle)
}

struct Watcher {
    config: Software,
    /// The file that names the process this program started, so that the next run knows it.
    remembered: PathBuf,
    seen: watch::Sender<Seen>,
    child: Option<Child>,
    pause: Duration,
    not_before: Instant,
}

impl Watcher {
    async fn run(mut self, mut inbox: mpsc::Receiver<Reply>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            // A look may end in a start that takes minutes: a command breaks it off and starts anew.
            let look = async {
                tick.tick().await;
                self.look().await;
            };
            let asked = tokio::select! {
                () = look => continue,
                asked = inbox.recv() => asked,
            };
            let Some(reply) = asked else { return };
            // Whoever asked may have gone; it is done all the same.
            let _ = reply.send(self.restart().await);
        }
    }

    async fn look(&mut self) {
        if !self.processes().await.is_empty() {
            return self.show(self.answers().await);
        }
        self.show(false);
        if self.config.watch && Instant::now() >= self.not_before {
            self.not_before = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(BACK_OFF.1);
            info!("the software does not run; it is started");
            match self.bring_up().await {
                Ok(()) => self.pause = BACK_OFF.0,
                Err(problem) => warn!(problem, "the software did not come up"),
            }
        }
    }

    async fn restart(&mut self) -> Result<(), String> {
        info!("the software is restarted");
        let done = match self.stop().await {
            Ok(()) => self.bring_up().await,
            Err(problem) => Err(problem),
        };
        match &done {
            Ok(()) => info!("the software runs again"),
            Err(problem) => warn!(problem, "the restart failed"),
        }
        done
    }

    /// Every process of the software that lives.
    async fn processes(&mut self) -> Vec<Process> {
        if let Some(child) = &mut self.child
            && !matches!(child.try_wait(), Ok(None))
        {
            self.child = None;
        }
        let mut all = Vec::new();
        if let Some(own) = self.own()
            && os::alive(own).await
        {
            all.push(own);
        }
        if let Some(name) = &self.config.process {
            for other in os::find(name, self.config.process_argument.as_deref()).await {
                if !all.contains(&other) {
                    all.push(other);
                }
            }
        }
        all
    }

    fn own(&self) -> Option<Process> {
        serde_json::from_slice(&std::fs::read(&self.remembered).ok()?).ok()
    }

    async fn answers(&self) -> bool {
        match &self.config.health {
            Some(probe) => probe.answers().await,
            None => true,
        }
    }

    async fn stop(&mut self) -> Result<(), String> {
        for (force, patience) in [(Force::Ask, self.config.stop_grace()), (Force::Kill, KILLED_WITHIN)] {
            for process in self.processes().await {
                os::end(process, force).await;
            }
            let until = Instant::now() + patience;
            loop {
                if self.processes().await.is_empty() {
                    self.show(false);
                    return Ok(());
                }
                if Instant::now() >= until {
                    break;
                }
                sleep(CLOSE_LOOK).await;
            }
        }
        Err("the software does not end, even killed".to_owned())
    }

    /// Starts it and waits until it runs in the sense above.
    async fn bring_up(&mut self) -> Result<(), String> {
        self.spawn().await?;
        let started = Instant::now();
        let mut steady_since: Option<Instant> = None;
        loop {
            let ended = match &mut self.child {
                Some(child) => child.try_wait().map_err(|error| error.to_string())?,
                None => None,
            };
            let lives = !self.processes().await.is_empty();
            if let Some(status) = ended
                && !lives
                && (self.config.process.is_none() || !status.success())
            {
                return Err(format!("it ended at once ({status})"));
            }
            steady_since = if lives { steady_since.or_else(|| Some(Instant::now())) } else { None };
            let steady = steady_since.is_some_and(|since| since.elapsed() >= self.config.steady());
            if steady && self.answers().await {
                self.show(true);
                return Ok(());
            }
            if started.elapsed() >= self.config.start_within() {
                let within = self.config.start_within_s;
                return Err(match &self.config.health {
                    Some(probe) if lives => {
                        format!("it was started but does not answer at {probe} within {within} s")
                    }
                    _ => format!("it was started but no process of it runs within {within} s"),
                });
            }
            sleep(CLOSE_LOOK).await;
        }
    }

    async fn spawn(&mut self) -> Result<(), String> {
        let Some((program, arguments)) = self.config.start.split_first() else {
            return Err("no start command".to_owned());
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(dir) = &self.config.directory {
            command.current_dir(dir);
        }
        // A group of its own: ended as a whole, and not with this program.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|error| format!("{program} does not start: {error}"))?;
        let pid = child.id();
        self.child = Some(child);
        if let Some(pid) = pid
            && let Some(own) = os::process(pid).await
            && let Err(error) = std::fs::write(&self.remembered, serde_json::to_vec(&own).unwrap_or_default())
        {
            warn!(%error, "the started process is not remembered; after a restart of the agent it is found by name alone");
        }
        Ok(())
    }

    fn show(&self, runs: bool) {
        self.seen.send_if_modified(|seen| {
            let news = seen.software != Some(runs);
            seen.software = Some(runs);
            news
        });
    }
}
