//! The box: the real program as a child process on a `site.toml` of its own, killed and started again.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clubos::simclub::fake_quo::FakeQuo;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::people;

const PATIENCE: Duration = Duration::from_secs(240);

pub struct House {
    url: String,
    dir: PathBuf,
    child: Option<Child>,
    kept: bool,
}

impl House {
    pub fn new(quo: &FakeQuo) -> House {
        let dir = std::env::temp_dir().join(format!("clubos-chaos-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("state")).expect("a directory");
        let secret = |name: &str, text: &str| {
            let path = dir.join(name);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("private");
        };
        secret("key", &quo.key);
        secret("hook", &quo.webhook_secret);
        let texts = format!(
            "[[bays]]\nnumber = 1\naliases = []\n[texts]\nprovider = \"quo\"\nnumber = \"{}\"\nnumber_id = \"{}\"\n\
             key_file = \"./key\"\nwebhook_secret_files = [\"./hook\"]\napi_url = \"{}\"\npoll_every_s = 1\n\
             look_up_for_s = 6\n",
            quo.number, quo.number_id, quo.url
        );
        let site = include_str!("../kill/site.toml").to_owned() + &texts;
        std::fs::write(dir.join("site.toml"), site).expect("written");
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("understanding");
        std::fs::create_dir_all(&cache).expect("a cache");
        std::os::unix::fs::symlink(cache, dir.join("state/cache")).expect("linked");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        House { url: format!("http://127.0.0.1:{port}"), dir, child: None, kept: false }
    }

    pub fn hook_url(&self) -> String {
        format!("{}/hooks/texts/quo", self.url)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes the accounts of those who acknowledge. Before the first start.
    pub async fn add_people(&self) {
        for (name, role) in people::NAMES.into_iter().zip(["manager", "oncall"]) {
            let mut command = Command::new(env!("CARGO_BIN_EXE_clubos"));
            command.args(["user", "add", name, "--role", role, "--state-dir"]).arg(self.dir.join("state"));
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program");
            let mut stdin = child.stdin.take().expect("piped");
            stdin.write_all(format!("{}\n", people::PASSWORD).as_bytes()).await.expect("written");
            drop(stdin);
            assert!(child.wait().await.expect("ended").success(), "user add {name}");
        }
    }

    pub fn database(&self) -> PathBuf {
        self.dir.join("state/clubos.db")
    }

    /// Starts the box; it is not up yet when this returns.
    pub fn spawn(&mut self) {
        let path = self.dir.join("serve.log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a log");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_clubos"));
        command.arg("--sops").arg(here.join("sops")).arg("--model-dir").arg(here.join("models"));
        command.arg("serve").arg("--strict").arg("--site").arg(self.dir.join("site.toml"));
        command.arg("--state-dir").arg(self.dir.join("state"));
        command.args(["--listen", self.url.trim_start_matches("http://")]).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the program"));
    }

    /// Waits until it is ready.
    pub async fn up(&mut self) {
        let (started, http) = (Instant::now(), reqwest::Client::new());
        loop {
            let answer = http.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|a| a.status().is_success()) {
                return;
            }
            let ended = self.child.as_mut().and_then(|c| c.try_wait().expect("a child"));
            let log = || std::fs::read_to_string(self.dir.join("serve.log")).unwrap_or_default();
            assert!(ended.is_none(), "the box ended by itself ({ended:?}):\n{}", log());
            assert!(started.elapsed() < PATIENCE, "not ready for {PATIENCE:?}:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: no good-bye, nothing flushed.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let early = child.try_wait().expect("a child");
        assert!(early.is_none(), "the box ended by itself: {early:?}, see {}", self.dir.display());
        child.kill().await.expect("killed");
    }

    /// Keeps the folder for a look.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.kept || std::thread::panicking() {
            eprintln!("kept for a look: {}", self.dir.display());
        } else {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}
