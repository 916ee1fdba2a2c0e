//! Slack in Socket Mode: buttons, acknowledgements within 3 s, connections that end in every way.

use std::sync::Arc;
use std::time::Duration;

use clubos::notify::Channel;
use clubos::notify::slack_api::SlackApi;
use clubos::notify::slack_blocks::{ACKNOWLEDGE, CLAIM};
use clubos::notify::slack_socket::{Pauses, SlackSocket};
use clubos::simclub::fake_slack::{APP_TOKEN, BOT_TOKEN, CHANNEL, FakeSlack, Fault};
use clubos::store::called::State;
use clubos::store::thread;

use crate::house::{DANA, House, PATIENCE, SAM, keeps_the_customer_out, until};

pub fn channel(slack: &FakeSlack) -> Arc<dyn Channel> {
    let api = SlackApi::new(&slack.api_base()).unwrap();
    let quick = Duration::from_millis(20);
    let pauses = Pauses { first: quick, longest: quick * 4, hopeless: quick * 4 };
    Arc::new(SlackSocket::new(api, APP_TOKEN, BOT_TOKEN, CHANNEL, pauses))
}

pub async fn connected(slack: &FakeSlack) {
    until("a socket", slack.changes(), || (slack.sockets() == 1).then_some(())).await;
}

#[tokio::test]
async fn a_button_acknowledges_in_the_name_of_who_pressed_it_and_goes_away() {
    let mut house = House::start("socket-ack");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    connected(&slack).await;
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    let posted = slack.posted()[0].clone();
    keeps_the_customer_out(&posted.blocks);
    assert_eq!(posted.buttons().len(), 2, "{posted:?}");
    slack.press(&posted.ts, ACKNOWLEDGE, SAM).await.unwrap();
    let row = house.until("the acknowledgement", |c| {
        clubos::store::escalation::get(c, id).unwrap().filter(|e| e.acked_at.is_some())
    });
    assert_eq!(row.await.acked_by.as_deref(), Some("sam"));
    let changed =
        until("the change", slack.changes(), || slack.posted().first().filter(|m| m.changes == 1).cloned());
    let changed = changed.await;
    assert!(changed.buttons().is_empty() && changed.text.contains("sam looks after it"), "{changed:?}");
    assert!(slack.complaints().is_empty(), "{:?}", slack.complaints());
    house.health("slack", State::Working).await;
}

#[tokio::test]
async fn claim_takes_the_conversation() {
    let mut house = House::start("socket-claim");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    connected(&slack).await;
    let id = house.escalation("high").await;
    let thread_id = house.row(id).thread_id.unwrap();
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    slack.press(&slack.posted()[0].ts, CLAIM, DANA).await.unwrap();
    let held = house.until("the hold", |c| {
        let thread = thread::get(c, thread_id).unwrap().unwrap();
        thread.held(house.clock.now()).map(|hold| hold.by.clone())
    });
    assert_eq!(held.await, "dana");
}

#[tokio::test]
async fn who_is_not_in_the_list_or_left_moves_nothing_and_is_told_so() {
    let mut house = House::start("socket-stranger");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    connected(&slack).await;
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    let ts = slack.posted()[0].ts.clone();
    house.write(|tx, _| Ok(tx.execute("UPDATE operator SET disabled_at = 1 WHERE name = 'sam'", [])?)).await;
    slack.press(&ts, ACKNOWLEDGE, "U0STRANGER").await.unwrap();
    until("an answer", slack.changes(), || (slack.whispers().len() == 1).then_some(())).await;
    slack.press(&ts, CLAIM, SAM).await.unwrap();
    until("an answer", slack.changes(), || (slack.whispers().len() == 2).then_some(())).await;
    let told = slack.whispers();
    assert!(told[0].1.contains("does not know you") && told[1].1.contains("closed"), "{told:?}");
    assert!(house.row(id).acked_at.is_none());
}

