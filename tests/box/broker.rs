//! The club's own broker, set up by command and run by the real Mosquitto with Debian's main configuration.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{Box, said};

const PATIENCE: Duration = Duration::from_secs(60);

/// A box whose site has two bays, and the broker beside it.
struct Club {
    house: Box,
    plain: u16,
    tls: u16,
    mosquitto: Option<Child>,
}

impl Club {
    fn new() -> Club {
        let house = Box::new().without_model();
        let site = house.dir.join("site.toml");
        let text = std::fs::read_to_string(&site).expect("a site");
        let second = "\n[[bays]]\nnumber = 2\naliases = []\n[[bays.devices]]\ndriver = \"agent-mqtt\"\neffects = [\"sim.restart\"]\n";
        std::fs::write(&site, text + second).expect("written");
        std::fs::create_dir_all(house.dir.join("etc/conf.d")).expect("a folder");
        // The broker runs as a user of its own when root starts it; it must be able to get here.
        for dir in [house.dir.clone(), house.dir.join("etc"), house.dir.join("etc/conf.d")] {
            std::fs::set_permissions(dir, PermissionsExt::from_mode(0o755)).expect("its mode");
        }
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        Club { house, plain: free(), tls: free(), mosquitto: None }
    }

    fn etc(&self, name: &str) -> PathBuf {
        self.house.dir.join("etc").join(name)
    }

    fn broker(&self, words: &[&str]) -> (Option<i32>, String) {
        let mut command = self.house.command();
        command.arg("broker").args(words).arg("--site").arg(self.house.dir.join("site.toml"));
        command.arg("--dir").arg(self.etc("clubos")).arg("--conf").arg(self.etc("conf.d/clubos.conf"));
        command.arg("--box-secret").arg(self.etc("credstore/broker-password"));
        said(command.output().expect("the program"))
    }

    fn init(&self) -> String {
        let (plain, tls) = (format!("127.0.0.1:{}", self.plain), format!("127.0.0.1:{}", self.tls));
        let (code, said) = self.broker(&["init", "--plain", &plain, "--listen", &tls, "--name", "localhost"]);
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// A value of what `show` says of a user.
    fn shown(&self, user: &str, what: &str) -> String {
        let (code, said) = self.broker(&["show", user]);
        assert_eq!(code, Some(0), "{said}");
        let line = said.lines().find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("{what} is not shown:\n{said}")).trim().to_owned()
    }

    fn certificate(&self) -> PathBuf {
        self.etc("clubos/broker.crt")
    }

    /// (Re)starts Mosquitto with a main configuration like Debian's, and waits until the box gets in.
    fn restart(&mut self) {
        self.stop();
        let data = self.etc("data");
        std::fs::create_dir_all(&data).expect("a folder");
        let main = format!(
            "pid_file {0}/mosquitto.pid\npersistence true\npersistence_location {0}/\nlog_dest file {0}/log\ninclude_dir {1}\n",
            data.display(),
            self.etc("conf.d").display()
        );
        std::fs::set_permissions(&data, PermissionsExt::from_mode(0o777)).expect("its mode");
        std::fs::write(self.etc("mosquitto.conf"), main).expect("written");
        let program =
            ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].into_iter().find(|p| Path::new(p).exists());
        let child = Command::new(program.unwrap_or("mosquitto"))
            .arg("-c")
            .arg(self.etc("mosquitto.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto");
        self.mosquitto = Some(child);
        let started = Instant::now();
        let secret =
            std::fs::read_to_string(self.etc("credstore/broker-password")).expect("the box's secret");
        while !self.gets_in("clubos", secret.trim(), false) {
            let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "the box does not get in:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.mosquitto.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn client(&self, program: &str, user: &str, password: &str, tls: bool) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "localhost", "-u", user, "-P", password, "-q", "1"]);
        if tls {
            command.args(["-p", &self.tls.to_string(), "--cafile"]).arg(self.certificate());
        } else {
            command.args(["-p", &self.plain.to_string()]);
        }
        command
    }

    fn gets_in(&self, user: &str, password: &str, tls: bool) -> bool {
        let mut command = self.client("mosquitto_pub", user, password, tls);
        command.args(["-t", "clubos/check", "-m", "x"]).stderr(Stdio::null());
        command.status().expect("mosquitto_pub").success()
    }

    /// Everything below the broker's folders, as it stands now.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for dir in ["clubos", "clubos/secrets", "conf.d", "credstore"] {
            for entry in std::fs::read_dir(self.etc(dir)).expect("a folder").flatten() {
                if entry.path().is_file() {
                    files.insert(entry.path(), std::fs::read(entry.path()).expect("readable"));
                }
            }
        }
        files
    }
}

