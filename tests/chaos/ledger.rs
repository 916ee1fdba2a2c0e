//! The provider's ledger held against the box's database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clubos::simclub::carrier::Carrier;
use clubos::store::Reader;
use rusqlite::Connection;

type Problems = Vec<String>;

/// What customers wrote: the provider's id of each text.
pub type Written = BTreeSet<String>;

fn rows(db: &Connection, sql: &str) -> Vec<[String; 4]> {
    let mut statement = db.prepare(sql).expect(sql);
    let text = |row: &rusqlite::Row<'_>, i| {
        row.get::<_, rusqlite::types::Value>(i).map(|value| match value {
            rusqlite::types::Value::Text(text) => text,
            rusqlite::types::Value::Integer(n) => n.to_string(),
            _ => String::new(),
        })
    };
    let rows =
        statement.query_map([], |row| Ok([text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?]));
    rows.expect(sql).collect::<rusqlite::Result<_>>().expect(sql)
}

/// What is still under way: texts that have not come in or have no ending, and texts of ours that are
/// neither sent nor given up.
pub fn open(path: &Path, written: &Written) -> Problems {
    let reader = Reader::open(path).expect("the database opens");
    let db = reader.conn();
    let mut wrong = Vec::new();
    let known: BTreeSet<String> = rows(
        db,
        "SELECT provider_id, '', '', '' FROM message WHERE direction = 'in' AND provider_id IS NOT NULL",
    )
    .into_iter()
    .map(|[id, ..]| id)
    .collect();
    wrong.extend(written.difference(&known).map(|id| format!("text {id} never came in")));
    for [id, turn, ..] in
        rows(db, "SELECT id, turn_id, '', '' FROM message WHERE direction = 'in' AND ending IS NULL")
    {
        wrong.push(format!("message {id} (turn {turn}) has no ending"));
    }
    for [id, state, error, at] in rows(
        db,
        "SELECT id, state, coalesce(error, ''), coalesce(not_before, '') FROM outbox
         WHERE channel = 'sms' AND state IN ('queued', 'sending')",
    ) {
        wrong.push(format!("our text {id} is still {state} ({error}, {at})"));
    }
    wrong
}

/// What must not be.
pub fn wrong(path: &Path, written: &Written, carrier: &Carrier) -> Problems {
    let reader = Reader::open(path).expect("the database opens");
    let db = reader.conn();
    let mut wrong = Vec::new();
    for [id, n, ..] in rows(
        db,
        "SELECT provider_id, count(*), '', '' FROM message WHERE provider_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1",
    ) {
        wrong.push(format!("text {id} is there {n} times"));
    }
    for [id, ..] in rows(
        db,
        "SELECT provider_id, '', '', '' FROM message WHERE direction = 'in' AND provider_id IS NOT NULL",
    ) {
        if !written.contains(&id) {
            wrong.push(format!("text {id} was never written"));
        }
    }
    wrong.extend(sent(db, carrier));
    wrong.extend(endings(db));
    for [id, ..] in rows(
        db,
        "SELECT id, '', '', '' FROM escalation e WHERE acked_at IS NULL AND closed_at IS NULL AND timed_as <> 'low'
         AND NOT EXISTS (SELECT 1 FROM timer WHERE kind = 'alert' AND ref = e.id)",
    ) {
        wrong.push(format!("escalation {id} is neither acknowledged nor climbing"));
    }
    wrong
}

/// What the box said was acknowledged is so, by one of those who pressed, and nobody was called about it after.
pub fn forgotten(path: &Path, acknowledged: &BTreeMap<i64, Vec<&'static str>>) -> Problems {
    let reader = Reader::open(path).expect("the database opens");
    let mut wrong = Vec::new();
    for (id, by) in acknowledged {
        let sql = format!(
            "SELECT coalesce(acked_by, closed_by, ''), (SELECT count(*) FROM timer WHERE kind = 'alert' AND ref = e.id),
             (SELECT count(*) FROM alert WHERE escalation_id = e.id AND state IN ('queued', 'sending')), ''
             FROM escalation e WHERE id = {id}"
        );
        match rows(reader.conn(), &sql).first() {
            Some([who, timers, alerts, _])
                if by.contains(&who.as_str()) && timers == "0" && alerts == "0" => {}
            other => wrong.push(format!("call {id} was acknowledged by {by:?} and is {other:?}")),
        }
    }
    wrong
}

