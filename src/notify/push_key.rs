//! The box's own key for Web Push (RFC 8292, VAPID): made on the box, kept in its state directory, 0600.
//!
//! Browsers that were registered with it answer to no other key, so that it is never made anew while it
//! can be read.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::json;

use crate::clock::UnixMs;
use crate::site::secret::{self, SecretError};

/// How long a signature holds; at most 24 h (RFC 8292, 2). Half of that, so that a clock may be hours wrong.
const HOLDS: Duration = Duration::from_secs(12 * 3600);
const FILE: &str = "push-key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{0}")]
    Secret(#[from] SecretError),
    #[error("{} holds no key for Web Push; move it away and start again, then register the browsers anew", .0.display())]
    Wrong(PathBuf),
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

/// The key.
pub struct PushKey {
    signing: SigningKey,
    public: String,
}

impl PushKey {
    /// Reads the key in `state_dir`; makes one at the first start.
    ///
    /// # Errors
    /// [`KeyError`]; a file that cannot be read is never overwritten.
    pub fn load_or_make(state_dir: &Path) -> Result<PushKey, KeyError> {
        let path = state_dir.join(FILE);
        if !path.exists() {
            make(&path)?;
        }
        let text = secret::read(&path)?;
        let wrong = || KeyError::Wrong(path.clone());
        let bytes = BASE64.decode(text).map_err(|_| wrong())?;
        let signing = SigningKey::from_slice(&bytes).map_err(|_| wrong())?;
        let public = BASE64.encode(signing.verifying_key().to_encoded_point(false).as_bytes());
        Ok(PushKey { signing, public })
    }

    /// The public key as browsers want it (`applicationServerKey`): 65 bytes, base64url without padding.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header for a push service (RFC 8292, 3.1). `origin`: `https://push.example`.
    pub fn authorization(&self, origin: &str, contact: &str, now: UnixMs) -> String {
        let until = (now + HOLDS).0 / 1000;
        let head = BASE64.encode(json!({"typ": "JWT", "alg": "ES256"}).to_string());
        let claims = BASE64.encode(json!({"aud": origin, "exp": until, "sub": contact}).to_string());
        let signed = format!("{head}.{claims}");
        let signature: Signature = self.signing.sign(signed.as_bytes());
        format!("vapid t={signed}.{}, k={}", BASE64.encode(signature.to_bytes()), self.public)
    }
}

fn make(path: &Path) -> Result<(), KeyError> {
    let mut bytes = [0_u8; 32];
    loop {
        getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
        if SigningKey::from_slice(&bytes).is_ok() {
            break; // anything but zero and a few numbers near 2^256 is a key
        }
    }
    let write = |source| KeyError::Write { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(write)?;
    file.write_all(BASE64.encode(bytes).as_bytes()).and_then(|()| file.sync_all()).map_err(write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Verifier;
    use std::os::unix::fs::PermissionsExt;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("clubos-push-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn the_key_is_made_once_and_for_us_alone() {
        let dir = dir("once");
        let first = PushKey::load_or_make(&dir).unwrap();
        let mode = std::fs::metadata(dir.join(FILE)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(PushKey::load_or_make(&dir).unwrap().public(), first.public());
        assert_eq!(BASE64.decode(first.public()).unwrap().len(), 65);
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn a_key_that_cannot_be_read_is_not_replaced() {
        let dir = dir("wrong");
        let path = dir.join(FILE);
        std::fs::write(&path, "garbage").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(PushKey::load_or_make(&dir), Err(KeyError::Wrong(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "garbage");
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn the_signature_names_the_service_and_ends_within_a_day() {
        let dir = dir("jwt");
        let key = PushKey::load_or_make(&dir).unwrap();
        let now = UnixMs(1_795_223_040_000);
        let header = key.authorization("https://push.example", "mailto:staff@club.example", now);
        let token = header.strip_prefix("vapid t=").unwrap().split(", k=").next().unwrap().to_owned();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&BASE64.decode(signature).unwrap()).unwrap();
        key.signing.verifying_key().verify(signed.as_bytes(), &signature).unwrap();
        let claims = BASE64.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example");
        let left = claims["exp"].as_i64().unwrap() - now.0 / 1000;
        assert!(left > 3600 && left <= 24 * 3600, "{left}");
        let _ = std::fs::remove_dir_all(dir);
    }
}
