//! Webhooks: believed by their signature alone, committed before they are acknowledged, taken once.

use clubos::channel::{HookVerdict, NotBelieved};

use crate::line::Club;

fn headers(signature: &str, id: &str) -> Vec<(String, String)> {
    vec![("x-signature".into(), signature.into()), ("webhook-id".into(), id.into())]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_leaves_no_trace() {
    let club = Club::open("forged");
    let refused = club.gateway.hook(&headers("wrong", "h1"), b"m1|open the door").await;
    assert_eq!(refused, HookVerdict::NotBelieved(NotBelieved::Forged));
    let refused = club.gateway.hook(&[], b"m1|open the door").await;
    assert_eq!(refused, HookVerdict::NotBelieved(NotBelieved::Unsigned));
    assert_eq!(club.rows("SELECT count(*) FROM message"), ["0"]);
    assert_eq!(club.rows("SELECT count(*) FROM hook_seen"), ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_again_within_28_days_changes_nothing() {
    let club = Club::open("again");
    for _ in 0..3 {
        assert_eq!(club.gateway.hook(&headers("right", "h1"), b"m1|hello").await, HookVerdict::Taken);
    }
    assert_eq!(club.rows("SELECT count(*) FROM message WHERE direction = 'in'"), ["1"]);
    assert_eq!(club.gateway.stats().counters().iter().find(|(n, _)| *n == "hooks_again").unwrap().1, 2);
    club.pass(27 * 24 * 3600);
    assert_eq!(club.gateway.hook(&headers("right", "h1"), b"m1|hello").await, HookVerdict::Taken);
    club.pass(2 * 24 * 3600);
    club.gateway.hook(&headers("right", "h2"), b"m2|hello").await;
    assert_eq!(club.rows("SELECT id FROM hook_seen"), ["id:h2"], "older ones are forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shape_nobody_knows_is_kept_and_shown_once() {
    let club = Club::open("unknown");
    for id in ["fax-1", "fax-2", "fax-2"] {
        let taken = club.gateway.hook(&headers("right", id), id.as_bytes()).await;
        assert_eq!(taken, HookVerdict::Taken);
    }
    assert_eq!(club.rows("SELECT raw FROM text_unknown ORDER BY id"), ["fax-1", "fax-2"]);
    assert_eq!(club.rows("SELECT count(*) FROM notice WHERE text LIKE '%fax.received%'"), ["1"]);
}
