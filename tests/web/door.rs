//! The door's page: who proves what, how often, and what they see.

use clubos::desk::Todo;
use clubos::device::{DeviceEvent, Observation};
use clubos::site::{Effect, Target};
use clubos::store::effect;
use reqwest::{Response, StatusCode};

use crate::club::{Club, FORM, cookie_of, encode, minutes};

impl Club {
    async fn ask(&self, phone: &str, proof: &str) -> Response {
        let form = encode(&[("phone", phone), ("proof", proof)]);
        self.post("/d/door-main").header("content-type", FORM).body(form).send().await.unwrap()
    }

    async fn door(&self, cookie: &str) -> String {
        self.get("/d/door-main").header("cookie", cookie).send().await.unwrap().text().await.unwrap()
    }

    /// Carries out the unlock the desk asks for; its effect's id.
    async fn unlock(&mut self) -> i64 {
        loop {
            if let Todo::Act(permit) = self.todos.recv().await.unwrap() {
                assert_eq!(permit.effect(), Effect::DoorUnlock);
                let id = permit.effect_id();
                self.desk.call(move |desk| desk.effect_sent(id)).await.unwrap().unwrap();
                return id;
            }
        }
    }
}

#[tokio::test]
async fn the_right_number_and_reference_open_and_the_page_says_so() {
    let mut club = Club::start("door-opens").await;
    let answer = club.ask("902 555 0101", "golf77").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = cookie_of(&answer);
    let id = club.unlock().await;
    assert!(club.door(&cookie).await.contains("Opening"));
    let seen = DeviceEvent {
        target: Target::new("door-main"),
        at: club.clock.now(),
        observation: Observation::UnlockLogged { effect_id: id },
        simulated: true,
    };
    club.desk.call(move |desk| desk.device(&seen)).await.unwrap().unwrap();
    club.until("the outcome", |c| effect::get(c, id).unwrap().unwrap().outcome).await;
    let page = club.door(&cookie).await;
    assert!(page.contains("Unlocked") && page.contains("after the beep"), "{page}");
    assert!(page.contains("simulated"));
    let stranger = club.get("/d/door-main").send().await.unwrap().text().await.unwrap();
    assert!(
        !stranger.contains("Unlocked") && stranger.contains("Booking reference"),
        "only the asker sees it"
    );
}

#[tokio::test]
async fn nobody_learns_whether_the_number_or_the_reference_was_wrong() {
    let club = Club::start("door-same").await;
    let wrong_proof = club.ask("9025550101", "0000").await;
    let wrong_phone = club.ask("9025550109", "4711").await;
    assert_eq!(wrong_proof.status(), StatusCode::FORBIDDEN);
    assert_eq!(wrong_phone.status(), StatusCode::FORBIDDEN);
    let (a, b) = (wrong_proof.text().await.unwrap(), wrong_phone.text().await.unwrap());
    assert_eq!(a.replace("9025550101", ""), b.replace("9025550109", ""));
    assert!(club.read(|c| effect::recent(c, 10).unwrap()).is_empty());
}

#[tokio::test]
async fn after_five_wrong_tries_the_right_one_waits_ten_minutes() {
    let club = Club::start("door-five").await;
    for _ in 0..5 {
        assert_eq!(club.ask("9025550101", "0000").await.status(), StatusCode::FORBIDDEN);
    }
    let sixth = club.ask("9025550101", "4711").await;
    assert_eq!(sixth.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(sixth.headers().contains_key("retry-after"));
    club.pass(minutes(10)).await;
    assert_eq!(club.ask("9025550101", "4711").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn outside_the_booking_the_page_says_why_it_stays_shut() {
    let club = Club::start("door-late").await;
    club.pass(minutes(120)).await;
    let answer = club.ask("9025550101", "4711").await;
    let cookie = cookie_of(&answer);
    club.until("the refusal", |c| effect::recent(c, 1).unwrap().first().and_then(|e| e.outcome)).await;
    let page = club.door(&cookie).await;
    assert!(page.contains("stays shut"), "{page}");
    assert!(page.contains("said-line"), "with the reason: {page}");
}

#[tokio::test]
async fn a_staff_door_has_no_page() {
    let club = Club::start("door-staff").await;
    assert_eq!(club.get("/d/door-staff").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(club.get("/d/door-main").send().await.unwrap().status(), StatusCode::OK);
}
