//! Passwords: argon2id. Slow on purpose, so never on the async threads.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// A password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is shorter than {SHORTEST} characters")]
    TooShort,
    #[error("the password cannot be hashed: {0}")]
    Hash(argon2::password_hash::Error),
}

/// Fewest characters of a password.
pub const SHORTEST: usize = 8;

/// The password as a PHC string (argon2id, random salt), as it stands in the `operator` table.
///
/// # Errors
/// For a password that is too short, or without random numbers.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordError::TooShort);
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed. A missing hash takes as long as a wrong password.
pub fn is_password(password: &str, hash: Option<&str>) -> bool {
    let Some(parsed) = hash.and_then(|h| PasswordHash::new(h).ok()) else {
        let _ = Argon2::default().hash_password(password.as_bytes()); // the time is what is wanted
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_by_its_hash() {
        let hash = hash_password("a long secret").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(is_password("a long secret", Some(&hash)));
        assert!(!is_password("a long Secret", Some(&hash)));
        assert!(!is_password("a long secret", None));
        assert!(matches!(hash_password("short"), Err(PasswordError::TooShort)));
    }
}
