//! All of it together, as in the box: a customer writes, the desk's ladder calls over every channel, somebody
//! acknowledges in one place, and the others fall silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clubos::desk::{Act, AlertChannel, Operator};
use clubos::notify::ntfy::Ntfy;
use clubos::notify::push::Push;
use clubos::notify::push_key::PushKey;
use clubos::notify::slack_blocks::ACKNOWLEDGE;
use clubos::simclub::fake_ntfy::FakeNtfy;
use clubos::simclub::fake_slack::{FakeSlack, Fault};
use clubos::site::Role;
use clubos::store::called::State;
use clubos::store::{escalation, push};

use crate::house::{House, SAM, until};
use crate::push_service::PushService;
use crate::slack_socket;

struct Lines {
    slack: FakeSlack,
    ntfy: FakeNtfy,
    browser: PushService,
}

async fn house(name: &str) -> (House, Lines) {
    let mut house = House::with(
        name,
        vec![
            AlertChannel::site_wide("slack"),
            AlertChannel::per_person("ntfy"),
            AlertChannel::per_person("push"),
        ],
        |_| {},
    );
    let lines = Lines {
        slack: FakeSlack::start(0).await.unwrap(),
        ntfy: FakeNtfy::start(0, None).await.unwrap(),
        browser: PushService::start().await,
    };
    let (endpoint, key, auth) =
        (lines.browser.endpoint.clone(), lines.browser.p256dh.clone(), lines.browser.auth.clone());
    house.write(move |tx, now| push::put(tx, "sam", &endpoint, &key, &auth, now)).await;
    let key = Arc::new(PushKey::load_or_make(&house.dir).unwrap());
    let board = house.switchboard(vec![
        slack_socket::channel(&lines.slack),
        Arc::new(Ntfy::new(&lines.ntfy.url(), Some("club-7f3".into()), BTreeMap::new(), None).unwrap()),
        Arc::new(Push::new(key, "mailto:staff@club.example").unwrap()),
    ]);
    house.carry_alerts(board);
    slack_socket::connected(&lines.slack).await;
    (house, lines)
}

/// A licence problem calls the person on call; the escalation.
async fn called(house: &House) -> i64 {
    let thread = house.text("the licence has run out on bay 2").await;
    house.pass(Duration::from_secs(2)).await;
    let opened =
        house.until("the escalation", |c| escalation::open_on_thread(c, thread).unwrap().into_iter().next());
    opened.await.id
}

async fn everywhere(lines: &Lines) {
    until("Slack", lines.slack.changes(), || (!lines.slack.posted().is_empty()).then_some(())).await;
    until("ntfy", lines.ntfy.changes(), || (!lines.ntfy.published().is_empty()).then_some(())).await;
    until("push", lines.browser.changes(), || lines.browser.taken(|t| (!t.is_empty()).then_some(()))).await;
}

async fn silent(lines: &Lines) {
    until("Slack", lines.slack.changes(), || (lines.slack.posted()[0].changes == 1).then_some(())).await;
    until("ntfy", lines.ntfy.changes(), || (lines.ntfy.published().len() == 2).then_some(())).await;
    let done = || lines.browser.taken(|t| t.iter().any(|m| m.message["done"] == true).then_some(()));
    until("push", lines.browser.changes(), done).await;
}

#[tokio::test]
async fn acknowledged_in_slack_the_phone_and_the_browser_fall_silent() {
    let (house, lines) = house("together-slack").await;
    let id = called(&house).await;
    everywhere(&lines).await;
    lines.slack.press(&lines.slack.posted()[0].ts, ACKNOWLEDGE, SAM).await.unwrap();
    silent(&lines).await;
    let row = house.row(id);
    assert_eq!(row.acked_by.as_deref(), Some("sam"));
    // Nobody is called any more, however long it takes.
    house.pass(Duration::from_secs(3600)).await;
    assert_eq!((lines.slack.posted().len(), lines.ntfy.published().len()), (1, 2));
    assert!(lines.slack.complaints().is_empty() && lines.ntfy.complaints().is_empty());
}

#[tokio::test]
async fn acknowledged_on_the_staff_page_slack_phone_and_browser_fall_silent() {
    let (house, lines) = house("together-page").await;
    let id = called(&house).await;
    everywhere(&lines).await;
    let thread = house.row(id).thread_id.unwrap();
    let who = Operator { name: "dana".into(), role: Role::Manager };
    house.desk.call(move |desk| desk.operate(&who, thread, &Act::Acknowledge)).await.unwrap().unwrap();
    silent(&lines).await;
    assert!(lines.slack.posted()[0].text.contains("dana looks after it"));
}

#[tokio::test]
async fn a_broken_channel_stops_neither_the_others_nor_the_reply() {
    let (house, lines) = house("together-broken").await;
    lines.slack.set_fault(Some(Fault::Expired));
    let id = called(&house).await;
    until("ntfy", lines.ntfy.changes(), || (!lines.ntfy.published().is_empty()).then_some(())).await;
    house.health("slack", State::Failing).await;
    let failed = house.until("the failed alert", |c| {
        escalation::alerts_of(c, id)
            .unwrap()
            .into_iter()
            .find(|a| a.channel == "slack" && a.state == "failed")
    });
    assert!(failed.await.error.unwrap().contains("token_expired"));
    house.until("it reached somebody", |c| escalation::get(c, id).unwrap().unwrap().delivered_at).await;
}

#[tokio::test]
async fn a_broken_channel_is_told_to_people_over_the_others_and_closes_by_itself() {
    let (house, lines) = house("together-told").await;
    lines.slack.set_fault(Some(Fault::Expired));
    lines.slack.drop_sockets();
    let told = || lines.ntfy.published().into_iter().find(|m| m.to_string().contains("slack does not work"));
    let told = until("a call about Slack", lines.ntfy.changes(), told).await;
    assert!(told["message"].as_str().unwrap().contains("make a new one"), "{told}");
    assert!(lines.slack.posted().is_empty(), "not over the broken channel itself");
    lines.slack.set_fault(None);
    let over = house.until("it closes", |c| {
        let all = escalation::all(c).unwrap();
        all.into_iter().find(|e| e.intent == "channel.broken" && e.closed_at.is_some())
    });
    assert_eq!(over.await.closed_by.as_deref(), Some("box"));
}

#[tokio::test]
async fn the_daily_digest_goes_to_slack_without_buttons() {
    let (house, lines) = house("together-digest").await;
    called(&house).await;
    everywhere(&lines).await;
    house.pass(Duration::from_secs(24 * 3600)).await;
    let digest = || lines.slack.posted().into_iter().find(|m| m.text.contains("Daily digest"));
    let digest = until("the digest", lines.slack.changes(), digest).await;
    assert!(digest.buttons().is_empty() && digest.blocks.to_string().contains("Yesterday"), "{digest:?}");
}