impl Drop for Club {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn each_bay_comes_in_over_tls_with_what_it_was_shown_and_reaches_its_own_topics_only() {
    let mut club = Club::new();
    club.init();
    club.restart();
    let passwords = ["bay-1", "bay-2"].map(|bay| club.shown(bay, "password"));
    assert_ne!(passwords[0], passwords[1]);
    assert_eq!(club.shown("bay-1", "address"), format!("localhost:{}, MQTT 3.1.1 over TLS", club.tls));
    assert!(club.gets_in("bay-1", &passwords[0], true));
    assert!(!club.gets_in("bay-1", &passwords[1], true), "another's password");
    let tell = |user: &str, password: &str, topic: &str, text: &str| {
        let mut command = club.client("mosquitto_pub", user, password, true);
        assert!(command.args(["-r", "-t", topic, "-m", text]).status().expect("mosquitto_pub").success());
    };
    tell("bay-1", &passwords[0], "clubos/v1/bay/1/status", "own");
    tell("bay-2", &passwords[1], "clubos/v1/bay/1/state", "foreign");
    tell("bay-2", &passwords[1], "clubos/v1/bay/2/status", "last");
    let secret = std::fs::read_to_string(club.etc("credstore/broker-password")).expect("the box's secret");
    let mut command = club.client("mosquitto_sub", "clubos", secret.trim(), false);
    let heard = command.args(["-t", "clubos/#", "-C", "2", "-W", "30"]).output().expect("mosquitto_sub");
    let mut heard: Vec<String> = String::from_utf8_lossy(&heard.stdout).lines().map(str::to_owned).collect();
    heard.sort();
    assert_eq!(heard, ["last", "own"]);
}

#[test]
fn done_again_nothing_changes_and_a_new_bay_changes_nothing_for_the_others() {
    let club = Club::new();
    assert!(club.init().contains("systemctl restart mosquitto"));
    let before = club.files();
    assert!(club.init().contains("Nothing has changed."));
    let (code, said) = club.broker(&["init"]);
    assert!(
        code == Some(0) && said.contains("Nothing has changed."),
        "what was asked for is remembered: {said}"
    );
    assert_eq!(club.files(), before);

    let site = club.house.dir.join("site.toml");
    let text = std::fs::read_to_string(&site).expect("a site");
    std::fs::write(&site, text.replace("number = 2", "number = 3")).expect("written");
    assert!(club.init().contains("bay-1, bay-3"));
    let after = club.files();
    for kept in
        ["clubos/secrets/bay-1", "clubos/broker.crt", "clubos/broker.key", "credstore/broker-password"]
    {
        assert_eq!(after[&club.etc(kept)], before[&club.etc(kept)], "{kept}");
    }
    let line = |files: &BTreeMap<PathBuf, Vec<u8>>, user: &str| {
        let text = String::from_utf8_lossy(&files[&club.etc("clubos/passwords")]).into_owned();
        text.lines().find(|line| line.starts_with(user)).map(str::to_owned)
    };
    assert_eq!(line(&after, "bay-1:"), line(&before, "bay-1:"));
    assert_eq!(line(&after, "bay-2:"), None, "a bay that is gone does not come in any more");
    let secret = std::fs::metadata(club.etc("clubos/secrets/bay-1")).expect("a secret").permissions().mode();
    assert_eq!(secret & 0o777, 0o600);
}

#[test]
fn on_request_one_user_gets_a_new_password_or_the_broker_a_new_certificate() {
    let mut club = Club::new();
    club.init();
    let old = ["bay-1", "bay-2"].map(|bay| club.shown(bay, "password"));
    let (code, said) = club.broker(&["rotate", "bay-2"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(&club.shown("bay-2", "password")), "shown on request only");
    club.restart();
    assert!(club.gets_in("bay-1", &old[0], true));
    assert!(!club.gets_in("bay-2", &old[1], true));
    assert!(club.gets_in("bay-2", &club.shown("bay-2", "password"), true));

    let before = std::fs::read(club.certificate()).expect("a certificate");
    let trusted = club.etc("trusted-before.crt");
    std::fs::write(&trusted, &before).expect("written");
    let (code, said) = club.broker(&["rotate", "certificate"]);
    assert_eq!(code, Some(0), "{said}");
    club.restart();
    assert!(club.gets_in("bay-1", &old[0], true), "with the new one");
    std::fs::write(club.certificate(), &before).expect("written");
    assert!(!club.gets_in("bay-1", &old[0], true), "the one before is not the broker's any more");
}

#[test]
fn what_does_not_make_sense_is_refused_with_the_mend() {
    let club = Club::new();
    let (code, said) = club.broker(&["show"]);
    assert!(code == Some(1) && said.contains("clubos broker init"), "{said}");
    let (code, said) = club.broker(&["init", "--listen", "0.0.0.0:8883"]);
    assert!(code == Some(1) && said.contains("--name"), "{said}");
    let (code, said) = club.broker(&["init", "--plain", "192.0.2.10:1883"]);
    assert!(code == Some(1) && said.contains("loopback"), "{said}");
    club.init();
    let (code, said) = club.broker(&["rotate", "bay-9"]);
    assert!(code == Some(1) && said.contains("broker show"), "{said}");
    std::fs::write(club.house.dir.join("site.toml"), "nonsense").expect("written");
    assert_eq!(club.broker(&["init"]).0, Some(78));
}

#[test]
fn a_device_of_the_site_is_a_user_with_its_own_topics_and_comes_in_without_tls_only_where_the_site_says_so() {
    let mut club = Club::new();
    let site = club.house.dir.join("site.toml");
    let bare = std::fs::read_to_string(&site).expect("a site");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let plug = "\n[[bays.devices]]\ndriver = \"tasmota\"\ntopic = \"plug-2\"\neffects = [\"outlet.cycle\"]\n";
    std::fs::write(&site, format!("{bare}{plug}")).expect("written");
    assert!(club.init().contains("tasmota-plug-2"));
    let before = club.shown("tasmota-plug-2", "password");
    assert_eq!(club.shown("tasmota-plug-2", "is told on"), "cmnd/plug-2/#");
    assert_eq!(club.shown("tasmota-plug-2", "tells on"), "stat/plug-2/#, tele/plug-2/#");
    let config = || std::fs::read_to_string(club.etc("conf.d/clubos.conf")).expect("a configuration");
    assert!(!config().contains(&format!("listener {free}")), "nobody asked for it");

    let open = bare.replace("[broker]", &format!("[broker]\nplain_devices = \"127.0.0.1:{free}\""));
    std::fs::write(&site, format!("{open}{plug}")).expect("written");
    assert!(club.init().contains(&format!("127.0.0.1:{free} without TLS")));
    assert!(config().contains(&format!("listener {free} 127.0.0.1")));
    let (code, said) = club.broker(&["rotate", "tasmota-plug-2"]);
    assert_eq!(code, Some(0), "{said}");
    let password = club.shown("tasmota-plug-2", "password");
    assert_ne!(password, before);
    club.restart();
    assert!(club.gets_in("tasmota-plug-2", &password, true), "over TLS");
    club.plain = free;
    assert!(club.gets_in("tasmota-plug-2", &password, false), "without");
    assert!(!club.gets_in("tasmota-plug-2", &before, false), "with the old password");
    let rules = std::fs::read_to_string(club.etc("clubos/acl")).expect("rules");
    let own = rules.split("user ").find(|part| part.starts_with("tasmota-plug-2\n")).expect("its part");
    assert!(!own.contains("clubos/") && !own.contains("homeassistant/"), "{own}");
}
