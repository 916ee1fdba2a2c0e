//! The loops that look for lists, against a server and a file that change.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::*;
use crate::desk::{self, Desk, Options, Parts};
use crate::intent::Understanding;
use crate::site::{FeedUrl, LoadMode};
use crate::sop::Library;
use crate::store::booking_source::{self, Source};
use crate::store::{Reader, Store, booking};

/// Real time that a condition may take.
const PATIENCE: Duration = Duration::from_secs(20);

struct Club {
    desk: DeskHandle,
    site: Arc<Site>,
    clock: Clock,
    dir: PathBuf,
}

impl Drop for Club {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn club(name: &str) -> Club {
    let _ = rustls::crypto::ring::default_provider().install_default(); // once a process is enough
    let dir = std::env::temp_dir().join(format!("clubos-lists-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let site =
        Arc::new(crate::site::load("tests/sites/clubhouse.toml".as_ref(), LoadMode::Simulated).unwrap());
    let clock = Clock::virtual_at("2026-11-20T12:00:00Z".parse::<jiff::Timestamp>().unwrap().into());
    let parts = Parts {
        store: Store::open(&dir).unwrap(),
        site: site.clone(),
        library: Arc::new(Library::load("sops".as_ref()).unwrap()),
        reader: Arc::new(Understanding::rules_only(Some(&site))),
        clock: clock.clone(),
        options: Options::default(),
    };
    let (desk, _, _) = desk::start(Desk::new(parts).unwrap()).unwrap();
    Club { desk, site, clock, dir }
}

impl Club {
    /// Waits until the list is as `right` wants it.
    async fn until(&self, name: &str, what: &str, right: impl Fn(&Source) -> bool) -> Source {
        let mut changes = self.desk.changes();
        let seen = async {
            loop {
                let db = Reader::open(&self.dir.join("clubos.db")).unwrap();
                if let Some(source) = booking_source::get(db.conn(), name).unwrap().filter(&right) {
                    return source;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never came: {what}"))
    }

    fn ids(&self, source: &str) -> Vec<String> {
        let db = Reader::open(&self.dir.join("clubos.db")).unwrap();
        let all = booking::of_source(db.conn(), source, self.clock.now()).unwrap();
        all.into_iter().map(|b| b.id).collect()
    }
}

const ONE: &str = "BEGIN:VEVENT\r\nUID:one\r\nDTSTART:20261120T200000Z\r\nDTEND:20261120T210000Z\r\nLOCATION:Bay 2\r\nEND:VEVENT\r\n";
const TWO: &str = "BEGIN:VEVENT\r\nUID:two\r\nDTSTART:20261121T200000Z\r\nDTEND:20261121T210000Z\r\nLOCATION:Bay 3\r\nEND:VEVENT\r\n";

fn text(events: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
}

/// What the server does now.
static NOW: AtomicUsize = AtomicUsize::new(0);
static SAID_SAME: AtomicUsize = AtomicUsize::new(0);

async fn answer(headers: HeaderMap) -> Response {
    match NOW.load(Ordering::SeqCst) {
        0 if headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == "\"1\"") => {
            SAID_SAME.fetch_add(1, Ordering::SeqCst);
            StatusCode::NOT_MODIFIED.into_response()
        }
        0 => ([(header::ETAG, "\"1\"")], text(ONE)).into_response(),
        1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        2 => text(ONE).trim_end_matches("END:VCALENDAR\r\n").to_owned().into_response(),
        _ => ([(header::ETAG, "\"2\"")], text(&format!("{ONE}{TWO}"))).into_response(),
    }
}

#[tokio::test]
async fn a_calendar_that_fails_keeps_the_last_list_and_is_read_again_when_it_can_be() {
    let club = club("calendar");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/feed.ics", listener.local_addr().unwrap());
    let router = Router::new().route("/feed.ics", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let feed = IcalFeed { url: FeedUrl::Plain(url.clone()), every: Duration::from_millis(20) };
    let fetcher = Fetcher::new(feed.url.clone()).unwrap();
    let (desk, site, clock) = (club.desk.clone(), club.site.clone(), club.clock.clone());
    let task = tokio::spawn(async move {
        let _ = calendar(fetcher, feed, desk, site, clock).await; // the desk has stopped
    });
    club.until(CALENDAR, "the first list", |s| s.count == 1 && s.error.is_none()).await;
    let first = club.clock.now();
    NOW.store(1, Ordering::SeqCst);
    let failing = club.until(CALENDAR, "an error", |s| s.error.is_some()).await;
    assert!(failing.error.unwrap().contains("503"));
    assert_eq!((failing.read_at, club.ids(CALENDAR)), (Some(first), vec!["ical:one".to_owned()]));
    NOW.store(2, Ordering::SeqCst);
    let cut = club
        .until(CALENDAR, "a list cut off", |s| s.error.as_ref().is_some_and(|e| e.contains("cut off")))
        .await;
    assert_eq!((cut.count, club.ids(CALENDAR)), (1, vec!["ical:one".to_owned()]));
    club.clock.advance_to(first + Duration::from_secs(600));
    let before = SAID_SAME.load(Ordering::SeqCst);
    NOW.store(0, Ordering::SeqCst);
    let again = club.until(CALENDAR, "read again", |s| s.error.is_none()).await;
    assert_eq!((again.read_at, again.changed_at), (Some(club.clock.now()), Some(first)), "read, not changed");
    assert!(SAID_SAME.load(Ordering::SeqCst) > before, "by a conditional request");
    NOW.store(3, Ordering::SeqCst);
    club.until(CALENDAR, "the new list", |s| s.count == 2).await;
    assert_eq!(club.ids(CALENDAR), ["ical:one", "ical:two"]);
    task.abort();
}

#[tokio::test]
async fn a_file_that_is_bad_or_gone_keeps_the_last_list() {
    let club = club("file");
    let path = club.dir.join("bookings.json");
    let write = |text: &str, seconds: u64| {
        std::fs::write(&path, text).unwrap();
        let at = std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds);
        std::fs::File::open(&path).unwrap().set_modified(at).unwrap();
    };
    let good =
        r#"[{"id":"B1","phone":"902-555-0101","bay":2,"from":"2026-11-20T20:30","to":"2026-11-20T22:00"}]"#;
    write(good, 0);
    let file = File { path: path.clone(), every: Duration::from_millis(20), seen: None, looks: 0 };
    let (desk, site, clock) = (club.desk.clone(), club.site.clone(), club.clock.clone());
    let task = tokio::spawn(async move {
        let _ = every_look(file, desk, site, clock).await; // the desk has stopped
    });
    let first = club.until(FILE, "the file", |s| s.count == 1).await;
    club.clock.advance_to(club.clock.now() + Duration::from_secs(3600));
    club.until(FILE, "unchanged and fresh", |s| s.read_at > first.read_at).await;
    write(&good.replace("\"bay\":2", "\"bay\":9"), 1);
    let bad = club.until(FILE, "a bad file", |s| s.error.is_some()).await;
    assert!(bad.error.unwrap().contains("there is no such bay"));
    assert_eq!(club.ids(FILE), ["B1"]);
    std::fs::remove_file(&path).unwrap();
    club.until(FILE, "a file that is gone", |s| {
        s.error.as_ref().is_some_and(|e| e.contains("cannot be read"))
    })
    .await;
    assert_eq!(club.ids(FILE), ["B1"]);
    write(&good.replace("B1", "B2"), 2);
    club.until(FILE, "a good file", |s| s.error.is_none()).await;
    assert_eq!(club.ids(FILE), ["B2"]);
    task.abort();
}
