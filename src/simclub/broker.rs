//! A real Mosquitto for the demo and the tests, on loopback, with the same configuration a club gets.
//! Owns the child process; it ends with the value.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::device::broker::{self, BOX_USER, BrokerError, BrokerFiles, BrokerPlan, TlsListener};
use crate::device::broker_certificate;
use crate::device::mqtt::Account;
use crate::site::{BayId, Broker};

/// Why the broker does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimBrokerError {
    #[error(transparent)]
    Config(#[from] BrokerError),
    #[error("cannot start mosquitto (Debian package `mosquitto`): {0}")]
    Start(io::Error),
    #[error("mosquitto ended at once ({status}); why stands in {}", log.display())]
    Ended { status: std::process::ExitStatus, log: PathBuf },
    #[error("mosquitto does not answer on port {0}")]
    Silent(u16),
    #[error("no free port: {0}")]
    Port(io::Error),
}

/// A running broker.
pub struct SimBroker {
    child: Option<Child>,
    files: BrokerFiles,
    port: u16,
    tls_port: u16,
    certificate: PathBuf,
}

impl SimBroker {
    /// Starts a broker for these bays in `dir`; a port of 0 takes a free one.
    ///
    /// # Errors
    /// [`SimBrokerError`].
    pub async fn start(
        dir: &Path,
        bays: &[BayId],
        port: u16,
        tls_port: u16,
    ) -> Result<SimBroker, SimBrokerError> {
        SimBroker::start_for(dir, bays, &[], port, tls_port).await
    }

    /// As [`SimBroker::start`], with other devices behind it too.
    ///
    /// # Errors
    /// [`SimBrokerError`].
    pub async fn start_for(
        dir: &Path,
        bays: &[BayId],
        accounts: &[Account],
        port: u16,
        tls_port: u16,
    ) -> Result<SimBroker, SimBrokerError> {
        let port = free_port(port).map_err(SimBrokerError::Port)?;
        let tls_port = free_port(tls_port).map_err(SimBrokerError::Port)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let (certificate, key) = broker_certificate::make(dir, &names, None)?;
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let plan = BrokerPlan {
            dir: dir.to_owned(),
            plain: loopback(port),
            tls: Some(TlsListener { listen: loopback(tls_port), certificate: certificate.clone(), key }),
            plain_devices: None,
            run_as: is_root().then(|| "root".to_owned()),
            hosted: None,
        };
        let files = broker::generate_for(bays, accounts, &plan)?;
        let mut broker = SimBroker { child: None, files, port, tls_port, certificate };
        broker.resume().await?;
        Ok(broker)
    }

    /// How the box reaches it.
    pub fn settings(&self) -> Broker {
        Broker {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port: self.port,
            username: BOX_USER.to_owned(),
            password_file: self.files.secret_file(BOX_USER),
            plain_devices: None,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The certificate that TLS clients are to trust (PEM).
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The file with a user's password.
    pub fn secret_file(&self, user: &str) -> PathBuf {
        self.files.secret_file(user)
    }

    /// Ends the broker as an orderly stop does; its files stay.
    ///
    /// # Errors
    /// The process could not be ended.
    pub async fn stop(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(id) = child.id() {
            // The broker writes its database on SIGTERM, not when it is killed.
            Command::new("sh").arg("-c").arg(format!("kill -TERM {id}")).status().await?;
        }
        match tokio::time::timeout(Duration::from_secs(5), child.wait()).await {
            Ok(ended) => ended.map(drop),
            Err(_) => child.kill().await,
        }
    }

    /// Starts it again on the same ports and files, and waits until it answers.
    ///
    /// # Errors
    /// [`SimBrokerError`].
    pub async fn resume(&mut self) -> Result<(), SimBrokerError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let known = std::env::split_paths(&path).map(|dir| dir.join("mosquitto")).find(|file| file.is_file());
        // Debian puts it where ordinary users do not look.
        let program = known.unwrap_or_else(|| PathBuf::from("/usr/sbin/mosquitto"));
        let log = self.files.config.with_file_name("mosquitto.log");
        let written = std::fs::File::create(&log).map_err(SimBrokerError::Start)?;
        let mut child = Command::new(program)
            .arg("-c")
            .arg(&self.files.config)
            .stdin(Stdio::null())
            .stderr(written)
            .kill_on_drop(true)
            .spawn()
            .map_err(SimBrokerError::Start)?;
        for _ in 0..100 {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(SimBrokerError::Ended { status, log });
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                self.child = Some(child);
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(SimBrokerError::Silent(self.port))
    }
}

/// A port that was free a moment ago.
fn free_port(wanted: u16) -> io::Result<u16> {
    match wanted {
        0 => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port()),
        port => Ok(port),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
