//! Secrets: tokens for cookies, codes for screens. From the system's random source; never logged.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// Digits and letters that cannot be taken for one another on a screen (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 9 of 32 letters: 45 bits.
pub const CODE_LENGTH: usize = 9;

/// The system gives no random numbers; nothing secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandom(getrandom::Error);

/// 32 random bytes in hex.
pub fn token() -> Result<String, NoRandom> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(hex(&bytes))
}

/// A code as a person reads it off a screen, without its dashes.
pub fn code() -> Result<String, NoRandom> {
    let mut bytes = [0u8; CODE_LENGTH];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect()) // 256 is a multiple of 32: no bias
}

/// The code in groups of three: `7KM-2QX-90T`.
pub fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(3).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What somebody typed as a code, or `None` if it cannot be one.
pub fn typed_code(text: &str) -> Option<String> {
    let mut code = String::with_capacity(CODE_LENGTH);
    for c in text.chars().filter(|c| !(c.is_whitespace() || *c == '-')) {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        if !c.is_ascii() || !ALPHABET.contains(&(c as u8)) || code.len() == CODE_LENGTH {
            return None;
        }
        code.push(c);
    }
    (code.len() == CODE_LENGTH).then_some(code)
}

/// What is stored of a token.
pub fn sha256(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Compares in a time that depends on neither.
pub fn same(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()).ct_eq(&Sha256::digest(b.as_bytes())).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}"); // writing to a String cannot fail
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = code().unwrap();
        assert_eq!(typed_code(&grouped(&code).to_lowercase()).as_deref(), Some(code.as_str()));
        assert_eq!(typed_code("o1l abc def").as_deref(), Some("011ABCDEF"));
        assert_eq!(typed_code("bay-2"), None);
        assert_eq!(typed_code("0123456789"), None, "too long is not cut");
    }

    #[test]
    fn codes_and_tokens_do_not_repeat() {
        let made: std::collections::BTreeSet<String> = (0..200).map(|_| code().unwrap()).collect();
        assert_eq!(made.len(), 200);
        assert_ne!(token().unwrap(), token().unwrap());
    }

    #[test]
    fn same_is_same() {
        assert!(same("4711", "4711"));
        assert!(!same("4711", "47110"));
    }
}
