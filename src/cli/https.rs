//! HTTPS beside HTTP, where a certificate is there: by option, or as a credential that systemd hands over.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::web::{Certificate, CertificateError};

/// Names of the credentials (`LoadCredential=` in the unit).
const CHAIN: &str = "tls-cert";
const KEY: &str = "tls-key";

#[derive(Args)]
pub struct HttpsArgs {
    /// Serve the pages over HTTPS too: a PEM chain [default: the credential tls-cert, if there is one]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The PEM key of --tls-cert [default: the credential tls-key]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Address of the pages over HTTPS, where a certificate is there
    #[arg(long, default_value = "0.0.0.0:8443", value_name = "ADDR:PORT")]
    listen_tls: SocketAddr,
}

/// A second listener and its certificate.
pub struct Https {
    pub listen: SocketAddr,
    pub certificate: Certificate,
}

impl HttpsArgs {
    /// `None` where no certificate is named and none was handed over.
    ///
    /// # Errors
    /// A certificate is there and cannot be used.
    pub fn open(&self) -> Result<Option<Https>, CertificateError> {
        let handed_over = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        let Some((chain, key)) = files.or_else(|| credentials(handed_over.as_deref()?)) else {
            return Ok(None);
        };
        Ok(Some(Https { listen: self.listen_tls, certificate: Certificate::read(&chain, &key)? }))
    }
}

/// One of the two without the other is there by mistake: taken, so that the mistake is said.
fn credentials(dir: &Path) -> Option<(PathBuf, PathBuf)> {
    let (chain, key) = (dir.join(CHAIN), dir.join(KEY));
    (chain.exists() || key.exists()).then_some((chain, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_its_certificate_is_not_passed_over() {
        let dir = std::env::temp_dir().join(format!("clubos-credentials-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a folder");
        assert_eq!(credentials(&dir), None);
        std::fs::write(dir.join(KEY), "a key").expect("written");
        assert_eq!(credentials(&dir), Some((dir.join(CHAIN), dir.join(KEY))));
        let _ = std::fs::remove_dir_all(&dir);
    }
}
