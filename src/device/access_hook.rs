//! UniFi Access' webhooks, where the site names their secret: the quickest news of a door, never the only one.
//!
//! Owns whether one is believed: signed with the secret over the raw bytes, not older than five minutes, not seen
//! before. Looking at the doors goes on beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::access::Doors;
use super::access_wire::{self, Notice};
use crate::clock::UnixMs;
use crate::site::secret;

/// How old, or how far ahead, a signed time may be. The maker's own sample checks none.
pub const FRESH: Duration = Duration::from_secs(5 * 60);
/// Signatures that are remembered at most; within [`FRESH`] a club's doors make far fewer.
const MOST: usize = 10_000;

/// Why a webhook is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("the webhook is not signed with this box's secret")]
    Forged,
    #[error("the webhook's time is too far from this box's")]
    Stale,
    #[error("this webhook came before")]
    Replayed,
    #[error("the webhook cannot be read: {0}")]
    Unreadable(String),
}

/// Takes the controller's webhooks. Cheap to clone.
#[derive(Clone)]
pub struct AccessHooks {
    doors: Arc<Doors>,
    gate: Arc<Gate>,
}

impl AccessHooks {
    pub(super) fn new(doors: Arc<Doors>, secret: String) -> AccessHooks {
        AccessHooks { doors, gate: Arc::new(Gate::new(secret)) }
    }

    /// Believes a webhook or not. What it tells is passed on afterwards: the controller waits five seconds only.
    ///
    /// # Errors
    /// [`NotTaken`]. Events that are not known are taken and mean nothing.
    pub fn take(&self, signature: &str, body: &[u8], now: UnixMs) -> Result<(), NotTaken> {
        let signed_at = self.gate.check(signature, body, now)?;
        let notices =
            access_wire::webhook(body, signed_at).map_err(|e| NotTaken::Unreadable(e.to_string()))?;
        let doors = self.doors.clone();
        tokio::spawn(async move { doors.noticed(notices).await });
        Ok(())
    }
}

impl Doors {
    /// Passes on what a webhook or notification told of the doors the site names.
    pub(super) async fn noticed(&self, notices: Vec<Notice>) {
        for notice in notices {
            match notice {
                Notice::Log(entry) => self.saw_entry(&entry).await,
                Notice::Door { door_id, seen } => {
                    let target = self.ids.iter().find(|(_, id)| **id == door_id).map(|(target, _)| target);
                    // Doors that the site does not name are none of ours.
                    let Some(target) = target else { continue };
                    for observation in seen {
                        self.is_news(target, &observation, true);
                        self.emit(target, observation).await;
                    }
                }
            }
        }
    }
}

/// The secret, and what was let in lately.
struct Gate {
    secret: String,
    seen: Mutex<BTreeMap<Vec<u8>, UnixMs>>,
}

impl Gate {
    fn new(secret: String) -> Gate {
        Gate { secret, seen: Mutex::default() }
    }

    /// `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`. Returns the time that was signed.
    fn check(&self, signature: &str, body: &[u8], now: UnixMs) -> Result<UnixMs, NotTaken> {
        let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
        let (_, written) = parts().find(|(key, _)| *key == "t").ok_or(NotTaken::Forged)?;
        let seconds: u32 = written.parse().map_err(|_| NotTaken::Forged)?;
        let mut right = None;
        for (_, given) in parts().filter(|(key, _)| *key == "v1") {
            let Some(given) = unhex(given) else { continue };
            let mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).map_err(|_| NotTaken::Forged)?;
            let mac = mac.chain_update(written).chain_update(b".").chain_update(body);
            if mac.verify_slice(&given).is_ok() {
                right = Some(given);
            }
        }
        let right = right.ok_or(NotTaken::Forged)?;
        let at = UnixMs(i64::from(seconds) * 1000);
        if now.since(at) > FRESH || at.since(now) > FRESH {
            return Err(NotTaken::Stale);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // A signature is fresh for at most twice that long: signed ahead of time, seen until after it.
        seen.retain(|_, at| now.since(*at) <= FRESH * 2);
        if seen.len() >= MOST || seen.insert(right, now).is_some() {
            return Err(NotTaken::Replayed);
        }
        Ok(at)
    }
}

/// The secret of the webhooks, if the site names one.
///
/// # Errors
/// The file cannot be used.
pub(super) fn secret_of(file: Option<&std::path::Path>) -> Result<Option<String>, secret::SecretError> {
    file.map(secret::read).transpose()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|n| u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac` and `hashlib`, apart from this code.
    const SECRET: &str = "8c6b7f0a5d2e4b1f";
    const BODY: &[u8] = br#"{"event":"access.device.dps_status"}"#;
    const SIGNATURE: &str =
        "t=1795223040,v1=613176b8883daa90ca7b3f25677d828d85f6c15caec9a9910432869f037bfb53";
    const AT: UnixMs = UnixMs(1_795_223_040_000);

    fn gate() -> Gate {
        Gate::new(SECRET.to_owned())
    }

    fn later(seconds: u64) -> UnixMs {
        AT + Duration::from_secs(seconds)
    }

    #[test]
    fn a_signature_made_elsewhere_is_believed_within_five_minutes() {
        assert_eq!(gate().check(SIGNATURE, BODY, AT), Ok(AT));
        assert_eq!(gate().check(SIGNATURE, BODY, later(300)), Ok(AT));
        assert_eq!(gate().check(SIGNATURE, BODY, AT - Duration::from_secs(300)), Ok(AT));
        assert_eq!(gate().check(SIGNATURE, BODY, later(301)), Err(NotTaken::Stale));
        assert_eq!(gate().check(SIGNATURE, BODY, AT - Duration::from_secs(301)), Err(NotTaken::Stale));
    }

    #[test]
    fn the_same_signature_is_taken_once() {
        let gate = gate();
        assert_eq!(gate.check(SIGNATURE, BODY, AT), Ok(AT));
        assert_eq!(gate.check(SIGNATURE, BODY, later(1)), Err(NotTaken::Replayed));
        let loud = SIGNATURE.to_uppercase().replace("T=", "t=").replace("V1=", "v1=");
        assert_eq!(gate.check(&loud, BODY, later(2)), Err(NotTaken::Replayed), "in other letters");
        let with_more = format!("{SIGNATURE},v1={}", "0".repeat(64));
        assert_eq!(gate.check(&with_more, BODY, later(3)), Err(NotTaken::Replayed), "with another beside it");
    }

    #[test]
    fn what_is_changed_cut_or_unsigned_is_forged() {
        let other_time = SIGNATURE.replace("t=1795223040", "t=1795223041");
        for forged in [
            "",
            "t=1795223040",
            "v1=00",
            &SIGNATURE[..SIGNATURE.len() - 2],
            &other_time,
            &SIGNATURE.replace("t=1795223040", "t=x"),
            &SIGNATURE.replace("v1=", "v0="),
            &format!("t=1795223040,v1={}", "0".repeat(64)),
            &format!("t=1795223040,v1={}", "é".repeat(32)),
        ] {
            assert_eq!(gate().check(forged, BODY, AT), Err(NotTaken::Forged), "{forged}");
        }
        assert_eq!(gate().check(SIGNATURE, b"{}", AT), Err(NotTaken::Forged));
        let other = Gate::new("another".to_owned());
        assert_eq!(other.check(SIGNATURE, BODY, AT), Err(NotTaken::Forged));
    }
}