#[tokio::test]
async fn two_people_press_at_once_and_the_first_counts() {
    let mut house = House::start("socket-two");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    connected(&slack).await;
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    let ts = slack.posted()[0].ts.clone();
    let (one, two) = tokio::join!(slack.press(&ts, ACKNOWLEDGE, DANA), slack.press(&ts, ACKNOWLEDGE, SAM));
    one.and(two).unwrap();
    house
        .until("both are written down", |c| {
            let rows = clubos::store::journal::notices(c, crate::house::START).unwrap();
            rows.iter().any(|n| n.text.contains("acknowledged too")).then_some(())
        })
        .await;
    assert_eq!(house.row(id).acked_by.as_deref(), Some("dana"));
}

#[tokio::test]
async fn a_second_call_stands_below_the_first() {
    let mut house = House::start("socket-again");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("critical").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    house.pass(Duration::from_secs(120)).await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    let posted = slack.posted();
    assert_eq!(posted[1].below.as_deref(), Some(posted[0].ts.as_str()));
}

#[tokio::test]
async fn presses_are_acknowledged_in_time_while_the_desk_is_busy() {
    let mut house = House::start("socket-busy");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    connected(&slack).await;
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    let ts = slack.posted()[0].ts.clone();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    house
        .desk
        .tell(move |_| {
            let _ = wait.recv();
        })
        .unwrap();
    slack.press(&ts, ACKNOWLEDGE, DANA).await.unwrap();
    slack.press(&ts, ACKNOWLEDGE, SAM).await.unwrap();
    drop(go);
    house
        .until("the acknowledgement", |c| {
            clubos::store::escalation::get(c, id).unwrap().filter(|e| e.acked_at.is_some())
        })
        .await;
    assert!(slack.complaints().is_empty(), "{:?}", slack.complaints());
}

#[tokio::test]
async fn a_connection_that_ends_is_made_again_and_the_buttons_work() {
    let mut house = House::start("socket-ends");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    for how in ["warning", "refresh_requested", "too_many_websockets", "link_disabled", "drop"] {
        connected(&slack).await;
        if how == "drop" {
            slack.drop_sockets()
        } else {
            slack.disconnect(how)
        }
        let tickets = slack.requests();
        until("a new ticket", slack.changes(), || (slack.requests() > tickets).then_some(())).await;
        if how == "link_disabled" {
            let why = house.health("slack", State::Failing).await.why;
            assert!(why.unwrap().contains("Socket Mode is switched off"));
        }
    }
    connected(&slack).await;
    slack.send_frame("{\"type\":\"interactive\",\"envelope_id\":7}");
    slack.press(&slack.posted()[0].ts, ACKNOWLEDGE, DANA).await.unwrap();
}

#[tokio::test]
async fn an_expired_token_is_said_in_words_and_a_new_hour_brings_it_back() {
    let mut house = House::start("socket-expired");
    let slack = FakeSlack::start(0).await.unwrap();
    slack.set_fault(Some(Fault::Expired));
    let board = house.switchboard(vec![channel(&slack)]);
    let health = house.health("slack", State::Failing).await;
    assert!(health.why.unwrap().contains("make a new one"));
    let id = house.escalation("high").await;
    let why = board.call(&house.alert(id, "dana", "slack").await).await.unwrap_err();
    assert!(why.to_string().contains("token_expired") && !why.to_string().contains("xoxb"), "{why}");
    slack.set_fault(None);
    // The connection stands again; nothing was delivered by that.
    let mended = house.health("slack", State::Untried).await;
    assert_eq!(mended.delivered_at, None);
    house.pass(Duration::from_secs(300)).await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    assert!(house.health("slack", State::Working).await.delivered_at.is_some());
}

#[tokio::test]
async fn messages_go_while_the_socket_does_not() {
    let mut house = House::start("socket-none");
    let slack = FakeSlack::start(0).await.unwrap();
    let api = SlackApi::new(&slack.api_base()).unwrap();
    let never = Pauses { first: PATIENCE, longest: PATIENCE, hopeless: PATIENCE };
    let socket = SlackSocket::new(api, "xapp-wrong", BOT_TOKEN, CHANNEL, never);
    let board = house.switchboard(vec![Arc::new(socket)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack").await).await.unwrap();
    assert_eq!(slack.posted().len(), 1);
}
