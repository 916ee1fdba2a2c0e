//! Configuration of the Mosquitto broker on the device network, made from the site.
//!
//! Owns three files in one directory: `mosquitto.conf`, `acl` and `passwords` (hashes only), and the
//! secrets of the users in `secrets/` (0600, made once, kept). Starts no broker.
//!
//! Every bay's agent is its own user (`bay-1`) and reaches only its own topics. A session is taken over by
//! whoever names its client id, so ours are random and [`client_id`] makes them. `clubos` is the box;
//! `observer` may listen to everything and write nothing, for people who look for faults.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha512;

use crate::site::{BayId, Site, secret};

/// The box's own user.
pub const BOX_USER: &str = "clubos";
/// Reads all, writes nothing.
pub const OBSERVER_USER: &str = "observer";
/// Rounds of PBKDF2. The secrets are random and long, so the number guards nothing by itself.
const ROUNDS: u32 = 1_000;
/// Longer messages are refused by the broker, in bytes.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// Where the broker listens and which files it uses.
#[derive(Debug, Clone)]
pub struct BrokerPlan {
    /// Directory for configuration, hashes, secrets and the broker's own database.
    pub dir: PathBuf,
    /// Without TLS; a loopback address, usually `127.0.0.1:1883`.
    pub plain: SocketAddr,
    /// With TLS for the agents, usually `0.0.0.0:8883`.
    pub tls: Option<TlsListener>,
    /// The system user the broker changes to when started as root.
    pub run_as: Option<String>,
}

#[derive(Debug, Clone)]
pub struct TlsListener {
    pub listen: SocketAddr,
    /// PEM chain and key of the broker.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct BrokerFiles {
    pub config: PathBuf,
    dir: PathBuf,
}

impl BrokerFiles {
    /// The file with a user's secret.
    pub fn secret_file(&self, user: &str) -> PathBuf {
        self.dir.join("secrets").join(user)
    }
}

