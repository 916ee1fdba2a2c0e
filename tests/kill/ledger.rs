//! What must hold in the database, whenever the box dies, and what must never change once it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clubos::store::Reader;
use rusqlite::Connection;

use crate::visitors::Promises;

/// What has been seen before: none of it may be different later.
#[derive(Default)]
pub struct Ledger {
    endings: BTreeMap<i64, String>,
    turns: BTreeMap<i64, i64>,
    outcomes: BTreeMap<i64, String>,
    texts: BTreeMap<i64, String>,
}

/// What the run came to, so that a run in which nothing happened is no success.
#[derive(Debug, Default)]
pub struct Counts {
    pub messages: i64,
    pub sent: i64,
    pub verified: i64,
    pub unlocks: i64,
    pub escalations: i64,
}

type Problems = Vec<String>;

impl Ledger {
    /// Looks at the database while the box is dead (or quiet).
    pub fn check(&mut self, path: &Path, promises: &Promises) -> Problems {
        let reader = Reader::open(path).expect("the database opens");
        let db = reader.conn();
        let mut wrong = Vec::new();
        wrong.extend(kept(db, promises));
        wrong.extend(timers(db));
        wrong.extend(turns(db));
        wrong.extend(unchanged("message", &mut self.endings, rows(
            db,
            "SELECT id, ending || ' ' || coalesce(ending_refs, '') || ' ' || ended_at FROM message WHERE ending IS NOT NULL",
        )));
        wrong.extend(unchanged(
            "turn",
            &mut self.turns,
            rows(db, "SELECT id, decided_at FROM turn WHERE state = 'done'"),
        ));
        let outcomes =
            rows(db, "SELECT id, outcome || ' ' || ended_at FROM effect WHERE outcome IS NOT NULL");
        wrong.extend(unchanged("effect", &mut self.outcomes, outcomes));
        let texts = rows(db, "SELECT id, thread_id || ' ' || body FROM message");
        wrong.extend(unchanged("text", &mut self.texts, texts));
        wrong
    }
}

fn rows<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> Vec<(i64, T)> {
    let mut statement = db.prepare(sql).expect(sql);
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect(sql);
    rows.collect::<rusqlite::Result<_>>().expect(sql)
}

/// Ids that a query finds although it should find none.
fn none(db: &Connection, what: &str, sql: &str) -> Problems {
    let found: Vec<(i64, i64)> = rows(db, sql);
    if found.is_empty() { Vec::new() } else { vec![format!("{what}: {found:?}")] }
}

fn unchanged<T: PartialEq + std::fmt::Debug>(
    what: &str,
    known: &mut BTreeMap<i64, T>,
    now: Vec<(i64, T)>,
) -> Problems {
    let now: BTreeMap<i64, T> = now.into_iter().collect();
    let differs = |(id, before): (&i64, &T)| {
        let after = now.get(id);
        (after != Some(before)).then(|| format!("{what} {id} was {before:?} and is {after:?}"))
    };
    let wrong = known.iter().filter_map(differs).collect();
    *known = now;
    wrong
}

