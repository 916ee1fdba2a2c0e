//! ntfy against a server that is right, wrong, full, closed and gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use clubos::notify::ntfy::Ntfy;
use clubos::notify::{Channel, NotReached};
use clubos::simclub::fake_ntfy::{FakeNtfy, Fault};
use clubos::store::called::State;

use crate::house::{House, keeps_the_customer_out};

const TOKEN: &str = "tk_simulated";

fn channel(server: &FakeNtfy, token: Option<&str>) -> Arc<dyn Channel> {
    let own = BTreeMap::from([("sam".to_owned(), "sams-own".to_owned())]);
    Arc::new(Ntfy::new(&server.url(), Some("club-7f3".into()), own, token.map(str::to_owned)).unwrap())
}

#[tokio::test]
async fn a_call_says_where_and_how_urgent_and_leads_to_the_page() {
    let mut house = House::start("ntfy-right");
    let server = FakeNtfy::start(0, Some(TOKEN)).await.unwrap();
    let board = house.switchboard(vec![channel(&server, Some(TOKEN))]);
    let id = house.escalation("critical").await;
    board.call(&house.alert(id, "dana", "ntfy").await).await.unwrap();
    board.call(&house.alert(id, "sam", "ntfy").await).await.unwrap();
    let sent = server.published();
    assert_eq!((sent[0]["topic"].as_str(), sent[1]["topic"].as_str()), (Some("club-7f3"), Some("sams-own")));
    assert_eq!(sent[0]["priority"], 5);
    assert!(sent[0]["title"].as_str().unwrap().contains("dana"));
    assert!(sent[0]["actions"][0]["url"].as_str().unwrap().starts_with("http://192.0.2.10:8080/?t="));
    keeps_the_customer_out(&sent[0]);
    house.health("ntfy", State::Working).await;
    assert!(server.complaints().is_empty(), "{:?}", server.complaints());
}

#[tokio::test]
async fn words_stay_off_ntfy_even_where_the_site_allows_them_elsewhere() {
    let mut house = House::with("ntfy-words", Vec::new(), |site| site.notify.words = true);
    let server = FakeNtfy::start(0, None).await.unwrap();
    let board = house.switchboard(vec![channel(&server, None)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "ntfy").await).await.unwrap();
    keeps_the_customer_out(&server.published()[0]);
}

#[tokio::test]
async fn a_full_server_is_asked_again_when_it_said() {
    let mut house = House::start("ntfy-full");
    let server = FakeNtfy::start(0, None).await.unwrap();
    server.set_fault(Some(Fault::TooMany(1)));
    let board = house.switchboard(vec![channel(&server, None)]);
    let id = house.escalation("high").await;
    let alert = house.alert(id, "dana", "ntfy").await;
    let calling = tokio::spawn(async move { board.call(&alert).await });
    crate::house::until("the first try", server.changes(), || (server.requests() == 1).then_some(())).await;
    server.set_fault(None);
    calling.await.unwrap().unwrap();
    assert_eq!((server.requests(), server.published().len()), (2, 1));
}

#[tokio::test]
async fn what_does_not_arrive_is_said_in_words_without_the_topic() {
    let faults = [
        (Fault::Forbidden, "does not let us write", 1),
        (Fault::Html, "no ntfy server", 3),
        (Fault::TooMany(600), "429", 1),
    ];
    for (fault, says, asked) in faults {
        let mut house = House::start(&format!("ntfy-{asked}-{}", says.len()));
        let server = FakeNtfy::start(0, None).await.unwrap();
        server.set_fault(Some(fault));
        let board = house.switchboard(vec![channel(&server, None)]);
        let id = house.escalation("high").await;
        let why = board.call(&house.alert(id, "dana", "ntfy").await).await.unwrap_err();
        assert!(why.to_string().contains(says) && !why.to_string().contains("club-7f3"), "{why}");
        assert_eq!(server.requests(), asked, "{fault:?}");
        let health = house.health("ntfy", State::Failing).await;
        assert!(health.why.unwrap().contains(says));
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_a_server_that_is_gone_is_no_answer() {
    let mut house = House::start("ntfy-token");
    let server = FakeNtfy::start(0, Some(TOKEN)).await.unwrap();
    let board = house.switchboard(vec![channel(&server, Some("tk_old"))]);
    let id = house.escalation("high").await;
    let why = board.call(&house.alert(id, "dana", "ntfy").await).await.unwrap_err();
    assert!(matches!(why, NotReached::Refused(_)), "{why:?}");
    let gone = FakeNtfy::start(0, None).await.unwrap();
    let channel = channel(&gone, None);
    drop(gone);
    let board = house.switchboard(vec![channel]);
    let why = board.test("ntfy", "dana").await.unwrap_err();
    assert!(matches!(why, NotReached::Later { .. }), "{why:?}");
}

#[tokio::test]
async fn acknowledged_elsewhere_a_silent_message_says_so() {
    let mut house = House::start("ntfy-silence");
    let server = FakeNtfy::start(0, None).await.unwrap();
    let board = house.switchboard(vec![channel(&server, None)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "ntfy").await).await.unwrap();
    house.acknowledge(id, "sam").await;
    let last =
        crate::house::until("the second message", server.changes(), || server.published().get(1).cloned());
    let last = last.await;
    assert_eq!(last["priority"], 1);
    assert!(last["title"].as_str().unwrap().contains("sam looks after it"));
}

#[tokio::test]
async fn a_server_that_never_answers_holds_nothing_up_for_long() {
    let mut house = House::start("ntfy-slow");
    let server = FakeNtfy::start(0, None).await.unwrap();
    server.set_fault(Some(Fault::Silent));
    let board = house.switchboard(vec![channel(&server, None)]);
    let why = board.test("ntfy", "dana").await.unwrap_err();
    assert!(why.to_string().contains("did not answer within 10 s"), "{why}");
    house.health("ntfy", State::Failing).await;
}
