//! The real program on a small real site whose devices cannot be reached: nothing here needs them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clubos::clock::{Clock, UnixMs};
use clubos::site::BayId;
use clubos::store::booking::{self, Booking};
use clubos::store::{Reader, Store};
use clubos::web;

use crate::waiting::asked_until;

const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a site, SOPs, a model and a state; and the program, when it runs.
pub struct Box {
    pub dir: PathBuf,
    pub url: String,
    /// More arguments of `serve`.
    pub arguments: Vec<String>,
    child: Option<Child>,
}

#[allow(dead_code, reason = "the tests and the benchmark each use a part")]
impl Box {
    pub fn new() -> Box {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name =
            format!("clubos-bad-input-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["state", "sops", "models"] {
            std::fs::create_dir_all(dir.join(folder)).expect("a folder");
        }
        for file in std::fs::read_dir(here.join("sops")).expect("the SOPs").flatten() {
            std::fs::copy(file.path(), dir.join("sops").join(file.file_name())).expect("copied");
        }
        for file in std::fs::read_dir(here.join("models")).expect("the model").flatten() {
            std::os::unix::fs::symlink(file.path(), dir.join("models").join(file.file_name()))
                .expect("linked");
        }
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("understanding");
        std::fs::create_dir_all(&cache).expect("a cache");
        std::os::unix::fs::symlink(cache, dir.join("state/cache")).expect("linked");
        std::fs::write(dir.join("site.toml"), include_str!("site.toml")).expect("written");
        for secret in ["broker-password", "access-token"] {
            std::fs::write(dir.join(secret), "a-secret-of-tests").expect("written");
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(dir.join(secret), private).expect("private");
        }
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        Box { dir, url: format!("http://127.0.0.1:{port}"), arguments: Vec::new(), child: None }
    }

    /// Takes the model away, where it has no say: `check` would train it for a minute.
    pub fn without_model(self) -> Box {
        std::fs::remove_file(self.dir.join("models/encoder.onnx")).expect("removed");
        self
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clubos"));
        command.arg("--sops").arg(self.dir.join("sops")).arg("--model-dir").arg(self.dir.join("models"));
        command
    }

    fn serve(&self) -> Command {
        let mut command = self.command();
        command.arg("serve").arg("--site").arg(self.dir.join("site.toml"));
        command.arg("--state-dir").arg(self.dir.join("state"));
        command.args(["--listen", self.url.trim_start_matches("http://")]).args(&self.arguments);
        command
    }

    /// Runs `serve` with these arguments where it is to end by itself.
    pub fn refuses(&self, arguments: &[&str]) -> (Option<i32>, String) {
        said(self.serve().args(arguments).output().expect("the program"))
    }

    pub fn check(&self) -> (Option<i32>, String) {
        let mut command = self.command();
        command.arg("check").arg("--site").arg(self.dir.join("site.toml"));
        said(command.arg("--state-dir").arg(self.dir.join("state")).output().expect("the program"))
    }

    /// Starts `serve` and waits until its pages answer.
    pub async fn up(&mut self) {
        let log = std::fs::File::create(self.dir.join("log")).expect("a log");
        self.child = Some(self.serve().stderr(log).stdout(Stdio::null()).spawn().expect("the program"));
        self.says_yes("/healthz").await;
    }

    pub async fn says_yes(&self, path: &str) {
        let url = format!("{}{path}", self.url);
        let yes = async || reqwest::get(&url).await.is_ok_and(|a| a.status().is_success()).then_some(());
        let log = || std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        asked_until(PATIENCE, yes, || format!("{path} said no:\n{}", log())).await;
    }

    /// Sends the running program a signal: `HUP`.
    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("kill").success());
    }

    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Takes the cache away that the tests share, for one of its own.
    pub fn own_cache(&self) {
        std::fs::remove_file(self.dir.join("state/cache")).expect("a link");
    }

    /// Proportional set size of the running program, in kB.
    pub fn pss_kb(&self) -> usize {
        let id = self.child.as_ref().expect("it runs").id();
        let rollup = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).expect("of this process");
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a line");
        pss.trim_end_matches("kB").trim().parse().expect("a number")
    }

    /// Processor time the running program has used so far, in seconds of one core.
    pub fn cpu_seconds(&self) -> f64 {
        let id = self.child.as_ref().expect("it runs").id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("of this process");
        // Behind the name, which may hold spaces: state is the 3rd field, user and system time the 14th and 15th.
        let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().expect("ticks")).sum();
        ticks / 100.0
    }

    pub fn database(&self) -> PathBuf {
        self.dir.join("state/clubos.db")
    }

    /// A booking of bay 1 that runs, and its bay's address with the code. The program must not run.
    pub fn book(&self) -> String {
        let now = Clock::system().now();
        let at = |minutes: i64| UnixMs(now.0 + minutes * 60_000);
        let booking = Booking {
            id: "B1".into(),
            phone: Some("+19025550101".parse().expect("a number")),
            name: "Alex".into(),
            bay: BayId(1),
            starts_at: at(-10),
            ends_at: at(60),
            reference: Some("GOLF-77".into()),
            pin: None,
            source: String::new(),
            read_at: UnixMs(0),
        };
        let site =
            clubos::site::load(&self.dir.join("site.toml"), clubos::site::LoadMode::Real).expect("a site");
        let mut store = Store::open(&self.dir.join("state")).expect("a store");
        store.write(|tx| booking::put(tx, &booking, "test", now)).expect("stored");
        let paths = store.write(|tx| web::bay_paths(tx, &site, now)).expect("a code");
        paths.into_iter().next().expect("bay 1").1
    }

    /// Opens the bay's address: what the browser shows from then on to prove presence.
    pub async fn sit_down(&self, path: &str) -> String {
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let page =
            browser.expect("a client").get(format!("{}{path}", self.url)).send().await.expect("an answer");
        let cookie = page.headers()["set-cookie"].to_str().expect("text");
        cookie.split(';').next().expect("a cookie").to_owned()
    }

    pub async fn say(&self, cookie: &str, body: impl Into<reqwest::Body>) -> (u16, serde_json::Value) {
        let request = reqwest::Client::new().post(format!("{}/api/v1/bay/messages", self.url));
        let request = request.header("cookie", cookie).header("content-type", "application/json").body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// The first row that the query gives, as soon as there is one.
    pub async fn found(&self, sql: &str) -> String {
        asked_until(PATIENCE, async || self.look(sql), || format!("never came: {sql}")).await
    }

    pub fn look(&self, sql: &str) -> Option<String> {
        let reader = Reader::open(&self.database()).expect("the database opens");
        reader.conn().query_row(sql, [], |row| row.get(0)).ok()
    }
}

impl Drop for Box {
    fn drop(&mut self) {
        self.down();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn said(output: Output) -> (Option<i32>, String) {
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

/// Leaves the first half of a file.
pub fn halve(path: &Path) {
    let whole = std::fs::read(path).expect("readable");
    let _ = std::fs::remove_file(path); // a link: what it leads to stays whole
    std::fs::write(path, &whole[..whole.len() / 2]).expect("written");
}
