//! The real program with two hundred devices, beside itself with four: what it costs to sit there, and what happens
//! when the broker restarts and all of them come back at once.
//!
//! Per bay an agent, a TV and an outlet on a real broker, and a projector over TCP; simulated, in this process. 50 bays.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use clubos::clock::Clock;
use clubos::device::mqtt::{Account, accounts};
use clubos::simclub::agent::{SimAgent, SimAgentLink};
use clubos::simclub::broker::SimBroker;
use clubos::simclub::{SimClub, SimControl};
use clubos::site::{BayId, LoadMode, Target};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::program::Box;
use crate::row;

/// What the start still does in the background is no idling.
const SETTLE: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);
const DOWN: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(180);

pub fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let small = fleet(1).await;
        let large = fleet(50).await;
        let ratio = large.idle / small.idle.max(0.01);
        row(
            "200 devices, idle",
            &format!("{:.1} % of a core", large.idle),
            &format!("{:.1} % with 4 devices, {ratio:.1} times; {} s each", small.idle, IDLE.as_secs()),
        );
        row(
            "200 devices, memory (PSS)",
            &format!("{:.0} MB", large.memory),
            &format!("{:.0} MB with 4 devices", small.memory),
        );
        row(
            "200 devices, broker down 30 s and back",
            &format!("all back after {:.1} s, {:.1} s of one core", large.back.as_secs_f64(), large.spent),
            &format!("{:.1} s with 4 devices", small.back.as_secs_f64()),
        );
        row(
            "… a message to the bay page meanwhile, slowest of them",
            &crate::ms(large.slowest),
            &format!("{} with 4 devices; acknowledged, one every 100 ms", crate::ms(small.slowest)),
        );
    });
}

struct Figures {
    /// Percent of one core.
    idle: f64,
    memory: f64,
    back: Duration,
    /// Seconds of processor time from the broker's return until all were back.
    spent: f64,
    slowest: Duration,
}

