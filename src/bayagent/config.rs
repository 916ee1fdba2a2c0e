//! `agent.toml`: what this PC has, how each thing is moved and read. Owns its keys, their defaults and
//! limits. What is not named can not be done, and is not announced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::probe::Probe;
use super::wire::Wake;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{}: {key}: {what}", path.display())]
    Value { path: PathBuf, key: &'static str, what: String },
}

/// A valid configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The number on the bay's wall, 1 to 99.
    pub bay: u8,
    /// Where taken commands and the started process are remembered.
    pub state_dir: PathBuf,
    pub link: Link,
    pub software: Option<Software>,
    pub radar: Option<Radar>,
    pub pc: Pc,
}

/// How the box is reached; exactly one, so that no command can come twice by two ways.
#[derive(Debug, Clone)]
pub enum Link {
    Mqtt(Mqtt),
    Http(Http),
}

/// `[mqtt]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    pub host: String,
    /// Default 8883.
    #[serde(default = "mqtt_port")]
    pub port: u16,
    /// Default `bay-<N>`.
    pub username: Option<String>,
    pub password_file: PathBuf,
    /// The broker's certificate (PEM), the only one that is trusted. Without it the connection is plain,
    /// which is allowed to this machine alone.
    pub certificate: Option<PathBuf>,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// `https://192.168.20.10:8443`
    pub url: String,
    /// The key that `clubos agent enrol` showed.
    pub key_file: PathBuf,
    /// The box's certificate (PEM), the only one that is trusted; needed with https.
    pub certificate: Option<PathBuf>,
    /// Seconds between looks for a command, 1 to 15. Default 2.
    #[serde(default = "poll_every")]
    pub poll_every_s: u64,
}

/// `[software]`, what the customers play on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// Program and arguments; no shell is between.
    pub start: Vec<String>,
    /// Where it is started.
    pub directory: Option<PathBuf>,
    /// File name of the program that runs, where the agent did not start it or `start` is a launcher:
    /// `Simulator.exe`. Every process of that name is taken to be the software.
    pub process: Option<String>,
    /// … and only if this stands in its command line.
    pub process_argument: Option<String>,
    /// Proof that it works and not only exists: `tcp://127.0.0.1:5000` or `http://127.0.0.1:5000/health`.
    pub health: Option<Probe>,
    /// Seconds it gets to end by itself before it is killed, 0 to 120. Default 10.
    #[serde(default = "stop_grace")]
    pub stop_grace_s: u64,
    /// Seconds it gets to be up, 1 to 230. Default 120.
    #[serde(default = "start_within")]
    pub start_within_s: u64,
    /// Seconds it has to live before it is said to run, 1 to 60. Default 5.
    #[serde(default = "steady")]
    pub steady_s: u64,
    /// Whether it is started when it does not run. Default true.
    #[serde(default = "yes")]
    pub watch: bool,
}

/// `[radar]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radar {
    /// `ping://192.168.20.30` or `tcp://192.168.20.30:80`.
    pub probe: Probe,
    /// The command that resets it. Without it `radar.reset` is not announced.
    #[serde(default)]
    pub reset: Vec<String>,
    /// Seconds between probes, 1 to 30. Default 5.
    #[serde(default = "probe_every")]
    pub every_s: u64,
}

/// `[pc]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pc {
    /// The command that reboots. Without it `pc.reboot` is not announced.
    #[serde(default)]
    pub reboot: Vec<String>,
    /// A command that prints one line, another one at every boot. Default: what the system offers.
    #[serde(default)]
    pub boot_id: Vec<String>,
    /// How a magic packet wakes this PC.
    pub wake: Option<Wake>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bay: u8,
    state_dir: PathBuf,
    mqtt: Option<Mqtt>,
    http: Option<Http>,
    software: Option<Software>,
    radar: Option<Radar>,
    #[serde(default)]
    pc: Pc,
}

fn mqtt_port() -> u16 {
    8883
}
fn poll_every() -> u64 {
    2
}
fn stop_grace() -> u64 {
    10
}
fn start_within() -> u64 {
    120
}
fn steady() -> u64 {
    5
}
fn probe_every() -> u64 {
    5
}
fn yes() -> bool {
    true
}

