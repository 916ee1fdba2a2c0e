//! The lists of bookings that the box looks for itself: the file and the calendar. What is pushed comes by
//! the API (`web::api::bookings`).
//!
//! A list that cannot be read changes nothing: the last good one stays, gets older, and people are told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::desk::{BookingList, DeskGone, DeskHandle, NotRead};
use crate::feed::{self, Calendar, FetchError, Fetched, Fetcher, Window};
use crate::site::{IcalFeed, Site};
use crate::store::StoreError;
use crate::web;

const FILE: &str = "file";
const CALENDAR: &str = "ical";
/// How often it is looked whether the file has another time.
const FILE_EVERY: Duration = Duration::from_secs(10);
/// Looks that find the file unchanged are written down this often.
const FRESH_EVERY: u32 = 6;
const AGE_EVERY: Duration = Duration::from_secs(60);

/// Starts what watches the file, the calendar, and the age of every list.
pub fn watch(
    desk: &DeskHandle,
    site: &Arc<Site>,
    clock: &Clock,
    file: Option<PathBuf>,
) -> Vec<JoinHandle<()>> {
    let mut tasks = vec![tokio::spawn(ages(desk.clone()))];
    if let Some(path) = file {
        let file = File { path, every: FILE_EVERY, seen: None, looks: 0 };
        let (desk, site, clock) = (desk.clone(), site.clone(), clock.clone());
        tasks.push(tokio::spawn(async move {
            let _ = every_look(file, desk, site, clock).await; // the desk has stopped, and so does this
        }));
    }
    if let Some(feed) = site.bookings.ical.clone() {
        match Fetcher::new(feed.url.clone()) {
            Ok(fetcher) => {
                let (desk, site, clock) = (desk.clone(), site.clone(), clock.clone());
                tasks.push(tokio::spawn(async move {
                    let _ = calendar(fetcher, feed, desk, site, clock).await; // the same
                }));
            }
            Err(error) => tracing::error!(%error, "the calendar of bookings cannot be fetched"),
        }
    }
    tasks
}

/// Tells people of lists that have become too old.
async fn ages(desk: DeskHandle) {
    let mut tick = tokio::time::interval(AGE_EVERY);
    loop {
        tick.tick().await;
        match desk.call(|desk| desk.look_at_bookings()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the age of the bookings could not be looked at"),
            Err(_) => return,
        }
    }
}

/// The desk's answer; an error of the database is logged, the next look tries again.
fn stored(answer: Result<Result<(), StoreError>, DeskGone>) -> Result<bool, DeskGone> {
    match answer? {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::error!(%error, "the bookings could not be stored");
            Ok(false)
        }
    }
}

struct File {
    path: PathBuf,
    every: Duration,
    /// The time of the file when it was read last, good or bad.
    seen: Option<SystemTime>,
    looks: u32,
}

async fn every_look(mut file: File, desk: DeskHandle, site: Arc<Site>, clock: Clock) -> Result<(), DeskGone> {
    let mut tick = tokio::time::interval(file.every);
    let mut good = false;
    loop {
        tick.tick().await;
        let changed = match tokio::fs::metadata(&file.path).await.and_then(|m| m.modified()) {
            Ok(changed) => changed,
            Err(error) => {
                file.seen = None;
                good = false;
                not_read(&desk, FILE, format!("the file cannot be read: {error}"), true).await?;
                continue;
            }
        };
        if file.seen == Some(changed) {
            file.looks += 1;
            if good && file.looks >= FRESH_EVERY {
                file.looks = 0;
                stored(desk.call(|desk| desk.bookings_unchanged(FILE)).await)?;
            }
            continue;
        }
        file.looks = 0;
        match of_file(&file.path, &site).await {
            Ok(bookings) => {
                let list = BookingList {
                    source: FILE.to_owned(),
                    bookings,
                    skipped: 0,
                    why: String::new(),
                    read_at: clock.now(),
                };
                good = stored(desk.call(move |desk| desk.bookings_read(&list)).await)?;
                if good {
                    file.seen = Some(changed);
                }
            }
            Err(why) => {
                good = false;
                file.seen = Some(changed);
                not_read(&desk, FILE, why, true).await?;
            }
        }
    }
}

async fn of_file(path: &Path, site: &Site) -> Result<Vec<crate::store::booking::Booking>, String> {
    let text = tokio::fs::read_to_string(path).await.map_err(|e| format!("the file cannot be read: {e}"))?;
    let csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    web::bookings(&text, csv, site)
}

async fn not_read(
    desk: &DeskHandle,
    source: &'static str,
    why: String,
    lasting: bool,
) -> Result<(), DeskGone> {
    tracing::warn!(source, why, "bookings cannot be read; those before stay");
    let problem = NotRead { why, lasting };
    stored(desk.call(move |desk| desk.bookings_not_read(source, &problem)).await).map(|_| ())
}

async fn calendar(
    mut fetcher: Fetcher,
    feed: IcalFeed,
    desk: DeskHandle,
    site: Arc<Site>,
    clock: Clock,
) -> Result<(), DeskGone> {
    let mut tick = tokio::time::interval(feed.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The text kept for looks that bring nothing new: the window moves on, and with it what is in it.
    let mut kept: Option<Arc<str>> = None;
    loop {
        tick.tick().await;
        let (text, marks) = match fetcher.fetch().await {
            Ok(Fetched::New { text, marks }) => (Arc::from(text), Some(marks)),
            Ok(Fetched::Same) => match &kept {
                Some(text) => (text.clone(), None),
                None => continue,
            },
            Err(error) => {
                let lasting = FetchError::is_lasting(&error);
                not_read(&desk, CALENDAR, error.to_string(), lasting).await?;
                continue;
            }
        };
        let now = clock.now();
        let (read_text, read_site) = (text.clone(), site.clone());
        // Ten thousand events take a while: not on the threads that serve the pages.
        let read = tokio::task::spawn_blocking(move || of_calendar(&read_text, &read_site, now)).await;
        let list = match read {
            Ok(Ok(list)) => list,
            Ok(Err(error)) => {
                not_read(&desk, CALENDAR, format!("what came {error}"), true).await?;
                continue;
            }
            Err(_) => {
                not_read(&desk, CALENDAR, "the calendar brought its reader down".to_owned(), true).await?;
                continue;
            }
        };
        if stored(desk.call(move |desk| desk.bookings_read(&list)).await)?
            && let Some(marks) = marks
        {
            fetcher.keep(marks);
            kept = Some(text);
        }
    }
}

fn of_calendar(
    text: &str,
    site: &Site,
    now: crate::clock::UnixMs,
) -> Result<BookingList, feed::NotACalendar> {
    let calendar = Calendar::read(text, &site.zone, Window::around(now))?;
    let mapped = feed::bookings(&calendar, site);
    let (skipped, why) = (mapped.skipped_count(), mapped.why());
    Ok(BookingList { source: CALENDAR.to_owned(), bookings: mapped.bookings, skipped, why, read_at: now })
}

#[cfg(test)]
mod tests;
