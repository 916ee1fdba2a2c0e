//! The club that survives (broker, agents, Access controller, pager), and the box that is killed: the
//! real program as a child process, on a real `site.toml`.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clubos::clock::Clock;
use clubos::simclub::{SimHouse, SimPorts};
use clubos::site::{AccessController, Broker, LoadMode, load};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::waiting::asked_until;
use crate::watch::{Observer, Pager};

pub const DOORS: [&str; 2] = ["door-main", "door-north"];
pub const PASSWORD: &str = "a-password-of-tests";
/// How many times as fast as real devices the simulated ones react.
const SPEED: f64 = 40.0;
const PATIENCE: Duration = Duration::from_secs(240);

pub struct Club {
    pub house: SimHouse,
    pub observer: Observer,
    pub pager: Pager,
    pub url: String,
    dir: PathBuf,
    child: Option<Child>,
}

impl Club {
    pub async fn start(bays: u8) -> Club {
        let name = format!("clubos-kill-{}-{}", std::process::id(), Clock::system().now().0);
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(dir.join("state")).expect("a directory");
        let plain = dir.join("simulated.toml");
        std::fs::write(&plain, site(bays, None)).expect("written");
        let simulated = load(&plain, LoadMode::Simulated).expect("a right site");
        let house =
            SimHouse::start(&simulated, &dir.join("house"), Clock::system(), SPEED, SimPorts::default())
                .await
                .expect("a simulated club");
        let wires = (house.broker().settings(), house.access().settings());
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("understanding");
        std::fs::create_dir_all(&cache).expect("a cache");
        std::os::unix::fs::symlink(cache, dir.join("state/cache")).expect("linked");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let observer = Observer::start(house.broker());
        let pager = Pager::start().await;
        std::fs::write(dir.join("topic"), "simulated-pager\n").expect("written");
        std::fs::set_permissions(dir.join("topic"), Permissions::from_mode(0o600)).expect("for us alone");
        let calls = format!("\n[notify.ntfy]\nurl = \"{}\"\ntopic_file = \"topic\"\n", pager.url);
        std::fs::write(dir.join("site.toml"), site(bays, Some(&wires)) + &calls).expect("written");
        let club = Club { house, observer, pager, url: format!("http://127.0.0.1:{port}"), dir, child: None };
        club.add_manager().await;
        club
    }

    pub fn database(&self) -> PathBuf {
        self.dir.join("state/clubos.db")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("serve.log")
    }

    fn program(&self) -> Command {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_clubos"));
        command.arg("--sops").arg(here.join("sops")).arg("--model-dir").arg(here.join("models"));
        command.kill_on_drop(true);
        command
    }

    async fn add_manager(&self) {
        let mut command = self.program();
        command.args(["user", "add", "dana", "--role", "manager", "--state-dir"]).arg(self.dir.join("state"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await.expect("written");
        drop(stdin);
        assert!(child.wait().await.expect("ended").success(), "user add");
    }

    /// Starts the box; it is not up yet when this returns.
    pub fn spawn(&mut self) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let listen = self.url.trim_start_matches("http://").to_owned();
        let mut command = self.program();
        command.arg("serve").arg("--strict").arg("--site").arg(self.dir.join("site.toml"));
        command.arg("--state-dir").arg(self.dir.join("state")).args(["--listen", &listen]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the program"));
    }

    /// Waits until `path` (`/healthz`, `/readyz`) says yes.
    pub async fn up(&mut self, path: &str) -> Duration {
        let (started, http, url, file) =
            (Instant::now(), reqwest::Client::new(), format!("{}{path}", self.url), self.log());
        let log = || std::fs::read_to_string(&file).unwrap_or_default();
        let child = &mut self.child;
        let says_yes = async || {
            let answer = http.get(&url).send().await;
            let ended = child.as_mut().and_then(|c| c.try_wait().expect("a child"));
            assert!(ended.is_none(), "the box ended by itself ({ended:?}):\n{}", log());
            answer.is_ok_and(|a| a.status().is_success()).then(|| started.elapsed())
        };
        asked_until(PATIENCE, says_yes, || format!("{path} said no:\n{}", log())).await
    }

    /// SIGKILL: no good-bye, nothing flushed. Returns once the process is gone.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let early = child.try_wait().expect("a child");
        assert!(
            early.is_none(),
            "the box ended before it was killed: {early:?}, see {}",
            self.log().display()
        );
        child.kill().await.expect("killed");
    }

    /// SIGTERM, as systemd does.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let id = child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
        let ended =
            tokio::time::timeout(Duration::from_secs(15), child.wait()).await.expect("it ends in time");
        assert!(ended.expect("a child").success(), "an orderly stop is no failure");
    }

    /// How many commands have reached devices, whatever their kind.
    pub fn commands(&self) -> usize {
        self.observer.commands().values().map(Vec::len).sum::<usize>() + self.house.access().unlocks().len()
    }
}

impl Drop for Club {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: {}", self.dir.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// The same club twice: with simulated devices, and as the box sees it, on real wires.
fn site(bays: u8, wires: Option<&(Broker, AccessController)>) -> String {
    let mut text = include_str!("site.toml").to_owned();
    let bay_driver = if wires.is_some() { "agent-mqtt" } else { "simulated" };
    for bay in 1..=bays {
        let _ = write!(
            text,
            "[[bays]]\nnumber = {bay}\naliases = []\n[[bays.devices]]\ndriver = \"{bay_driver}\"\neffects = \
             [\"sim.restart\", \"radar.reset\", \"pc.reboot\", \"projector.on\", \"projector.input\", \
             \"projector.off\", \"projector.cycle\", \"tv.on\", \"tv.off\"]\n"
        );
    }
    for door in DOORS {
        let label = door.replace("door-", "") + " door";
        let driver = match wires {
            Some(_) => format!("driver = \"unifi-access\"\ndoor_id = \"simulated-{door}\""),
            None => "driver = \"simulated\"".to_owned(),
        };
        let _ = write!(
            text,
            "[[doors]]\ntarget = \"{door}\"\nlabel = \"{label}\"\nstaff_only = false\nposition_sensor = true\n{driver}\n"
        );
    }
    if let Some((broker, access)) = wires {
        let _ = write!(
            text,
            "[broker]\nhost = \"{}\"\nport = {}\nusername = \"{}\"\npassword_file = \"{}\"\n[access]\nurl = \"{}\"\n\
             token_file = \"{}\"\ncertificate_sha256 = \"{}\"\n",
            broker.host,
            broker.port,
            broker.username,
            broker.password_file.display(),
            access.url,
            access.token_file.display(),
            access.certificate_sha256
        );
    }
    text
}
