//! How providers sign their webhooks: Standard Webhooks (Quo since 2026-03-30), Quo's legacy header, Twilio.
//!
//! Owns the HMACs and the freshness. Works on the raw bytes as they came, compares in constant time, and
//! never says which part was wrong. Whether a webhook was seen before is for its reader to know.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use subtle::{Choice, ConstantTimeEq};

use super::NotBelieved;
use crate::clock::UnixMs;

/// How old, or how far ahead, a signed time may be (Standard Webhooks, "Verifying signatures").
pub const FRESH: Duration = Duration::from_secs(5 * 60);

/// The key of a webhook's signature. Not printable: it is a secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// The text is no signing secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is base64, with or without whsec_ before it")]
pub struct NotASecret;

impl Secret {
    /// Reads `whsec_<base64>` or `<base64>`, as the provider shows it.
    ///
    /// # Errors
    /// Empty, or no base64.
    pub fn from_base64(text: &str) -> Result<Secret, NotASecret> {
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        match STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Secret(key)),
            _ => Err(NotASecret),
        }
    }

    /// A key that is signed with as it is written (Twilio's auth token).
    pub fn from_text(text: &str) -> Secret {
        Secret(text.as_bytes().to_vec())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`; `signatures` are `v1,<base64>` by spaces.
///
/// # Errors
/// Not fresh at `now`, or signed by none of `secrets`.
pub fn standard(
    secrets: &[Secret],
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: UnixMs,
) -> Result<(), NotBelieved> {
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let given = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    one_of(secrets, &signed, given)?;
    let seconds: i64 = digits(timestamp)?;
    fresh(UnixMs(seconds.saturating_mul(1000)), now)
}

/// Quo's legacy header `hmac;1;<ms>;<base64>`, several by commas: HMAC-SHA256 over `<ms>.body`.
///
/// # Errors
/// Not fresh at `now`, or signed by none of `secrets`.
pub fn legacy(secrets: &[Secret], header: &str, body: &[u8], now: UnixMs) -> Result<(), NotBelieved> {
    let mut outcome = Err(NotBelieved::Forged);
    for one in header.split(',') {
        let parts: Vec<&str> = one.trim().split(';').collect();
        let ["hmac", "1", timestamp, signature] = parts[..] else { continue };
        let signed = [timestamp.as_bytes(), b".", body];
        if one_of(secrets, &signed, [signature].into_iter()).is_err() {
            continue;
        }
        outcome = digits(timestamp).and_then(|ms| fresh(UnixMs(ms), now));
        if outcome.is_ok() {
            return outcome;
        }
    }
    outcome
}

/// Twilio: HMAC-SHA1 over the URL and the sorted form pairs, names and values run together. The URL is
/// tried with and without the port of its scheme, as Twilio's own checkers do. Carries no time.
///
/// # Errors
/// The signature is wrong.
pub fn twilio(
    token: &Secret,
    url: &str,
    form: &[(String, String)],
    signature: &str,
) -> Result<(), NotBelieved> {
    let given = STANDARD.decode(signature).map_err(|_| NotBelieved::Forged)?;
    let mut pairs: Vec<&(String, String)> = form.iter().collect();
    pairs.sort();
    pairs.dedup();
    let mut right = Choice::from(0);
    for url in spellings(url) {
        let mac = new::<Hmac<sha1::Sha1>>(token);
        let mac = mac.chain_update(url.as_bytes());
        let mac = pairs.iter().fold(mac, |mac, (name, value)| mac.chain_update(name).chain_update(value));
        right |= mac.finalize().into_bytes().as_slice().ct_eq(&given);
    }
    if right.into() { Ok(()) } else { Err(NotBelieved::Forged) }
}

fn one_of<'a>(
    secrets: &[Secret],
    signed: &[&[u8]],
    signatures: impl Iterator<Item = &'a str>,
) -> Result<(), NotBelieved> {
    let given: Vec<Vec<u8>> = signatures.filter_map(|text| STANDARD.decode(text).ok()).collect();
    let mut right = Choice::from(0);
    for secret in secrets {
        let mac = sha256(secret, signed);
        for signature in &given {
            right |= mac.as_slice().ct_eq(signature);
        }
    }
    if right.into() { Ok(()) } else { Err(NotBelieved::Forged) }
}

fn sha256(secret: &Secret, signed: &[&[u8]]) -> Vec<u8> {
    let mac = new::<Hmac<sha2::Sha256>>(secret);
    signed.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().to_vec()
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn new<M: Mac + hmac::digest::KeyInit>(secret: &Secret) -> M {
    <M as Mac>::new_from_slice(&secret.0).expect("a key of any length")
}

/// The URL as it came, and with its scheme's port written or left out.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return all,
    };
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match host.strip_suffix(port) {
        Some(bare) => all.push(format!("{scheme}://{bare}{path}")),
        None if !host.contains(':') => all.push(format!("{scheme}://{host}{port}{path}")),
        None => {}
    }
    all
}

/// Digits only: a sign or a space would be another spelling of the same number.
fn digits(text: &str) -> Result<i64, NotBelieved> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| all).ok_or(NotBelieved::Stale)
}

fn fresh(signed: UnixMs, now: UnixMs) -> Result<(), NotBelieved> {
    let apart = signed.since(now).max(now.since(signed));
    if apart <= FRESH { Ok(()) } else { Err(NotBelieved::Stale) }
}
