//! TLS to a device that is known by exactly one certificate (controllers on a LAN sign their own).
//!
//! Owns the pin: the SHA-256 of the certificate's DER form, stored at pairing. Any other certificate is
//! refused, however trusted; names and dates do not count. Never switches verification off.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

/// Why there is no pinned connection.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    #[error("the certificate's fingerprint is to be the SHA-256 as 64 hexadecimal digits, not `{0}`")]
    Fingerprint(String),
    #[error("TLS: {0}")]
    Tls(#[from] Error),
}

/// A client configuration that accepts only the certificate with this SHA-256: 64 hexadecimal digits, as
/// `openssl x509 -fingerprint -sha256` prints them, with or without colons.
///
/// # Errors
/// The text is no fingerprint.
pub fn client_config(fingerprint: &str) -> Result<ClientConfig, PinError> {
    let pinned = parse(fingerprint)?;
    let by = move |certificate: &[u8]| {
        let shown: [u8; 32] = Sha256::digest(certificate).into();
        if shown == pinned {
            return Ok(());
        }
        Err(format!(
            "the device shows another certificate than the one it was paired with: SHA-256 {} instead of {}",
            hex(&shown),
            hex(&pinned)
        ))
    };
    Ok(client_config_by(by)?)
}

/// A client configuration that goes by this judgement of a certificate (DER) alone: `Err` says why the connection ends.
///
/// # Errors
/// TLS itself cannot be set up.
pub(super) fn client_config_by(
    judge: impl Fn(&[u8]) -> Result<(), String> + Send + Sync + 'static,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Judged { judge, provider: provider.clone() };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// A client configuration that accepts no certificate at all: for plain HTTP, where there is none.
///
/// # Errors
/// TLS itself cannot be set up.
pub fn no_certificate() -> Result<ClientConfig, PinError> {
    let provider = Arc::new(ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// The fingerprint of a certificate (DER) in lower-case hexadecimal.
pub fn fingerprint(certificate: &[u8]) -> String {
    hex(&Sha256::digest(certificate).into())
}

fn parse(text: &str) -> Result<[u8; 32], PinError> {
    let wrong = || PinError::Fingerprint(text.to_owned());
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
    if digits.len() != 64 {
        return Err(wrong());
    }
    let mut fingerprint = [0; 32];
    for (byte, pair) in fingerprint.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16).ok_or_else(wrong);
        // Two hexadecimal digits are below 256.
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Ok(fingerprint)
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Judged<J> {
    judge: J,
    provider: Arc<CryptoProvider>,
}

impl<J> std::fmt::Debug for Judged<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Judged")
    }
}

impl<J: Fn(&[u8]) -> Result<(), String> + Send + Sync> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        (self.judge)(end_entity).map(|()| ServerCertVerified::assertion()).map_err(Error::General)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_in_the_forms_people_paste() {
        let plain = fingerprint(b"certificate");
        let colons: Vec<String> =
            plain.to_uppercase().as_bytes().chunks(2).map(|p| String::from_utf8_lossy(p).into()).collect();
        assert_eq!(parse(&plain).expect("plain"), parse(&colons.join(":")).expect("with colons"));
        for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