/// Everything acknowledged is there, and nothing is there twice.
fn kept(db: &Connection, promises: &Promises) -> Problems {
    let mut wrong = Vec::new();
    let stored = rows::<String>(db, "SELECT id, provider_id FROM message WHERE provider_id IS NOT NULL");
    let mut by_key: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (id, provider) in &stored {
        by_key.entry(provider.split_once('-').map_or(provider, |(_, key)| key)).or_default().push(*id);
    }
    for (key, ids) in &by_key {
        if ids.len() > 1 {
            wrong.push(format!("text {key} is there {} times", ids.len()));
        }
        if !promises.tried.contains(*key) {
            wrong.push(format!("text {key} was never sent"));
        }
    }
    for (key, id) in &promises.acked {
        match by_key.get(key.as_str()) {
            None => wrong.push(format!("text {key} was acknowledged and is lost")),
            Some(ids) if *id != 0 && ids != &[*id] => {
                wrong.push(format!("text {key} is {ids:?}, promised was {id}"))
            }
            Some(_) => {}
        }
    }
    for (booking, (acked, tried)) in &promises.presses {
        let count: i64 = db
            .query_row(
                "SELECT count(*) FROM message m JOIN thread t ON t.id = m.thread_id
                 WHERE t.channel = 'door' AND t.session = ?1 AND m.direction = 'in'",
                [booking],
                |row| row.get(0),
            )
            .expect("a count");
        if count < *acked as i64 || count > *tried as i64 {
            wrong.push(format!(
                "booking {booking}: {count} presses stored, {acked} acknowledged, {tried} tried"
            ));
        }
    }
    let acked: BTreeSet<i64> = rows::<i64>(db, "SELECT id, 1 FROM escalation WHERE acked_at IS NOT NULL")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    for id in promises.escalations.difference(&acked) {
        wrong.push(format!("the acknowledgement of escalation {id} is lost"));
    }
    for text in &promises.replies {
        let sql = "SELECT count(*) FROM message WHERE direction = 'out' AND body = ?1";
        let count: i64 = db.query_row(sql, [text], |row| row.get(0)).expect("a count");
        if count != 1 {
            wrong.push(format!("the manager's text `{text}` is there {count} times"));
        }
    }
    wrong
}

/// Nothing waits in memory only.
fn timers(db: &Connection) -> Problems {
    let lost = |what, sql| none(db, what, sql);
    [
        lost(
            "effects under way without a timer",
            "SELECT id, 0 FROM effect e WHERE state <> 'ended' AND dispatched_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM timer WHERE kind = 'effect' AND ref = e.id)",
        ),
        lost(
            "escalations that nobody acknowledged without a timer",
            "SELECT id, 0 FROM escalation e WHERE acked_at IS NULL AND closed_at IS NULL AND timed_as <> 'low'
             AND NOT EXISTS (SELECT 1 FROM timer WHERE kind = 'alert' AND ref = e.id)",
        ),
        lost(
            "holds without a timer",
            "SELECT id, 0 FROM thread t WHERE hold_by IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM timer WHERE kind = 'hold' AND ref = t.id)",
        ),
        lost(
            "texts without an ending that no turn will give one",
            "SELECT m.id, 0 FROM message m LEFT JOIN turn t ON t.id = m.turn_id
             WHERE m.direction = 'in' AND m.ending IS NULL AND coalesce(t.state, 'done') = 'done'",
        ),
    ]
    .concat()
}

/// One set of replies a turn, all of it from one moment, and no reply that belongs to two.
fn turns(db: &Connection) -> Problems {
    let mut wrong = none(
        db,
        "turns whose texts ended differently",
        "SELECT turn_id, 0 FROM message WHERE direction = 'in' AND ending IS NOT NULL AND turn_id IS NOT NULL
         GROUP BY turn_id HAVING count(DISTINCT ending || coalesce(ending_refs, '')) > 1",
    );
    wrong.extend(none(
        db,
        "replies that two turns claim",
        "SELECT r.value, count(DISTINCT m.turn_id) FROM message m, json_each(m.ending_refs) r
         WHERE r.value LIKE 'reply:%' GROUP BY r.value HAVING count(DISTINCT m.turn_id) > 1",
    ));
    wrong.extend(none(
        db,
        "turns answered at more than one moment",
        "SELECT m.turn_id, count(DISTINCT o.received_at) FROM message m, json_each(m.ending_refs) r
         JOIN message o ON r.value = 'reply:' || o.id GROUP BY m.turn_id HAVING count(DISTINCT o.received_at) > 1",
    ));
    // What the box said without being asked is the course of an effect: sent, its outcome, door not opened.
    wrong.extend(none(
        db,
        "conversations with more news than effects give",
        "WITH answered AS (SELECT DISTINCT r.value FROM message m, json_each(m.ending_refs) r),
              news AS (SELECT thread_id, count(DISTINCT received_at) AS n FROM message
                       WHERE direction = 'out' AND author = 'box' AND 'reply:' || id NOT IN (SELECT value FROM answered)
                       GROUP BY thread_id),
              course AS (SELECT p.thread_id,
                         sum((e.sent_at IS NOT NULL) + (e.outcome IS NOT NULL) + (coalesce(e.opened, 1) = 0)) AS n
                         FROM effect e JOIN episode p ON p.id = e.episode_id GROUP BY p.thread_id)
         SELECT news.thread_id, news.n FROM news LEFT JOIN course USING (thread_id)
         WHERE news.n > coalesce(course.n, 0)",
    ));
    wrong
}

