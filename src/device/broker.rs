//! Configuration of the Mosquitto broker on the device network, made from the site.
//!
//! Owns three files in one directory: `mosquitto.conf`, `acl` and `passwords` (hashes only), and the
//! secrets of the users in `secrets/` (0600, made once, kept). For a broker that the system runs ([`Hosted`])
//! the configuration is a part of its own. Made again, what is right stays as it is. Starts no broker.
//!
//! Every bay's agent is its own user (`bay-1`) and reaches only its own topics. A session is taken over by
//! whoever names its client id, so ours are random and [`client_id`] makes them. `clubos` is the box;
//! `observer` may listen to everything and write nothing, for people who look for faults; `home-assistant` hears
//! what the club shows there and writes its wishes, nothing else. Every other device behind the broker is a user of its
//! own too ([`Account`]), and the box may write what it reads and read what it writes.

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

use super::mqtt::{self, Account};
use crate::site::{BayId, Site, secret};

/// The box's own user.
pub const BOX_USER: &str = "clubos";
/// Reads all, writes nothing.
pub const OBSERVER_USER: &str = "observer";
/// Home Assistant, where the club has one.
pub const HOME_ASSISTANT_USER: &str = "home-assistant";
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
    /// Without TLS for devices that cannot do it, where the site says so; an address of the device network.
    pub plain_devices: Option<SocketAddr>,
    /// The system user the broker changes to when started as root.
    pub run_as: Option<String>,
    /// The system's own broker is used; `None` for one of ours.
    pub hosted: Option<Hosted>,
}

/// What differs where the system runs the broker (Debian's `mosquitto.service`): where it keeps its data and
/// its log is said elsewhere, and it reads the files as a user of its own.
#[derive(Debug, Clone)]
pub struct Hosted {
    /// The part of its configuration that is ours: `/etc/mosquitto/conf.d/clubos.conf`.
    pub config: PathBuf,
    /// Where the box's own secret stands: `/etc/credstore/clubos.broker-password`.
    pub box_secret: PathBuf,
    /// Its group, which may read hashes, rules and key.
    pub group: Option<u32>,
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
    /// Something is not as it was: the broker has to look again.
    pub changed: bool,
    dir: PathBuf,
    box_secret: Option<PathBuf>,
}