async fn fleet(bays: u8) -> Figures {
    let mut house = Box::new();
    let dir = house.dir.join("broker");
    let ids: Vec<BayId> = (1..=bays).map(BayId).collect();
    let projectors = projectors().await;
    // Read once for the users of the broker, which its port comes after.
    let text = site(&ids, projectors.0, 1);
    let known = clubos::site::load::read("site.toml", &text, &house.dir, LoadMode::Real).expect("a site");
    let users = accounts(&known);
    let mut broker = SimBroker::start_for(&dir, &ids, &users, 0, 0).await.expect("a broker");
    std::fs::write(house.dir.join("site.toml"), site(&ids, projectors.0, broker.port())).expect("written");
    std::fs::write(house.dir.join("broker-password"), secret(&broker.secret_file("clubos")))
        .expect("written");
    let mut club = SimClub::new();
    ids.iter().for_each(|bay| club.add(Target::from(*bay)));
    let control = SimControl::new(club);
    let agent = |bay: &BayId| {
        let password = secret(&broker.secret_file(&bay.to_string()));
        let link = SimAgentLink { host: "127.0.0.1".into(), port: broker.port(), password };
        SimAgent::start(*bay, link, control.clone(), Clock::system())
    };
    let agents: Vec<SimAgent> = ids.iter().map(agent).collect();
    let switches: Vec<JoinHandle<()>> = users.iter().map(|user| switch(&broker, user)).collect();
    let bay = house.book();
    house.up().await;
    house.says_yes("/readyz").await;
    let cookie = house.sit_down(&bay).await;
    all_online(&house, bays).await;
    tokio::time::sleep(SETTLE).await;

    let before = house.cpu_seconds();
    tokio::time::sleep(IDLE).await;
    let idle = (house.cpu_seconds() - before) / IDLE.as_secs_f64() * 100.0;
    let memory = house.pss_kb() as f64 / 1024.0;

    broker.stop().await.expect("stopped");
    tokio::time::sleep(DOWN).await;
    assert!(online(&house) < all(bays), "nobody was missed");
    broker.resume().await.expect("a broker again");
    let (returned, before) = (Instant::now(), house.cpu_seconds());
    let mut slowest = Duration::ZERO;
    let mut number = 0;
    while online(&house) < all(bays) {
        assert!(returned.elapsed() < PATIENCE, "{} of {} came back", online(&house), all(bays));
        number += 1;
        let asked = Instant::now();
        let body = serde_json::json!({"text": format!("what is the wifi password, {number}")});
        let (status, answer) = house.say(&cookie, body.to_string()).await;
        assert!(status == 202 || status == 429, "{answer}");
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let figures =
        Figures { idle, memory, back: returned.elapsed(), spent: house.cpu_seconds() - before, slowest };
    house.down();
    switches.iter().for_each(JoinHandle::abort);
    projectors.1.abort();
    drop(agents);
    figures
}

/// The bay as a whole, and what of it has a wire of its own: TV on and off, outlet, four effects of the projector.
fn all(bays: u8) -> i64 {
    i64::from(bays) * 8
}

fn online(house: &Box) -> i64 {
    let reader = clubos::store::Reader::open(&house.database()).expect("the database opens");
    let count = "SELECT count(*) FROM device_status WHERE online = 1";
    reader.conn().query_row(count, [], |row| row.get(0)).expect("a number")
}

async fn all_online(house: &Box, bays: u8) {
    let there = async || (online(house) >= all(bays)).then_some(());
    crate::waiting::asked_until(PATIENCE, there, || format!("{} of {} online", online(house), all(bays)))
        .await;
}

fn secret(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a secret").trim().to_owned()
}

fn site(bays: &[BayId], projectors: SocketAddr, port: u16) -> String {
    let site = include_str!("../../tests/bad_input/site.toml");
    let head = site.split("[[bays]]").next().expect("a head");
    let mut site = head.replace("port = 1\n", &format!("port = {port}\n"));
    for BayId(bay) in bays {
        let at = format!("fleet/{bay}");
        let switch = |name: &str| {
            format!(
                "driver = \"mqtt-switch\"\ncommand = \"{at}/{name}/do\"\nstate = \"{at}/{name}/is\"\non = \"ON\"\noff = \"OFF\"\ncycle = \"CYCLE\"\navailability = \"{at}/{name}/there\"\n"
            )
        };
        let _ = write!(
            site,
            "[[bays]]\nnumber = {bay}\naliases = []\n\n\
             [[bays.devices]]\ndriver = \"agent-mqtt\"\neffects = [\"sim.restart\", \"pc.reboot\"]\n\n\
             [[bays.devices]]\n{}effects = [\"tv.on\", \"tv.off\"]\n\n\
             [[bays.devices]]\n{}effects = [\"outlet.cycle\"]\n\n\
             [[bays.devices]]\ndriver = \"benq\"\nhost = \"{}\"\nport = {}\ninput = \"hdmi\"\n\
             effects = [\"projector.on\", \"projector.off\", \"projector.input\", \"projector.cycle\"]\n\n",
            switch("tv"),
            switch("outlet"),
            projectors.ip(),
            projectors.port(),
        );
    }
    site
}

/// A TV or outlet, which tells what it is after each connection.
fn switch(broker: &SimBroker, user: &Account) -> JoinHandle<()> {
    let (settings, user) = (broker.settings(), user.clone());
    let mut options = MqttOptions::new(format!("simulated-{}", user.user), &settings.host, settings.port);
    options.set_credentials(&user.user, secret(&broker.secret_file(&user.user)));
    let (client, mut connection) = AsyncClient::new(options, 16);
    tokio::spawn(async move {
        loop {
            match connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    for topic in &user.writes {
                        let payload = if topic.ends_with("there") { "online" } else { "ON" };
                        let _ = client.try_publish(topic, QoS::AtLeastOnce, true, payload);
                    }
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    })
}

/// One address where every projector answers: on, and on the right input.
async fn projectors() -> (SocketAddr, JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 256];
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    let asked = String::from_utf8_lossy(&buffer[..n]).to_ascii_lowercase();
                    let answer = if asked.contains("*pow=?") { "*POW=ON#\r\n" } else { "*SOUR=HDMI#\r\n" };
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    };
    (address, tokio::spawn(serve))
}
