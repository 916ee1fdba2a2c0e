//! The certificate the pages are served with over HTTPS.
//!
//! Owns reading and checking the two files. A key that everybody can read is refused. Can be read again
//! while the pages are served: a renewed certificate needs no restart.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why there is no HTTPS. Names the file and the mend, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read the certificate in {}: {why}; put its PEM chain there", path.display())]
    Chain { path: PathBuf, why: String },
    #[error("cannot read the key in {}: {why}; put the certificate's PEM key there", path.display())]
    Key { path: PathBuf, why: String },
    #[error("{} can be read by everybody (mode {mode:o}); chmod 600 {}", path.display(), path.display())]
    OpenKey { path: PathBuf, mode: u32 },
    #[error("the certificate {} and its key do not fit: {why}", path.display())]
    Pair { path: PathBuf, why: String },
}

/// A chain and its key, in use. Clones show the same.
#[derive(Debug, Clone)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    config: RustlsConfig,
}

impl Certificate {
    /// Reads a PEM chain (the box's own certificate first) and its PEM key.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn read(chain: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        let config = RustlsConfig::from_config(Arc::new(load(chain, key)?));
        Ok(Certificate { chain: chain.to_owned(), key: key.to_owned(), config })
    }

    /// Reads the files again; new connections get what is there now.
    ///
    /// # Errors
    /// [`CertificateError`]; the certificate before stays.
    pub fn read_again(&self) -> Result<(), CertificateError> {
        self.config.reload_from_config(Arc::new(load(&self.chain, &self.key)?));
        Ok(())
    }

    pub(super) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }
}

fn load(chain: &Path, key: &Path) -> Result<ServerConfig, CertificateError> {
    let no_chain = |why: String| CertificateError::Chain { path: chain.to_owned(), why };
    let no_key = |why: String| CertificateError::Key { path: key.to_owned(), why };
    let pair = |why: rustls::Error| CertificateError::Pair { path: chain.to_owned(), why: why.to_string() };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| no_chain(e.to_string()))?;
    if certificates.is_empty() {
        return Err(no_chain("no certificate is in it".into()));
    }
    let mode = std::fs::metadata(key).map_err(|e| no_key(e.to_string()))?.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        return Err(CertificateError::OpenKey { path: key.to_owned(), mode });
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| no_key(e.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Files(PathBuf);

    impl Files {
        fn new(name: &str) -> Files {
            let dir = std::env::temp_dir().join(format!("clubos-tls-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&dir).expect("a folder");
            Files(dir)
        }

        fn put(&self, name: &str, text: &str, mode: u32) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
            path
        }

        /// Certificate and key that fit.
        fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
            let made = rcgen::generate_simple_self_signed(vec!["box.example".to_owned()]).expect("made");
            let chain = self.put(&format!("{name}.crt"), &made.cert.pem(), 0o644);
            (chain, self.put(&format!("{name}.key"), &made.signing_key.serialize_pem(), 0o600))
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let files = Files::new("pair");
        let ((chain, key), (_, other)) = (files.pair("own"), files.pair("other"));
        assert!(Certificate::read(&chain, &key).is_ok());
        assert!(matches!(Certificate::read(&chain, &other), Err(CertificateError::Pair { .. })));
    }

    #[test]
    fn a_key_that_everybody_can_read_is_refused_and_the_mend_is_said() {
        let files = Files::new("open");
        let (chain, key) = files.pair("own");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("its mode");
        let said = Certificate::read(&chain, &key).expect_err("refused").to_string();
        assert!(said.contains("chmod 600"), "{said}");
    }

    #[test]
    fn half_a_file_is_no_certificate_and_what_was_read_before_stays() {
        let files = Files::new("half");
        let (chain, key) = files.pair("own");
        let certificate = Certificate::read(&chain, &key).expect("read");
        let half = std::fs::read_to_string(&chain).expect("text");
        files.put("own.crt", &half[..half.len() / 2], 0o644);
        assert!(matches!(certificate.read_again(), Err(CertificateError::Chain { .. })));
        files.put("own.crt", "", 0o644);
        assert!(matches!(certificate.read_again(), Err(CertificateError::Chain { .. })));
        assert!(matches!(
            Certificate::read(Path::new("/nowhere.crt"), &key),
            Err(CertificateError::Chain { .. })
        ));
    }
}
