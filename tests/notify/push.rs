//! Web Push against a push service that is right, full, closed and gone.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use clubos::notify::push::Push;
use clubos::notify::push_key::PushKey;
use clubos::notify::{Channel, NotReached};
use clubos::store::called::State;
use clubos::store::push;
use serde_json::Value;
use web_push_native::Auth;
use web_push_native::p256::SecretKey;

use crate::house::{House, keeps_the_customer_out, until};
use crate::push_service::PushService;

fn channel(house: &House) -> Arc<dyn Channel> {
    let key = Arc::new(PushKey::load_or_make(&house.dir).unwrap());
    Arc::new(Push::new(key, "mailto:staff@club.example").unwrap())
}

async fn register(house: &House, who: &'static str, service: &PushService) {
    let (endpoint, p256dh, auth) = (service.endpoint.clone(), service.p256dh.clone(), service.auth.clone());
    house.write(move |tx, now| push::put(tx, who, &endpoint, &p256dh, &auth, now)).await;
}

#[tokio::test]
async fn a_browser_rings_and_is_silenced_when_somebody_looks_after_it() {
    let mut house = House::start("push-right");
    let service = PushService::start().await;
    register(&house, "dana", &service).await;
    let board = house.switchboard(vec![channel(&house)]);
    let id = house.escalation("critical").await;
    board.call(&house.alert(id, "dana", "push").await).await.unwrap();
    let topic = format!("escalation-{id}");
    service.taken(|taken| {
        let first = &taken[0];
        assert_eq!((first.urgency.as_str(), first.ttl, &first.topic), ("high", 3600, &topic));
        assert_eq!(
            (&first.message["tag"], &first.message["done"]),
            (&Value::from(topic.clone()), &Value::from(false))
        );
        assert!(first.message["url"].as_str().unwrap().starts_with("/?t="), "{}", first.message);
        keeps_the_customer_out(&first.message);
    });
    house.acknowledge(id, "sam").await;
    until("the second message", service.changes(), || service.taken(|t| (t.len() == 2).then_some(()))).await;
    service.taken(|taken| {
        let last = &taken[1];
        assert_eq!(
            (&last.message["tag"], &last.message["done"]),
            (&Value::from(topic.clone()), &Value::from(true))
        );
        assert_eq!(last.topic, topic, "it takes the place of one that waits for the browser");
        assert!(last.message["title"].as_str().unwrap().contains("sam looks after it"));
    });
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_the_others_ring() {
    for status in [404, 410] {
        let mut house = House::start(&format!("push-gone-{status}"));
        let (gone, good) = (PushService::start().await, PushService::start().await);
        gone.answer(status);
        register(&house, "dana", &gone).await;
        register(&house, "dana", &good).await;
        let board = house.switchboard(vec![channel(&house)]);
        let id = house.escalation("high").await;
        board.call(&house.alert(id, "dana", "push").await).await.unwrap();
        let left = house
            .until("one is forgotten", |c| Some(push::of(c, "dana").unwrap()).filter(|left| left.len() == 1));
        assert_eq!(left.await[0].endpoint, good.endpoint);
        let notices = house.read(|c| clubos::store::journal::notices(c, crate::house::START).unwrap());
        assert!(notices.iter().any(|n| n.text.contains("no longer rings")));
    }
}

#[tokio::test]
async fn without_a_browser_that_rings_the_person_has_no_address() {
    let mut house = House::start("push-none");
    let gone = PushService::start().await;
    gone.answer(410);
    register(&house, "dana", &gone).await;
    let board = house.switchboard(vec![channel(&house)]);
    let id = house.escalation("high").await;
    for person in ["dana", "sam"] {
        let why = board.call(&house.alert(id, person, "push").await).await.unwrap_err();
        assert!(matches!(&why, NotReached::NoAddress(_)) && why.to_string().contains("Ring me"), "{why:?}");
    }
}

#[tokio::test]
async fn what_the_service_refuses_is_said_and_the_browser_is_kept() {
    for (status, says, asked) in [(413, "too long", 1), (403, "does not believe our key", 1), (429, "429", 3)]
    {
        let mut house = House::start(&format!("push-refused-{status}"));
        let service = PushService::start().await;
        service.answer(status);
        register(&house, "dana", &service).await;
        let board = house.switchboard(vec![channel(&house)]);
        let id = house.escalation("high").await;
        let why = board.call(&house.alert(id, "dana", "push").await).await.unwrap_err();
        assert!(why.to_string().contains(says) && !why.to_string().contains("127.0.0.1"), "{why}");
        assert_eq!(service.requests(), asked);
        house.health("push", State::Failing).await;
        assert_eq!(house.read(|c| push::of(c, "dana").unwrap().len()), 1);
    }
}

#[tokio::test]
async fn who_may_no_longer_sign_in_is_no_longer_rung() {
    let house = House::start("push-disabled");
    let service = PushService::start().await;
    register(&house, "sam", &service).await;
    house.write(|tx, _| Ok(tx.execute("UPDATE operator SET disabled_at = 1 WHERE name = 'sam'", [])?)).await;
    assert!(house.read(|c| push::of(c, "sam").unwrap().is_empty()));
}

#[test]
fn the_vector_of_rfc_8291_is_decrypted() {
    let vector: Value = serde_json::from_str(include_str!("../data/wire/vectors/rfc8291.json")).unwrap();
    let bytes = |key: &str| BASE64.decode(vector[key].as_str().unwrap()).unwrap();
    let secret = SecretKey::from_slice(&bytes("ua_private")).unwrap();
    let auth = bytes("auth_secret");
    let plain = web_push_native::decrypt(bytes("body"), &secret, Auth::from_slice(&auth)).unwrap();
    assert_eq!(plain, vector["plaintext"].as_str().unwrap().as_bytes());
}
