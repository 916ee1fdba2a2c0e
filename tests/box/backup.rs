//! Copies of the database: taken while it is written to, and put back.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use clubos::store::{Reader, Store, backup};
use reqwest::{Client, StatusCode};

use crate::operator::PASSWORD;
use crate::program::{Box, halve};

fn ids(file: &Path) -> Vec<i64> {
    let reader = Reader::open(file).expect("opens");
    let mut statement = reader.conn().prepare("SELECT id FROM message WHERE direction = 'in'").expect("SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("readable")
}

fn copy(house: &Box, to: &Path) -> (Option<i32>, String) {
    house.clubos(&["backup", &to.display().to_string()], "")
}

#[tokio::test]
async fn a_copy_taken_while_texts_flow_is_whole_and_holds_all_that_was_promised_before() {
    let mut house = Box::new().without_model();
    house.add_user("dana", "manager");
    house.up().await;
    let http = Client::new();
    let token = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
    let house = Arc::new(house);
    let (promised, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (house, token, promised, stop, http) =
                (house.clone(), token.clone(), promised.clone(), stop.clone(), http.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let id = house.console(&http, &token, &format!("text {n} of {writer}")).await;
                    promised.lock().expect("unpoisoned").push(id.expect("stored"));
                }
            })
        })
        .collect();
    let mut held = 0;
    for n in 0..5 {
        while promised.lock().expect("unpoisoned").len() < held + 20 {
            tokio::task::yield_now().await;
        }
        let before = promised.lock().expect("unpoisoned").clone();
        let (at, taker) = (house.dir.join(format!("copy-{n}.db")), house.clone());
        let to = at.clone();
        let (code, said) = tokio::task::spawn_blocking(move || copy(&taker, &to)).await.expect("ended");
        assert_eq!(code, Some(0), "{said}");
        backup::check(&at).expect("a whole copy");
        assert_eq!(std::fs::metadata(&at).expect("a file").permissions().mode() & 0o777, 0o600);
        let in_copy = ids(&at);
        assert!(before.iter().all(|id| in_copy.contains(id)), "a promised text is not in copy {n}");
        held = in_copy.len();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("wrote to the end");
    }
    let (code, said) = copy(&house, &house.dir.join("copy-0.db"));
    assert_eq!(code, Some(1), "a copy is never written over: {said}");
}

/// A box that was stopped, with a session, a text, and a reply that waits for the line.
async fn stopped_with_a_waiting_reply() -> (Box, String, PathBuf) {
    let mut house = Box::new().without_model();
    house.add_user("dana", "manager");
    house.up().await;
    let http = Client::new();
    let token = house.sign_in(&http, &house.url, "dana", PASSWORD).await.expect("signed in");
    house.console(&http, &token, "hello").await.expect("stored");
    house.down();
    let mut store = Store::open(&house.dir.join("state")).expect("a store");
    let waiting = "
        INSERT INTO thread (channel, address, opened_at, last_at) VALUES ('sms', '+19025550101', 1, 1);
        INSERT INTO message (thread_id, direction, author, body, written_at, received_at)
          VALUES (last_insert_rowid(), 'out', 'box', 'One moment.', 1, 1);
        INSERT INTO outbox (message_id, channel, address, state, automatic, queued_at)
          VALUES (last_insert_rowid(), 'sms', '+19025550101', 'queued', 1, 1);";
    store.write(|tx| tx.execute_batch(waiting).map_err(clubos::store::StoreError::from)).expect("stored");
    drop(store);
    let at = house.dir.join("copy.db");
    assert_eq!(copy(&house, &at).0, Some(0));
    (house, token, at)
}

#[tokio::test]
async fn a_restored_box_has_its_texts_sends_nothing_again_and_asks_everybody_to_sign_in() {
    let (mut house, token, at) = stopped_with_a_waiting_reply().await;
    house.up().await;
    let http = Client::new();
    house.console(&http, &token, "after the copy").await.expect("stored");
    let from = at.display().to_string();
    let (code, said) = house.clubos(&["restore", &from], "");
    assert_eq!(code, Some(1), "never under a running box: {said}");
    assert!(said.contains("systemctl stop clubos"), "{said}");
    house.down();
    let (code, said) = house.clubos(&["restore", &from], "");
    assert_eq!(code, Some(0), "{said}");
    house.up().await;
    assert!(house.look("SELECT body FROM message WHERE body = 'hello'").is_some());
    assert!(house.look("SELECT body FROM message WHERE body = 'after the copy'").is_none());
    assert_eq!(house.found("SELECT state FROM outbox WHERE channel = 'sms'").await, "maybe");
    house.found("SELECT text FROM notice WHERE text LIKE '%restored from a copy%'").await;
    assert_eq!(house.status(&token, "/api/v1/threads").await, StatusCode::UNAUTHORIZED);
    let kept = std::fs::read_dir(house.dir.join("state")).expect("a folder").flatten();
    let kept: Vec<PathBuf> = kept
        .map(|e| e.path())
        .filter(|p| {
            p.to_string_lossy().contains("before-restore")
                && p.ends_with(p.file_name().unwrap())
                && p.extension().is_some_and(|e| e == "db")
        })
        .collect();
    assert_eq!(ids(&kept[0]).len(), 2, "what was there before is kept with all it held");
}

#[tokio::test]
async fn half_a_copy_is_refused_and_changes_nothing() {
    let (house, _, at) = stopped_with_a_waiting_reply().await;
    let before = std::fs::read(house.database()).expect("the database");
    halve(&at);
    let (code, said) = house.clubos(&["restore", &at.display().to_string()], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("damaged"), "{said}");
    assert!(std::fs::read(house.database()).expect("the database") == before);
}

#[tokio::test]
async fn one_box_at_a_time_works_on_a_state_directory_and_it_is_closed_to_others() {
    let mut house = Box::new().without_model();
    house.up().await;
    let mode = |path: PathBuf| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for file in ["clubos.db", "clubos.db-wal", "lock"] {
        assert_eq!(mode(house.dir.join("state").join(file)), 0o600, "{file}");
    }
    let (code, said) = house.refuses(&["--listen-tls", "127.0.0.1:0"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("another clubos is running"), "{said}");
    let fresh = house.dir.join("fresh/state");
    let mut command = house.command();
    command.args(["user", "list", "--state-dir"]).arg(&fresh);
    assert!(command.output().expect("the program").status.success());
    assert_eq!(mode(fresh), 0o700);
}