impl Config {
    /// Reads and checks the file; relative paths in it start from its folder.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and the mend.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let file: File = toml::from_str(&text)
            .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })?;
        let beside = path.parent().unwrap_or(Path::new("."));
        file.checked(beside).map_err(|(key, what)| ConfigError::Value { path: path.to_owned(), key, what })
    }

    /// Names of the effects this PC can do; announced to the box.
    pub fn capabilities(&self) -> Vec<&'static str> {
        let able = [
            ("sim.restart", self.software.is_some()),
            ("radar.reset", self.radar.as_ref().is_some_and(|r| !r.reset.is_empty())),
            ("pc.reboot", !self.pc.reboot.is_empty()),
        ];
        able.into_iter().filter(|(_, able)| *able).map(|(name, _)| name).collect()
    }
}

type Wrong = (&'static str, String);

impl File {
    fn checked(self, beside: &Path) -> Result<Config, Wrong> {
        within("bay", u64::from(self.bay), 1, 99)?;
        let link = match (self.mqtt, self.http) {
            (Some(mqtt), None) => Link::Mqtt(mqtt.checked(beside)?),
            (None, Some(http)) => Link::Http(http.checked(beside)?),
            (Some(_), Some(_)) => return Err(("mqtt", "stands beside [http]; keep one of them".into())),
            (None, None) => return Err(("mqtt", "is missing; write [mqtt] or [http]".into())),
        };
        let software = self.software.map(|software| software.checked(beside)).transpose()?;
        if let Some(radar) = &self.radar {
            within("radar.every_s", radar.every_s, 1, 30)?;
        }
        Ok(Config {
            bay: self.bay,
            state_dir: beside.join(self.state_dir),
            link,
            software,
            radar: self.radar,
            pc: self.pc,
        })
    }
}

impl Mqtt {
    fn checked(mut self, beside: &Path) -> Result<Mqtt, Wrong> {
        self.password_file = beside.join(self.password_file);
        self.certificate = self.certificate.map(|path| beside.join(path));
        if self.certificate.is_none() && !is_this_machine(&self.host) {
            return Err(("mqtt.certificate", "is missing: only this machine is reached without TLS".into()));
        }
        Ok(self)
    }
}

impl Http {
    fn checked(mut self, beside: &Path) -> Result<Http, Wrong> {
        self.key_file = beside.join(self.key_file);
        self.certificate = self.certificate.map(|path| beside.join(path));
        within("http.poll_every_s", self.poll_every_s, 1, 15)?;
        self.url = self.url.trim_end_matches('/').to_owned();
        match self.url.split_once("://") {
            Some(("https", _)) if self.certificate.is_none() => {
                Err(("http.certificate", "is missing: copy the box's certificate here".into()))
            }
            Some(("https" | "http", host)) if !host.is_empty() => Ok(self),
            _ => Err(("http.url", "is no address; write it like \"https://192.168.20.10:8443\"".into())),
        }
    }
}

impl Software {
    fn checked(mut self, beside: &Path) -> Result<Software, Wrong> {
        if self.start.first().is_none_or(|program| program.is_empty()) {
            return Err(("software.start", "names no program; write [\"program\", \"argument\"]".into()));
        }
        if self.process_argument.is_some() && self.process.is_none() {
            return Err(("software.process", "is missing beside process_argument".into()));
        }
        within("software.stop_grace_s", self.stop_grace_s, 0, 120)?;
        within("software.start_within_s", self.start_within_s, 1, 230)?;
        within("software.steady_s", self.steady_s, 1, 60)?;
        self.directory = self.directory.map(|dir| beside.join(dir));
        Ok(self)
    }

    pub fn stop_grace(&self) -> Duration {
        Duration::from_secs(self.stop_grace_s)
    }

    pub fn start_within(&self) -> Duration {
        Duration::from_secs(self.start_within_s)
    }

    pub fn steady(&self) -> Duration {
        Duration::from_secs(self.steady_s)
    }
}

fn within(key: &'static str, value: u64, least: u64, most: u64) -> Result<(), Wrong> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err((key, format!("{value} is out of range; write a whole number from {least} to {most}")))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Reads the one line of a secret file; one that everybody can read is refused.
///
/// # Errors
/// Says what is wrong with the file, never what is in it.
pub fn secret(path: &Path) -> Result<String, String> {
    let shown = path.display();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(|e| format!("{shown}: {e}"))?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(format!("{shown} can be read by everybody; chmod 600 {shown}"));
        }
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("{shown}: {e}"))?;
    let secret = text.trim_end_matches(['\n', '\r']);
    if secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("{shown} is to hold one line of printable text without spaces"));
    }
    Ok(secret.to_owned())
}
