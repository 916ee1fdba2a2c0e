//! How the simulated providers sign their webhooks. Written by itself, apart from what the box checks them
//! with: a mistake in one is seen by the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Standard Webhooks: `v1,<base64>` over `id.timestamp.body`; `timestamp` in seconds.
pub fn standard(key: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    format!("v1,{}", sha256(key, &signed))
}

/// Quo's legacy header: `hmac;1;<ms>;<base64>` over `<ms>.body`.
pub fn legacy(key: &str, ms: i64, body: &[u8]) -> String {
    let mut signed = format!("{ms}.").into_bytes();
    signed.extend_from_slice(body);
    format!("hmac;1;{ms};{}", sha256(key, &signed))
}

/// Twilio: HMAC-SHA1 over the URL and the form's pairs, sorted, run together.
pub fn twilio(token: &str, url: &str, form: &[(String, String)]) -> String {
    let mut pairs = form.to_vec();
    pairs.sort();
    let signed = pairs.iter().fold(url.to_owned(), |signed, (name, value)| signed + name + value);
    let Ok(mac) = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()) else { return String::new() };
    base64(&mac.chain_update(signed).finalize().into_bytes())
}

fn sha256(key: &str, signed: &[u8]) -> String {
    // A key of any length will do (RFC 2104).
    let Ok(mac) = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    base64(&mac.chain_update(signed).finalize().into_bytes())
}
