//! The switchboard between desk and channels: waves, patience, people without an address.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use clubos::notify::{Call, Channel, NotReached};
use clubos::simclub::fake_slack::FakeSlack;
use clubos::site::Person;
use clubos::store::called;

use crate::house::{DANA, House, SAM};
use crate::slack_socket;

/// Fails as often as told, then works.
struct Moody {
    fails: AtomicUsize,
    calls: AtomicUsize,
    after: Duration,
}

impl Moody {
    fn new(fails: usize, after: Duration) -> Arc<Moody> {
        Arc::new(Moody { fails: fails.into(), calls: AtomicUsize::new(0), after })
    }
}

#[async_trait]
impl Channel for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn label(&self) -> &'static str {
        "Moody"
    }

    fn config(&self) -> String {
        String::new()
    }

    fn line(&self, person: &Person) -> Result<String, String> {
        if person.name == "sam" { Err("sam has no moody".into()) } else { Ok(person.name.clone()) }
    }

    async fn call(&self, _: &Call) -> Result<String, NotReached> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let left = self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match left {
            Ok(_) => Err(NotReached::Later { why: "moody".into(), after: Some(self.after) }),
            Err(_) => Ok(String::new()),
        }
    }
}

#[tokio::test]
async fn people_on_one_line_are_called_once_together() {
    let mut house = House::start("board-wave");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![slack_socket::channel(&slack)]);
    let id = house.escalation("critical").await;
    let wave = house.alerts(id, vec!["sam", "dana"], "slack").await;
    let (one, two) = tokio::join!(board.call(&wave[0]), board.call(&wave[1]));
    one.and(two).unwrap();
    let posted = slack.posted();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].text.contains(DANA) && posted[0].text.contains(SAM), "{:?}", posted[0].text);
}

#[tokio::test]
async fn somebody_without_an_address_says_nothing_about_the_channel() {
    let mut house = House::start("board-noaddress");
    let moody = Moody::new(0, Duration::ZERO);
    let board = house.switchboard(vec![moody.clone()]);
    let id = house.escalation("high").await;
    let why = board.call(&house.alert(id, "sam", "moody").await).await.unwrap_err();
    assert_eq!(why, NotReached::NoAddress("sam has no moody".into()));
    let why = board.call(&house.alert(id, "dana", "pigeon").await).await.unwrap_err();
    assert!(matches!(why, NotReached::NoAddress(_)));
    board.call(&house.alert(id, "dana", "moody").await).await.unwrap();
    let health = house.health("moody", called::State::Working).await;
    assert!(health.failed_at.is_none());
}

#[tokio::test]
async fn nothing_is_tried_again_once_somebody_looks_after_it() {
    let mut house = House::start("board-acked");
    let moody = Moody::new(5, Duration::from_millis(300));
    let board = house.switchboard(vec![moody.clone()]);
    let id = house.escalation("high").await;
    let alert = house.alert(id, "dana", "moody").await;
    let calling = tokio::spawn(async move { board.call(&alert).await });
    while moody.calls.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    house.acknowledge(id, "sam").await;
    let why = calling.await.unwrap().unwrap_err();
    assert!(why.to_string().contains("somebody looked after it"), "{why}");
    assert_eq!(moody.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_server_that_wants_a_long_pause_is_left_to_the_ladder() {
    let mut house = House::start("board-long");
    let moody = Moody::new(1, Duration::from_secs(900));
    let board = house.switchboard(vec![moody.clone()]);
    let id = house.escalation("high").await;
    assert!(board.call(&house.alert(id, "dana", "moody").await).await.is_err());
    assert_eq!(moody.calls.load(Ordering::SeqCst), 1);
}
