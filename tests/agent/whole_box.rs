//! A customer's words, the real box, a real broker, the real agent, a real process.

use clubos::simclub::broker::SimBroker;
use clubos::site::BayId;
use serde_json::json;

use crate::pc::Pc;
use crate::program::Box;
use crate::support::Scratch;

struct Evening {
    house: Box,
    pc: Pc,
    cookie: String,
    broker: SimBroker,
    _scratch: Scratch,
}

impl Evening {
    /// Alex sits in bay 1, whose PC runs.
    async fn begin() -> Evening {
        let scratch = Scratch::new();
        let broker = SimBroker::start(scratch.path(), &[BayId(1)], 0, 0).await.expect("a broker");
        let mut house = Box::new();
        let site = house.dir.join("site.toml");
        let text = std::fs::read_to_string(&site).expect("a site");
        let text = text.replace("port = 1\n", &format!("port = {}\n", broker.port()));
        std::fs::write(&site, text).expect("written");
        let secret = |user: &str| std::fs::read_to_string(broker.secret_file(user)).expect("a secret");
        std::fs::write(house.dir.join("broker-password"), secret("clubos")).expect("written");
        let mut pc = Pc::new();
        let link = pc.mqtt(broker.tls_port(), secret("bay-1").trim(), broker.certificate());
        pc.configure(1, &link, "");
        let page = house.book();
        house.up().await;
        house.says_yes("/readyz").await;
        pc.start_agent();
        let runs = "SELECT target FROM device_status WHERE online = 1 AND json_extract(state, '$.software.running') = 1";
        house.found(runs).await;
        let cookie = house.sit_down(&page).await;
        Evening { house, pc, cookie, broker, _scratch: scratch }
    }

    async fn say(&self, text: &str) {
        let (status, answer) = self.house.say(&self.cookie, json!({"text": text}).to_string()).await;
        assert_eq!(status, 202, "{answer}");
    }

    /// Waits until the box has said something like this (SQL `LIKE`).
    async fn hears(&self, like: &str) -> String {
        let sql = format!("SELECT body FROM message WHERE author = 'box' AND body LIKE '{like}'");
        self.house.found(&sql).await
    }
}

#[tokio::test]
async fn at_a_customers_word_the_real_process_is_restarted_and_the_answer_says_that_it_runs() {
    let evening = Evening::begin().await;
    let before = evening.pc.starts();
    evening.say("trackman is frozen").await;
    evening.hears("I can restart the simulator in bay 1.%").await;
    assert_eq!(evening.pc.starts(), before, "nothing is done before the yes");
    evening.say("yes").await;
    let done = "SELECT outcome FROM effect WHERE effect = 'sim.restart' AND outcome IS NOT NULL";
    assert_eq!(evening.house.found(done).await, "verified", "{}", evening.pc.log());
    let after = evening.pc.starts();
    assert_eq!(after.len(), before.len() + 1);
    assert!(!Pc::lives(before[0]) && after.last().is_some_and(|pid| Pc::lives(*pid)));
    evening.hears("The simulator in bay 1 is running again%").await;
    drop(evening.broker);
}

#[tokio::test]
async fn a_process_that_will_not_start_is_told_honestly() {
    let evening = Evening::begin().await;
    evening.pc.put("broken", "");
    evening.say("trackman is frozen").await;
    evening.hears("I can restart the simulator in bay 1.%").await;
    evening.say("yes").await;
    let ended =
        "SELECT outcome || ': ' || reason FROM effect WHERE effect = 'sim.restart' AND outcome IS NOT NULL";
    assert_eq!(evening.house.found(ended).await, "failed: it ended at once (exit status: 3)");
    evening.hears("I tried to restart the simulator in bay 1, but it did not work.%").await;
    let lie = "SELECT body FROM message WHERE author = 'box' AND body LIKE '%running again%'";
    assert_eq!(evening.house.look(lie), None);
}