impl BrokerFiles {
    /// The file with a user's secret.
    pub fn secret_file(&self, user: &str) -> PathBuf {
        match &self.box_secret {
            Some(file) if user == BOX_USER => file.clone(),
            _ => self.dir.join("secrets").join(user),
        }
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
    #[error("cannot make the broker's certificate: {0}")]
    Certificate(String),
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
    generate_for(&site.bays.keys().copied().collect::<Vec<_>>(), &mqtt::accounts(site), plan)
}

/// As [`generate`], for these bays and devices.
///
/// # Errors
/// [`BrokerError`], with the path.
pub fn generate_for(
    bays: &[BayId],
    accounts: &[Account],
    plan: &BrokerPlan,
) -> Result<BrokerFiles, BrokerError> {
    let config = config(plan)?;
    let hosted = plan.hosted.as_ref();
    let mut files = BrokerFiles {
        config: hosted.map_or_else(|| plan.dir.join("mosquitto.conf"), |h| h.config.clone()),
        changed: false,
        dir: plan.dir.clone(),
        box_secret: hosted.map(|h| h.box_secret.clone()),
    };
    let group = hosted.and_then(|h| h.group);
    make_dirs(plan, group)?;
    let hashes = plan.dir.join("passwords");
    let before = fs::read_to_string(&hashes).unwrap_or_default(); // none yet
    let mut passwords = String::new();
    let users = [BOX_USER, OBSERVER_USER, HOME_ASSISTANT_USER].map(str::to_owned);
    let bay_users = bays.iter().map(|bay| bay_user(*bay));
    let devices = accounts.iter().map(|account| account.user.clone());
    for user in users.into_iter().chain(bay_users).chain(devices) {
        let secret = secret_of(&files.secret_file(&user))?;
        let line = match before.lines().find(|line| is_hash_of(line, &user, &secret)) {
            Some(line) => line.to_owned(),
            None => format!("{user}:{}", hash(&secret, &random::<12>()?)),
        };
        let _ = writeln!(passwords, "{line}");
    }
    let acl = acl(bays, accounts);
    for (path, text) in [(&hashes, &passwords), (&plan.dir.join("acl"), &acl), (&files.config, &config)] {
        files.changed |= keep(path, text, group)?;
    }
    Ok(files)
}

/// Whether a line of the file of hashes is what this secret would give.
fn is_hash_of(line: &str, user: &str, secret: &str) -> bool {
    let stored = line.strip_prefix(user).and_then(|rest| rest.strip_prefix(":$7$"));
    let Some([rounds, salt, derived]) =
        stored.and_then(|s| s.split('$').collect::<Vec<_>>().try_into().ok()).map(|parts: [&str; 3]| parts)
    else {
        return false;
    };
    let right = |salt: Vec<u8>| STANDARD.encode(pbkdf2_sha512(secret.as_bytes(), &salt, ROUNDS)) == derived;
    rounds.parse() == Ok(ROUNDS) && STANDARD.decode(salt).is_ok_and(right)
}

fn make_dirs(plan: &BrokerPlan, group: Option<u32>) -> Result<(), BrokerError> {
    let made = |dir: &Path, mode: u32, group: Option<u32>| {
        let set = || -> io::Result<()> {
            fs::create_dir_all(dir)?;
            fs::set_permissions(dir, fs::Permissions::from_mode(mode))?;
            group.map_or(Ok(()), |gid| std::os::unix::fs::chown(dir, None, Some(gid)))
        };
        set().map_err(|source| BrokerError::Write { path: dir.to_owned(), source })
    };
    made(&plan.dir, if group.is_some() { 0o750 } else { 0o700 }, group)?;
    made(&plan.dir.join("secrets"), 0o700, None)?;
    match &plan.hosted {
        None => made(&plan.dir.join("data"), 0o700, None),
        Some(hosted) => {
            let beside = hosted.box_secret.parent().filter(|dir| !dir.exists());
            beside.map_or(Ok(()), |dir| made(dir, 0o700, None))
        }
    }
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
        format!("message_size_limit {MESSAGE_LIMIT}"),
        "max_queued_messages 200".to_owned(),
        "max_keepalive 120".to_owned(),
    ];
    if plan.hosted.is_none() {
        lines.extend([
            "persistence true".to_owned(),
            format!("persistence_location {dir}/data/"),
            "autosave_interval 60".to_owned(),
            "log_dest stderr".to_owned(),
            "log_type error".to_owned(),
            "log_type warning".to_owned(),
            "log_type notice".to_owned(),
        ]);
    }
    lines.extend(plan.run_as.as_ref().map(|user| format!("user {user}")));
    lines.push(listener(plan.plain));
    lines.extend(plan.plain_devices.filter(|at| *at != plan.plain).map(listener));
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

fn acl(bays: &[BayId], accounts: &[Account]) -> String {
    let mut acl = format!(
        "user {BOX_USER}\ntopic readwrite clubos/#\ntopic readwrite homeassistant/#\n\
         topic read tasmota/discovery/#\n"
    );
    for account in accounts {
        account.reads.iter().for_each(|topic| allow(&mut acl, "write", topic));
        account.writes.iter().for_each(|topic| allow(&mut acl, "read", topic));
    }
    let _ = write!(acl, "\nuser {OBSERVER_USER}\ntopic read clubos/#\ntopic read homeassistant/#\n");
    for account in accounts {
        account.reads.iter().chain(&account.writes).for_each(|topic| allow(&mut acl, "read", topic));
    }
    let _ = write!(
        acl,
        "\nuser {HOME_ASSISTANT_USER}\ntopic read homeassistant/#\ntopic write homeassistant/status\n\
         topic read clubos/v1/ha/#\ntopic write clubos/v1/ha/do/#\n"
    );
    for bay in bays {
        let at = format!("clubos/v1/bay/{}", bay.0);
        let _ = write!(acl, "\nuser {}\n", bay_user(*bay));
        for leaf in ["status", "state", "result"] {
            allow(&mut acl, "write", &format!("{at}/{leaf}"));
        }
        allow(&mut acl, "read", &format!("{at}/cmd"));
    }
    for account in accounts {
        let _ = write!(acl, "\nuser {}\n", account.user);
        account.writes.iter().for_each(|topic| allow(&mut acl, "write", topic));
        account.reads.iter().for_each(|topic| allow(&mut acl, "read", topic));
    }
    acl
}

/// A line of rules. The site's loader lets no line break into a topic.
fn allow(acl: &mut String, what: &str, topic: &str) {
    let _ = writeln!(acl, "topic {what} {topic}");
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
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), BrokerError> {
    let failed = |source| BrokerError::Write { path: path.to_owned(), source };
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = open.map_err(failed)?;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Sees to it that the file holds this text, for its owner and the broker's group. Says whether it was changed.
fn keep(path: &Path, text: &str, group: Option<u32>) -> Result<bool, BrokerError> {
    let changed = fs::read_to_string(path).ok().as_deref() != Some(text);
    if changed {
        write_private(path, text)?;
    }
    share(path, group)?;
    Ok(changed)
}

/// Lets the broker's group read a file.
pub(super) fn share(path: &Path, group: Option<u32>) -> Result<(), BrokerError> {
    let Some(gid) = group else { return Ok(()) };
    let shared = std::os::unix::fs::chown(path, None, Some(gid))
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o640)));
    shared.map_err(|source| BrokerError::Write { path: path.to_owned(), source })
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
            plain_devices: None,
            run_as: None,
            hosted: None,
        };
        assert!(matches!(generate_for(&[BayId(1)], &[], &plan), Err(BrokerError::PlainNotLoopback(_))));
    }

    #[test]
    fn a_hash_is_kept_as_long_as_it_is_of_this_user_and_secret() {
        let line = format!("bay-1:{}", hash("secret", &[7; 12]));
        assert!(is_hash_of(&line, "bay-1", "secret"));
        for (user, secret) in [("bay-1", "other"), ("bay-2", "secret"), ("bay-", "secret")] {
            assert!(!is_hash_of(&line, user, secret), "{user} {secret}");
        }
        assert!(!is_hash_of("bay-1:$7$1000$broken", "bay-1", "secret"));
    }

    #[test]
    fn a_bay_reads_its_commands_and_writes_its_own_reports_only() {
        let acl = acl(&[BayId(1), BayId(2)], &[]);
        let bay_1 = acl.split("user ").find(|part| part.starts_with("bay-1\n")).expect("its part");
        assert!(bay_1.contains("topic read clubos/v1/bay/1/cmd") && !bay_1.contains("/bay/2/"));
        assert!(!bay_1.contains("write clubos/v1/bay/1/cmd") && !bay_1.contains('#') && !bay_1.contains('+'));
    }

    #[test]
    fn a_device_has_its_own_topics_and_the_box_the_other_end_of_them() {
        let account = |user: &str, topic: &str| Account {
            user: user.to_owned(),
            writes: vec![format!("stat/{topic}/#")],
            reads: vec![format!("cmnd/{topic}/#")],
        };
        let acl = acl(&[BayId(1)], &[account("plug-a", "a"), account("plug-b", "hall b")]);
        let of = |user: &str| {
            acl.split("user ").find(|part| part.starts_with(&format!("{user}\n"))).expect("its part")
        };
        assert_eq!(of("plug-a").trim(), "plug-a\ntopic write stat/a/#\ntopic read cmnd/a/#");
        assert!(of("plug-b").contains("topic write stat/hall b/#"));
        assert!(
            of("clubos").contains("topic write cmnd/a/#")
                && of("clubos").contains("topic read stat/hall b/#")
        );
        assert!(!of("bay-1").contains("stat/") && !of("home-assistant").contains("stat/"));
        assert!(of("observer").contains("topic read cmnd/a/#") && !of("observer").contains("write"));
    }
}
