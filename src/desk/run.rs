//! The desk's own thread, and the handle everything else speaks to it by.
//!
//! One thread owns the [`Desk`] and so the only writer of the database. Work comes in as closures over a
//! channel, in order; after each batch everything that is due is done and the [`Todo`]s go out. Ending:
//! when the last handle is dropped the thread finishes what is committed and returns.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::{mpsc as async_mpsc, oneshot, watch};

use super::{Desk, Line, Todo};

/// One piece of work for the desk's thread.
pub type Work = Box<dyn FnOnce(&mut Desk) + Send>;

/// The longest the thread sleeps, so that a clock set by hand or a suspended machine is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// After a database error (a full disk), before it is tried again.
const AFTER_ERROR: Duration = Duration::from_millis(500);

/// Speaks to the desk. Cheap to clone.
#[derive(Clone)]
pub struct DeskHandle {
    work: mpsc::Sender<Work>,
    changed: watch::Receiver<u64>,
}

/// The desk's thread has ended (the program is stopping).
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the desk has stopped")]
pub struct DeskGone;

impl DeskHandle {
    /// Runs `work` on the desk and gives its result back. What `work` commits stays committed even if the
    /// caller goes away.
    ///
    /// # Errors
    /// [`DeskGone`] while the program stops.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, DeskGone> {
        let (give, take) = oneshot::channel();
        self.tell(move |desk| {
            let _ = give.send(work(desk)); // the caller may have gone
        })?;
        take.await.map_err(|_| DeskGone)
    }

    /// Runs `work` on the desk without waiting for it.
    ///
    /// # Errors
    /// [`DeskGone`] while the program stops.
    pub fn tell(&self, work: impl FnOnce(&mut Desk) + Send + 'static) -> Result<(), DeskGone> {
        self.work.send(Box::new(work)).map_err(|_| DeskGone)
    }

    /// Counts up whenever something was done: pages look again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

/// Starts the desk's thread. The [`Todo`]s come out of the receiver.
///
/// # Errors
/// If the operating system gives no thread.
pub fn start(
    desk: Desk,
) -> std::io::Result<(DeskHandle, async_mpsc::UnboundedReceiver<Todo>, std::thread::JoinHandle<()>)> {
    let (work, inbox) = mpsc::channel();
    let (out, todos) = async_mpsc::unbounded_channel();
    let (version, changed) = watch::channel(0);
    let thread =
        std::thread::Builder::new().name("desk".into()).spawn(move || run(desk, &inbox, &out, &version))?;
    Ok((DeskHandle { work, changed }, todos, thread))
}

fn run(
    mut desk: Desk,
    inbox: &mpsc::Receiver<Work>,
    out: &async_mpsc::UnboundedSender<Todo>,
    version: &watch::Sender<u64>,
) {
    let mut told = state(&desk);
    loop {
        let pause = match desk.step() {
            Ok(todos) => {
                for todo in todos {
                    let _ = out.send(todo); // nobody listens while the program stops
                }
                sleep_until_due(&desk)
            }
            Err(error) => {
                super::log_store_error("the desk could not go on; it tries again", &error);
                AFTER_ERROR
            }
        };
        // Told only now, when what was due is committed too; and not for work that only looked.
        let now = state(&desk);
        if now != told {
            told = now;
            version.send_modify(|v| *v += 1);
        }
        match inbox.recv_timeout(pause) {
            Ok(work) => {
                work(&mut desk);
                while let Ok(more) = inbox.try_recv() {
                    more(&mut desk);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Differs whenever anything a page shows may differ: rows the one writer has changed, and the line.
fn state(desk: &Desk) -> (u64, Line) {
    (desk.store.conn().total_changes(), desk.line())
}

fn sleep_until_due(desk: &Desk) -> Duration {
    match desk.next_due() {
        Ok(Some(due)) => due.since(desk.now()).min(LONGEST_SLEEP),
        Ok(None) => LONGEST_SLEEP,
        Err(_) => AFTER_ERROR,
    }
}
