//! A bay's PC: a folder with a program that stands in for the simulator software, and the agent beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{PATIENCE, Scratch};
use crate::waiting::asked_until;

/// Answers at `/health`, and writes its number and one line for each start. With the file `broken` beside
/// it, it ends at once; with `stubborn` it does not end when asked.
const SOFTWARE: &str = r#"
import http.server, os, signal, sys
here, port = sys.argv[1], int(sys.argv[2])
there = lambda name: os.path.exists(os.path.join(here, name))
with open(os.path.join(here, "starts"), "a") as starts:
    starts.write("%d\n" % os.getpid())
if there("broken"):
    sys.exit(3)
if there("stubborn"):
    signal.signal(signal.SIGTERM, lambda *_: open(os.path.join(here, "asked"), "w").close())
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if there("ill") else 200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", port), Page).serve_forever()
"#;

pub struct Pc {
    pub dir: Scratch,
    port: u16,
    agent: Option<Child>,
}

impl Pc {
    /// A PC that runs nothing yet.
    pub fn new() -> Pc {
        let dir = Scratch::new();
        std::fs::write(dir.path().join("software.py"), SOFTWARE).expect("written");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        Pc { dir, port: port.port(), agent: None }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    /// A file that only its owner reads.
    pub fn put_secret(&self, name: &str, text: &str) {
        self.put(name, text);
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(self.path(name), private).expect("private");
    }

    /// Writes the configuration: the link, the usual software, and more.
    pub fn configure(&self, bay: u8, link: &str, more: &str) {
        let mut text = format!("bay = {bay}\nstate_dir = \"state\"\n{link}\n[software]\n");
        let start = ["python3", "software.py", ".", &self.port.to_string()].map(|word| format!("{word:?}"));
        let _ = writeln!(text, "start = [{}]", start.join(", "));
        let _ = writeln!(text, "directory = \".\"\nhealth = \"http://127.0.0.1:{}/health\"", self.port);
        let _ = writeln!(text, "stop_grace_s = 5\nstart_within_s = 20\nsteady_s = 1\n{more}");
        self.put("agent.toml", &text);
    }

    /// `[mqtt]` over TLS, as a club has it.
    pub fn mqtt(&self, tls_port: u16, password: &str, certificate: &Path) -> String {
        self.put_secret("password", password);
        format!(
            "[mqtt]\nhost = \"localhost\"\nport = {tls_port}\npassword_file = \"password\"\ncertificate = {:?}\n",
            certificate.display().to_string()
        )
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clubos-agent"));
        command.current_dir(self.dir.path()).arg("--config").arg(self.path("agent.toml"));
        command
    }

    pub fn start_agent(&mut self) {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).expect("a log");
        self.agent = Some(self.command().stderr(log).spawn().expect("the agent"));
    }

    /// Pulls the plug of the agent; the software goes on.
    pub fn kill_agent(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill().expect("killed");
            agent.wait().expect("ended");
        }
    }

    /// Ends the software as a crash does.
    pub fn kill_software(&self) {
        let pid = self.starts().last().expect("it was started").to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The numbers of all starts so far.
    pub fn starts(&self) -> Vec<u32> {
        let text = std::fs::read_to_string(self.path("starts")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Pc) -> bool) {
        let ask = async || holds(self).then_some(());
        asked_until(PATIENCE, ask, || format!("{what}; the agent's log:\n{}", self.log())).await;
    }

    /// Whether the process with this number still lives.
    pub fn lives(pid: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    }
}

impl Drop for Pc {
    fn drop(&mut self) {
        self.kill_agent();
        if let Some(pid) = self.starts().last().filter(|pid| Pc::lives(**pid)) {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
        }
    }
}
