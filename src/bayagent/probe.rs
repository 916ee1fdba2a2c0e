//! Asking whether something on the network answers: a TCP connection, an HTTP page, a ping.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::process::Command;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Probe {
    /// `tcp://host:port`: takes a connection.
    Tcp(String),
    /// `http://…`: answers with 2xx.
    Http(String),
    /// `ping://host`: answers to the system's `ping`.
    Ping(String),
}

impl TryFrom<String> for Probe {
    type Error = String;

    fn try_from(text: String) -> Result<Probe, String> {
        let wrong = || {
            format!("`{text}` cannot be asked; write tcp://host:port, http://host:port/path or ping://host")
        };
        let (way, place) = text.split_once("://").ok_or_else(wrong)?;
        let host_is_plain = |host: &str| {
            !host.is_empty()
                && !host.starts_with('-')
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-_[]%".contains(&b))
        };
        match way {
            "tcp"
                if host_is_plain(place)
                    && place.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok()) =>
            {
                Ok(Probe::Tcp(place.to_owned()))
            }
            "ping" if host_is_plain(place) => Ok(Probe::Ping(place.to_owned())),
            "http" if !place.is_empty() => Ok(Probe::Http(text.clone())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Probe::Tcp(place) => write!(f, "tcp://{place}"),
            Probe::Http(url) => f.write_str(url),
            Probe::Ping(host) => write!(f, "ping://{host}"),
        }
    }
}

impl Probe {
    /// Whether it answers within two seconds.
    pub async fn answers(&self) -> bool {
        let asked = async {
            match self {
                Probe::Tcp(place) => TcpStream::connect(place).await.is_ok(),
                Probe::Http(url) => page(url).await,
                Probe::Ping(host) => ping(host).await,
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(false)
    }
}

async fn page(url: &str) -> bool {
    // One a question: a connection that is kept could outlive the program that is asked about.
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let Ok(client) = client else { return false };
    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

async fn ping(host: &str) -> bool {
    let arguments: [&str; 4] =
        if cfg!(windows) { ["-n", "1", "-w", "1500"] } else { ["-n", "-c", "1", "-W1"] };
    let mut command = Command::new("ping");
    command.args(arguments).arg(host).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true).status().await.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_asked_is_a_probe() {
        for good in ["tcp://127.0.0.1:5000", "http://localhost:5000/health", "ping://192.168.20.30"] {
            assert_eq!(Probe::try_from(good.to_owned()).map(|p| p.to_string()), Ok(good.to_owned()));
        }
        for wrong in
            ["", "192.168.20.30", "tcp://host", "tcp://host:99999", "ping://-f", "ping://a b", "ftp://x"]
        {
            assert!(Probe::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_port_answers_while_somebody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let probe = Probe::Tcp(listener.local_addr().unwrap().to_string());
        assert!(probe.answers().await);
        drop(listener);
        assert!(!probe.answers().await);
    }
}