/// Each command was on the wire once at most, for an effect that the journal had let through before.
pub fn wires(path: &Path, commands: &BTreeMap<i64, Vec<String>>, unlocks: &[i64]) -> Problems {
    let reader = Reader::open(path).expect("the database opens");
    let journal: BTreeMap<i64, String> = rows(
        reader.conn(),
        "SELECT id, target || ' ' || (dispatched_at IS NOT NULL) || ' ' || coalesce(outcome, '') FROM effect",
    )
    .into_iter()
    .collect();
    let mut wrong = Vec::new();
    let mut times: BTreeMap<i64, usize> = commands.iter().map(|(id, topics)| (*id, topics.len())).collect();
    for id in unlocks {
        *times.entry(*id).or_default() += 1;
    }
    for (id, count) in times {
        let known = journal.get(&id).map_or("unknown to the journal", String::as_str);
        if count != 1 {
            wrong.push(format!("effect {id} ({known}) was sent {count} times"));
        }
        if !known.contains(" 1 ") || known.ends_with("refused") || known.ends_with("expired") {
            wrong.push(format!("effect {id} was on the wire, and the journal says: {known}"));
        }
    }
    wrong
}

/// What is left to do, in a few words; empty once the house is quiet.
pub fn unrest(path: &Path, now: i64, effects_too: bool) -> String {
    let reader = Reader::open(path).expect("the database opens");
    let count = |sql: &str| -> i64 { reader.conn().query_row(sql, [], |row| row.get(0)).expect(sql) };
    let mut left = vec![
        ("texts", count("SELECT count(*) FROM message WHERE direction = 'in' AND ending IS NULL")),
        ("turns", count("SELECT count(*) FROM turn WHERE state <> 'done'")),
        ("alerts", count("SELECT count(*) FROM alert WHERE state IN ('queued', 'sending')")),
        (
            "undispatched",
            count("SELECT count(*) FROM effect WHERE state <> 'ended' AND dispatched_at IS NULL"),
        ),
        ("timers overdue", count(&format!("SELECT count(*) FROM timer WHERE due_at < {}", now - 2_000))),
    ];
    if effects_too {
        left.push(("effects", count("SELECT count(*) FROM effect WHERE state <> 'ended'")));
    }
    let left: Vec<String> =
        left.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect();
    left.join(", ")
}

pub fn counts(path: &Path) -> Counts {
    let reader = Reader::open(path).expect("the database opens");
    let count = |sql: &str| -> i64 { reader.conn().query_row(sql, [], |row| row.get(0)).expect(sql) };
    Counts {
        messages: count("SELECT count(*) FROM message WHERE direction = 'in'"),
        sent: count("SELECT count(*) FROM effect WHERE sent_at IS NOT NULL"),
        verified: count("SELECT count(*) FROM effect WHERE outcome = 'verified'"),
        unlocks: count("SELECT count(*) FROM effect WHERE effect = 'door.unlock' AND outcome = 'verified'"),
        escalations: count("SELECT count(*) FROM escalation"),
    }
}
