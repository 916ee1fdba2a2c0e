//! The generated broker configuration, tried with foreign clients: who reaches what.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::{Bench, PATIENCE};

/// Which of the two listeners.
#[derive(Clone, Copy)]
enum Door {
    Plain,
    Tls,
}

fn client(bench: &Bench, door: Door, program: &str, user: &str, password: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "localhost", "-u", user, "-P", password, "-q", "1"]).kill_on_drop(true);
    match door {
        Door::Plain => command.args(["-p", &bench.broker.port().to_string()]),
        Door::Tls => command
            .args(["-p", &bench.broker.tls_port().to_string(), "--cafile"])
            .arg(bench.broker.certificate()),
    };
    command
}

async fn run(mut command: Command) -> Output {
    tokio::time::timeout(PATIENCE, command.output()).await.expect("ended in time").expect("ran")
}

/// A client that listens; ready once a ping to it came through.
struct Listener {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Listener {
    async fn start(bench: &Bench, mut command: Command, ping: &str) -> Listener {
        let mut child = command.args(["-F", "%t %p"]).stdout(Stdio::piped()).spawn().expect("mosquitto_sub");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut listener = Listener { child, lines };
        let moment = Duration::from_millis(200);
        loop {
            bench.publish("clubos", ping, b"ping", false).await;
            if tokio::time::timeout(moment, listener.lines.next_line()).await.is_ok() {
                return listener;
            }
            assert!(listener.child.try_wait().expect("asked").is_none(), "mosquitto_sub ended");
        }
    }

    /// Topic and text of the next message that is no ping.
    async fn next(&mut self) -> (String, String) {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a line in time");
            let line = line.expect("readable").expect("still running");
            let (topic, text) = line.split_once(' ').expect("topic and text");
            if text != "ping" {
                return (topic.to_owned(), text.to_owned());
            }
        }
    }
}

/// Listens as `user`, lets `clubos` write each topic, and says which of them arrived.
async fn hears(bench: &Bench, door: Door, user: &str, topics: &[&str]) -> Vec<String> {
    let mut command = client(bench, door, "mosquitto_sub", user, &bench.password(user));
    for filter in ["clubos/v1/bay/#", "clubos/v1/bay/+/cmd", "clubos/v1/bay/1/cmd", "#"] {
        command.args(["-t", filter]);
    }
    let mut listener = Listener::start(bench, command, "clubos/v1/bay/1/cmd").await;
    for topic in topics {
        bench.publish("clubos", topic, b"told", false).await;
    }
    bench.publish("clubos", "clubos/v1/bay/1/cmd", b"last", false).await;
    let mut heard = Vec::new();
    loop {
        match listener.next().await {
            (_, text) if text == "last" => return heard,
            (topic, _) => heard.push(topic),
        }
    }
}

const ALL: [&str; 5] = [
    "clubos/v1/bay/1/cmd",
    "clubos/v1/bay/2/cmd",
    "clubos/v1/bay/2/state",
    "clubos/v1/bay/2/status",
    "clubos/v1/bay/2/result",
];

#[tokio::test]
async fn bay_1_hears_its_own_commands_and_nothing_of_bay_2() {
    let bench = Bench::without_agents().await;
    for door in [Door::Plain, Door::Tls] {
        let mut heard = hears(&bench, door, "bay-1", &ALL).await;
        heard.dedup();
        assert_eq!(heard, ["clubos/v1/bay/1/cmd"]);
    }
}

#[tokio::test]
async fn an_observer_hears_everything() {
    let bench = Bench::without_agents().await;
    let heard = hears(&bench, Door::Tls, "observer", &ALL).await;
    assert!(ALL.iter().all(|topic| heard.iter().any(|h| h == topic)), "{heard:?}");
}

#[tokio::test]
async fn nobody_writes_into_another_bay_or_gives_commands() {
    let bench = Bench::without_agents().await;
    let command = bench.foreign("mosquitto_sub", "clubos", &["-t", "clubos/#"]);
    let mut listener = Listener::start(&bench, command, "clubos/v1/bay/1/cmd").await;
    for door in [Door::Plain, Door::Tls] {
        for user in ["bay-1", "observer"] {
            for topic in ALL {
                let mut command = client(&bench, door, "mosquitto_pub", user, &bench.password(user));
                command.args(["-t", topic, "-m", "forged"]);
                run(command).await;
            }
        }
    }
    let mut command = client(&bench, Door::Tls, "mosquitto_pub", "bay-1", &bench.password("bay-1"));
    command.args(["-t", "clubos/v1/bay/1/state", "-m", "own"]);
    assert!(run(command).await.status.success());
    let first = listener.next().await;
    assert_eq!(first, ("clubos/v1/bay/1/state".into(), "own".into()), "a forged message came through");
}

#[tokio::test]
async fn without_the_right_password_nobody_gets_in() {
    let bench = Bench::without_agents().await;
    let right = bench.password("bay-1");
    for door in [Door::Plain, Door::Tls] {
        for (user, password) in [("bay-1", "wrong"), ("bay-2", right.as_str()), ("nobody", right.as_str())] {
            let mut command = client(&bench, door, "mosquitto_pub", user, password);
            command.args(["-t", "clubos/v1/bay/1/state", "-m", "x"]);
            let output = run(command).await;
            assert!(!output.status.success(), "{user}");
        }
        let mut anonymous = Command::new("mosquitto_pub");
        anonymous.args([
            "-h",
            "localhost",
            "-p",
            &bench.broker.port().to_string(),
            "-t",
            "clubos/v1/bay/1/state",
            "-m",
            "x",
        ]);
        assert!(!run(anonymous).await.status.success());
    }
}

#[tokio::test]
async fn tls_is_refused_to_who_does_not_trust_the_certificate() {
    let bench = Bench::without_agents().await;
    let mut command = client(&bench, Door::Plain, "mosquitto_pub", "bay-1", &bench.password("bay-1"));
    command.args([
        "-p",
        &bench.broker.tls_port().to_string(),
        "--cafile",
        "/etc/ssl/certs/ca-certificates.crt",
    ]);
    command.args(["-t", "clubos/v1/bay/1/state", "-m", "x"]);
    assert!(!run(command).await.status.success());
}

#[tokio::test]
async fn secrets_are_kept_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let mut bench = Bench::without_agents().await;
    let before = bench.password("bay-2");
    assert!(before.len() >= 32);
    for file in ["secrets/bay-2", "passwords", "acl", "mosquitto.conf"] {
        let mode = std::fs::metadata(bench.scratch.path().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
    let hashes = std::fs::read_to_string(bench.scratch.path().join("passwords")).expect("hashes");
    assert!(hashes.contains("bay-2:$7$") && !hashes.contains(&before));
    bench.broker.stop().await.expect("stopped");
    let again =
        clubos::simclub::broker::SimBroker::start(bench.scratch.path(), &crate::support::BAYS, 0, 0).await;
    let again = again.expect("started again");
    assert_eq!(std::fs::read_to_string(again.secret_file("bay-2")).expect("secret").trim(), before);
}