/// Each text the provider sent for us is exactly one of ours, and each of ours that counts as sent is one of
/// the provider's: so none was sent twice.
fn sent(db: &Connection, carrier: &Carrier) -> Problems {
    let mut wrong = Vec::new();
    let ours = rows(
        db,
        "SELECT o.id, coalesce(o.provider_id, ''), o.address || ' ' || m.body, o.state FROM outbox o
         JOIN message m ON m.id = o.message_id WHERE o.channel = 'sms'",
    );
    let mut by_id: BTreeMap<&str, Vec<&[String; 4]>> = BTreeMap::new();
    for row in ours.iter().filter(|row| !row[1].is_empty()) {
        by_id.entry(&row[1]).or_default().push(row);
    }
    // A text nobody knows the fate of may be one of those no row claims; each at most one.
    let mut maybe: Vec<&str> = ours.iter().filter(|r| r[3] == "maybe").map(|r| r[2].as_str()).collect();
    let people: BTreeSet<String> = rows(
        db,
        "SELECT provider_id, '', '', '' FROM message WHERE direction = 'out' AND provider_id IS NOT NULL",
    )
    .into_iter()
    .map(|[id, ..]| id)
    .collect();
    let ledger = carrier.sent();
    for text in &ledger {
        let words = format!("{} {}", text.to, text.body);
        match (by_id.get(text.id.as_str()).map(Vec::as_slice), &text.person) {
            (None, Some(_)) if people.contains(&text.id) => {}
            (None, Some(_)) => wrong.push(format!("a person's text {} was not heard", text.id)),
            (Some([row]), None) if row[2] == words && row[3] == "sent" => {}
            (Some(rows), _) => wrong.push(format!("the provider's {} is ours as {rows:?}", text.id)),
            (None, None) => match maybe.iter().position(|w| *w == words) {
                Some(at) => {
                    maybe.swap_remove(at);
                }
                None => wrong.push(format!("SENT TWICE: the provider's {} to {words}", text.id)),
            },
        }
    }
    let theirs: BTreeSet<&str> = ledger.iter().map(|t| t.id.as_str()).collect();
    for row in ours.iter().filter(|row| row[3] == "sent") {
        if !theirs.contains(row[1].as_str()) {
            wrong.push(format!("our text {} counts as sent ({}) and is not", row[0], row[1]));
        }
    }
    wrong
}

/// A text that ended as replied has its reply; one that is silent says why; no reply belongs to two turns.
fn endings(db: &Connection) -> Problems {
    let mut wrong = Vec::new();
    let mut claimed: BTreeMap<String, String> = BTreeMap::new();
    for [id, ending, refs, turn] in rows(
        db,
        "SELECT id, ending || coalesce(' ' || ending_reason, ''), ending_refs, coalesce(turn_id, -id) FROM message
         WHERE direction = 'in' AND ending IS NOT NULL",
    ) {
        let refs: Vec<String> = serde_json::from_str(&refs).unwrap_or_default();
        match ending.split(' ').next() {
            Some("silent") if ending == "silent" => wrong.push(format!("message {id} is silent without a reason")),
            Some("replied") if !refs.iter().any(|r| r.starts_with("reply:")) => {
                wrong.push(format!("message {id} ended as replied without a reply"));
            }
            Some("escalated") if !refs.iter().any(|r| r.starts_with("escalation:")) => {
                wrong.push(format!("message {id} ended as escalated without a call"));
            }
            _ => {}
        }
        for reply in refs.into_iter().filter(|r| r.starts_with("reply:")) {
            let first = claimed.entry(reply.clone()).or_insert_with(|| turn.clone());
            if *first != turn {
                wrong.push(format!("{reply} belongs to turns {first} and {turn}"));
            }
        }
    }
    wrong
}

pub fn counts(path: &Path, carrier: &Carrier) -> String {
    let reader = Reader::open(path).expect("the database opens");
    let tally = |sql| -> BTreeMap<String, String> {
        rows(reader.conn(), sql).into_iter().map(|[what, n, ..]| (what, n)).collect()
    };
    format!(
        "endings {:?}, ours {:?} ({} repeated), calls {:?}, {} texts at the provider",
        tally(
            "SELECT coalesce(ending, 'none'), count(*), '', '' FROM message WHERE direction = 'in' GROUP BY 1"
        ),
        tally("SELECT state, count(*), '', '' FROM outbox GROUP BY 1"),
        tally("SELECT 'n', sum(repeated), '', '' FROM outbox").values().next().map_or("", String::as_str),
        tally("SELECT intent, count(*), '', '' FROM escalation GROUP BY 1"),
        carrier.sent().len()
    )
}
