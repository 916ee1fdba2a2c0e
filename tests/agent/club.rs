//! The real box with a real broker and bay 1's real agent, whose software is a real process.

use clubos::simclub::broker::SimBroker;
use clubos::site::BayId;

use crate::operator::PASSWORD;
use crate::pc::Pc;
use crate::program::{Box, said};
use crate::support::Scratch;

const RUNS: &str = "SELECT target FROM device_status WHERE target = 'bay-1' AND online = 1 AND json_extract(state, '$.software.running') = 1";

pub struct Club {
    pub house: Box,
    pub pc: Pc,
    pub broker: SimBroker,
    _scratch: Scratch,
}

impl Club {
    /// Dana may sign in; `more` is added to the site. Ready when the bay's software is seen running.
    pub async fn open(more: &str) -> Club {
        Club::open_after(more, |_| {}).await
    }

    /// As [`Club::open`], with something done before the box starts.
    pub async fn open_after(more: &str, before: impl FnOnce(&Box)) -> Club {
        let scratch = Scratch::new();
        let broker = SimBroker::start(scratch.path(), &[BayId(1)], 0, 0).await.expect("a broker");
        let mut house = Box::new().without_model();
        let site = house.dir.join("site.toml");
        let text = std::fs::read_to_string(&site).expect("a site");
        let text = text.replace("port = 1\n", &format!("port = {}\n", broker.port()));
        std::fs::write(&site, format!("{text}\n{more}")).expect("written");
        let secret = |user: &str| std::fs::read_to_string(broker.secret_file(user)).expect("a secret");
        std::fs::write(house.dir.join("broker-password"), secret("clubos")).expect("written");
        let mut pc = Pc::new();
        let link = pc.mqtt(broker.tls_port(), secret("bay-1").trim(), broker.certificate());
        pc.configure(1, &link, "");
        house.add_user("dana", "oncall");
        before(&house);
        house.up().await;
        pc.start_agent();
        house.found(RUNS).await;
        Club { house, pc, broker, _scratch: scratch }
    }

    /// `clubos device …` as dana: exit code, and what it said.
    pub fn device(&self, words: &[&str]) -> (Option<i32>, String) {
        said(self.device_command(words).output().expect("the program"))
    }

    pub fn device_command(&self, words: &[&str]) -> std::process::Command {
        let password = self.house.dir.join("dana-password");
        self.pc.put_secret("dana-password", PASSWORD);
        std::fs::copy(self.pc.path("dana-password"), &password).expect("copied");
        let mut command = self.house.command();
        command.arg("device").args(words).args(["--as", "dana", "--url", &self.house.url]);
        command.arg("--password-file").arg(password);
        command
    }

    /// `mosquitto_pub` or `mosquitto_sub` as this user of the broker.
    pub fn foreign(&self, program: &str, user: &str) -> tokio::process::Command {
        let secret = std::fs::read_to_string(self.broker.secret_file(user)).expect("a secret");
        let mut command = tokio::process::Command::new(program);
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.broker.port().to_string(),
            "-u",
            user,
            "-P",
            secret.trim(),
        ]);
        command.kill_on_drop(true);
        command
    }
}
