//! Slack's incoming webhook, right and gone.

use std::sync::Arc;

use clubos::notify::slack::SlackWebhook;
use clubos::notify::{Channel, NotReached};
use clubos::simclub::fake_slack::{FakeSlack, Fault};
use clubos::store::called::State;

use crate::house::{DANA, House, SAID, keeps_the_customer_out, until};

fn channel(slack: &FakeSlack) -> Arc<dyn Channel> {
    Arc::new(SlackWebhook::new(&slack.webhook_url()).unwrap())
}

#[tokio::test]
async fn a_message_rings_for_the_person_and_links_to_the_page() {
    let mut house = House::start("hook-right");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap();
    let posted = &slack.posted()[0];
    assert!(posted.by_webhook && posted.text.contains(&format!("<@{DANA}>")), "{posted:?}");
    assert!(posted.blocks.to_string().contains("http://192.0.2.10:8080/?t="));
    assert!(posted.buttons().is_empty(), "a webhook's buttons would lead nowhere");
    keeps_the_customer_out(&posted.blocks);
    assert!(slack.complaints().is_empty(), "{:?}", slack.complaints());
}

#[tokio::test]
async fn the_customers_words_go_to_slack_only_where_the_site_says_so() {
    let mut house = House::with("hook-words", Vec::new(), |site| site.notify.words = true);
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap();
    assert!(slack.posted()[0].blocks.to_string().contains(SAID));
}

#[tokio::test]
async fn a_dead_hook_is_not_asked_again_until_it_is_another() {
    for fault in [Fault::Gone, Fault::Archived] {
        let mut house = House::start(&format!("hook-dead-{fault:?}"));
        let slack = FakeSlack::start(0).await.unwrap();
        slack.set_fault(Some(fault));
        let board = house.switchboard(vec![channel(&slack)]);
        let id = house.escalation("high").await;
        let why = board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap_err();
        assert!(matches!(why, NotReached::Dead(_)), "{why:?}");
        house.health("slack-webhook", State::Dead).await;
        slack.set_fault(None);
        house.pass(std::time::Duration::from_secs(120)).await;
        let again = board.call(&house.alert(id, "dana", "slack-webhook").await).await;
        assert!(matches!(again, Err(NotReached::Dead(_))), "{again:?}");
        assert_eq!(slack.requests(), 1);
        // Another address is another hook.
        let other = FakeSlack::start(0).await.unwrap();
        let board = house.switchboard(vec![channel(&other)]);
        house.health("slack-webhook", State::Untried).await;
        board.call(&house.alert(id, "sam", "slack-webhook").await).await.unwrap();
        house.health("slack-webhook", State::Working).await;
    }
}

#[tokio::test]
async fn a_test_by_hand_brings_a_dead_hook_back_to_life() {
    let mut house = House::start("hook-revived");
    let slack = FakeSlack::start(0).await.unwrap();
    slack.set_fault(Some(Fault::Gone));
    let board = house.switchboard(vec![channel(&slack)]);
    assert!(board.test("slack-webhook", "dana").await.is_err());
    house.health("slack-webhook", State::Dead).await;
    slack.set_fault(None);
    board.test("slack-webhook", "dana").await.unwrap();
    house.health("slack-webhook", State::Working).await;
    assert!(slack.posted()[0].text.contains("Test"));
}

#[tokio::test]
async fn a_storm_of_429_gives_up_for_now_and_says_why() {
    let mut house = House::start("hook-storm");
    let slack = FakeSlack::start(0).await.unwrap();
    slack.set_fault(Some(Fault::TooMany(0)));
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("high").await;
    let why = board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap_err();
    assert!(matches!(why, NotReached::Later { .. }) && slack.requests() == 3, "{why:?} {}", slack.requests());
    house.health("slack-webhook", State::Failing).await;
    slack.set_fault(None);
    house.pass(std::time::Duration::from_secs(120)).await;
    board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap();
    house.health("slack-webhook", State::Working).await;
}

#[tokio::test]
async fn acknowledged_elsewhere_the_channel_is_told() {
    let mut house = House::start("hook-silence");
    let slack = FakeSlack::start(0).await.unwrap();
    let board = house.switchboard(vec![channel(&slack)]);
    let id = house.escalation("high").await;
    board.call(&house.alert(id, "dana", "slack-webhook").await).await.unwrap();
    house.acknowledge(id, "sam").await;
    let told = until("the message", slack.changes(), || slack.posted().get(1).cloned()).await;
    assert!(told.text.contains("sam looks after it"), "{told:?}");
}

#[tokio::test]
async fn slow_unwell_and_not_slack_at_all_are_said_for_what_they_are() {
    let faults =
        [(Fault::Silent, "did not answer within"), (Fault::Unwell, "503"), (Fault::Html, "is not Slack")];
    for (fault, says) in faults {
        let mut house = House::start(&format!("hook-{fault:?}"));
        let slack = FakeSlack::start(0).await.unwrap();
        slack.set_fault(Some(fault));
        let board = house.switchboard(vec![channel(&slack)]);
        let why = board.test("slack-webhook", "dana").await.unwrap_err();
        assert!(matches!(why, NotReached::Later { .. }) && why.to_string().contains(says), "{why}");
        assert!(!why.to_string().contains("/services/"), "the address is a secret: {why}");
    }
}