/// Why the configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{0} is no loopback address; without TLS the broker listens on loopback only")]
    PlainNotLoopback(SocketAddr),
    #[error("{0} cannot stand in a broker's configuration: it holds a line break or is no text")]
    Path(PathBuf),
    #[error(transparent)]
    Secret(#[from] secret::SecretError),
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

/// The broker's user name of a bay's agent.
pub fn bay_user(bay: BayId) -> String {
    bay.to_string()
}

/// A client id that nobody can guess, so that nobody can push this session out by using it too.
///
/// # Errors
/// The system gives no random numbers.
pub fn client_id(user: &str) -> Result<String, BrokerError> {
    Ok(format!("{user}-{}", URL_SAFE_NO_PAD.encode(random::<12>()?)))
}

/// Writes the broker's files for the bays of `site`. Secrets that are there already are kept.
///
/// # Errors
/// [`BrokerError`], with the path.
pub fn generate(site: &Site, plan: &BrokerPlan) -> Result<BrokerFiles, BrokerError> {
    generate_for(&site.bays.keys().copied().collect::<Vec<_>>(), plan)
}

/// As [`generate`], for these bays.
///
/// # Errors
/// [`BrokerError`], with the path.
pub fn generate_for(bays: &[BayId], plan: &BrokerPlan) -> Result<BrokerFiles, BrokerError> {
    let config = config(plan)?;
    let files = BrokerFiles { config: plan.dir.join("mosquitto.conf"), dir: plan.dir.clone() };
    for dir in [plan.dir.clone(), plan.dir.join("secrets"), plan.dir.join("data")] {
        fs::create_dir_all(&dir).map_err(|source| BrokerError::Write { path: dir, source })?;
    }
    let mut passwords = String::new();
    let users = [BOX_USER.to_owned(), OBSERVER_USER.to_owned()];
    for user in users.into_iter().chain(bays.iter().map(|bay| bay_user(*bay))) {
        let secret = secret_of(&files.secret_file(&user))?;
        let salt: [u8; 12] = random()?;
        let _ = writeln!(passwords, "{user}:{}", hash(&secret, &salt));
    }
    write_private(&plan.dir.join("passwords"), &passwords)?;
    write_private(&plan.dir.join("acl"), &acl(bays))?;
    write_private(&files.config, &config)?;
    Ok(files)
}

fn config(plan: &BrokerPlan) -> Result<String, BrokerError> {
    if !plan.plain.ip().is_loopback() {
        return Err(BrokerError::PlainNotLoopback(plan.plain));
    }
    let text = |path: &Path| {
        let text = path.to_str().filter(|text| !text.contains(['\n', '\r']));
        text.map(str::to_owned).ok_or_else(|| BrokerError::Path(path.to_owned()))
    };
    let dir = text(&plan.dir)?;
    let mut lines = vec![
        "# Made by clubos from the site; changes here are lost.".to_owned(),
        "per_listener_settings false".to_owned(),
        "allow_anonymous false".to_owned(),
        format!("password_file {dir}/passwords"),
        format!("acl_file {dir}/acl"),
        "persistence true".to_owned(),
        format!("persistence_location {dir}/data/"),
        "autosave_interval 60".to_owned(),
        format!("message_size_limit {MESSAGE_LIMIT}"),
        "max_queued_messages 200".to_owned(),
        "max_keepalive 120".to_owned(),
        "log_dest stderr".to_owned(),
        "log_type error".to_owned(),
        "log_type warning".to_owned(),
        "log_type notice".to_owned(),
    ];
    lines.extend(plan.run_as.as_ref().map(|user| format!("user {user}")));
    lines.push(listener(plan.plain));
    if let Some(tls) = &plan.tls {
        lines.push(listener(tls.listen));
        lines.push(format!("certfile {}", text(&tls.certificate)?));
        lines.push(format!("keyfile {}", text(&tls.key)?));
        lines.push("tls_version tlsv1.2".to_owned());
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

fn listener(at: SocketAddr) -> String {
    format!("\nlistener {} {}\nmax_connections 200", at.port(), at.ip())
}

fn acl(bays: &[BayId]) -> String {
    let mut acl =
        format!("user {BOX_USER}\ntopic readwrite clubos/#\n\nuser {OBSERVER_USER}\ntopic read clubos/#\n");
    for bay in bays {
        let at = format!("clubos/v1/bay/{}", bay.0);
        let _ = write!(
            acl,
            "\nuser {}\ntopic write {at}/status\ntopic write {at}/state\ntopic write {at}/result\ntopic read {at}/cmd\n",
            bay_user(*bay)
        );
    }
    acl
}

/// Mosquitto's `$7$` form: PBKDF2 with HMAC-SHA-512, 64 bytes.
fn hash(secret: &str, salt: &[u8]) -> String {
    let derived = pbkdf2_sha512(secret.as_bytes(), salt, ROUNDS);
    format!("$7${ROUNDS}${}${}", STANDARD.encode(salt), STANDARD.encode(derived))
}

/// One block of PBKDF2 (RFC 8018, 5.2), which for SHA-512 is 64 bytes.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn pbkdf2_sha512(secret: &[u8], salt: &[u8], rounds: u32) -> [u8; 64] {
    let keyed = <Hmac<Sha512> as Mac>::new_from_slice(secret);
    let keyed = keyed.expect("HMAC takes a key of any length");
    let mut round: [u8; 64] =
        keyed.clone().chain_update(salt).chain_update(1_u32.to_be_bytes()).finalize().into_bytes().into();
    let mut derived = round;
    for _ in 1..rounds {
        round = keyed.clone().chain_update(round).finalize().into_bytes().into();
        derived.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
    }
    derived
}

fn secret_of(path: &Path) -> Result<String, BrokerError> {
    if !path.exists() {
        let bytes: [u8; 24] = random()?;
        write_private(path, &format!("{}\n", URL_SAFE_NO_PAD.encode(bytes)))?;
    }
    Ok(secret::read(path)?)
}

fn random<const N: usize>() -> Result<[u8; N], BrokerError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(BrokerError::Random)?;
    Ok(bytes)
}

/// Writes a file only its owner can read, also if an older one was there.
fn write_private(path: &Path, text: &str) -> Result<(), BrokerError> {
    let failed = |source| BrokerError::Write { path: path.to_owned(), source };
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = open.map_err(failed)?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published test vector for PBKDF2-HMAC-SHA-512 ("password", "salt", one round), first bytes.
    #[test]
    fn pbkdf2_matches_a_published_vector() {
        assert_eq!(
            pbkdf2_sha512(b"password", b"salt", 1)[..8],
            [0x86, 0x7f, 0x70, 0xcf, 0x1a, 0xde, 0x02, 0xcf]
        );
        assert_eq!(
            pbkdf2_sha512(b"password", b"salt", 2)[..8],
            [0xe1, 0xd9, 0xc1, 0x6a, 0xa6, 0x81, 0x70, 0x8a]
        );
    }

    #[test]
    fn without_tls_only_loopback_is_listened_on() {
        let plan = BrokerPlan {
            dir: PathBuf::from("state"),
            plain: "0.0.0.0:1883".parse().expect("address"),
            tls: None,
            run_as: None,
        };
        assert!(matches!(generate_for(&[BayId(1)], &plan), Err(BrokerError::PlainNotLoopback(_))));
    }

    #[test]
    fn a_bay_reads_its_commands_and_writes_its_own_reports_only() {
        let acl = acl(&[BayId(1), BayId(2)]);
        let bay_1 = acl.split("user ").find(|part| part.starts_with("bay-1\n")).expect("its part");
        assert!(bay_1.contains("topic read clubos/v1/bay/1/cmd") && !bay_1.contains("/bay/2/"));
        assert!(!bay_1.contains("write clubos/v1/bay/1/cmd") && !bay_1.contains('#') && !bay_1.contains('+'));
    }
}
