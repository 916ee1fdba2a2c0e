//! `clubos-agent --check`: everything the configuration names, tried; nothing is started, ended or claimed.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, Packet};

use super::config::{Config, Link, Mqtt, Software};
use super::{Seen, boot, link_http, link_mqtt, os};

const PATIENCE: Duration = Duration::from_secs(8);

struct Report {
    failed: bool,
}

impl Report {
    fn line(&mut self, what: &str, said: Result<String, String>) {
        match said {
            Ok(says) => println!("ok       {what}: {says}"),
            Err(says) => {
                self.failed = true;
                println!("FAILED   {what}: {says}");
            }
        }
    }
}

pub async fn run(config: &Config) -> ExitCode {
    let mut report = Report { failed: false };
    report.line("configuration", Ok(format!("bay {}, can {:?}", config.bay, config.capabilities())));
    report.line("state", state_dir(&config.state_dir));
    let boot_id = boot::id(config).await;
    report.line("boot id", boot_id.clone());
    if let Some(software) = &config.software {
        report.line("start command", program(&software.start));
        check_software(software, &mut report).await;
    }
    if let Some(radar) = &config.radar {
        let answers = radar.probe.answers().await;
        let says = format!("{} {}", radar.probe, if answers { "answers" } else { "does not answer" });
        report.line("radar", if answers { Ok(says) } else { Err(says) });
        if !radar.reset.is_empty() {
            report.line("radar reset command", program(&radar.reset));
        }
    }
    if !config.pc.reboot.is_empty() {
        report.line("reboot command", program(&config.pc.reboot));
    }
    match &config.link {
        Link::Mqtt(link) => report.line("broker", broker(link, config.bay).await),
        Link::Http(link) => {
            let asked = async {
                let house = link_http::Box::new(link, config, boot_id.ok())?;
                house.heartbeat(Seen::default()).await
            };
            report.line("box", asked.await.map(|()| format!("{} takes the key", link.url)));
        }
    }
    if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn state_dir(dir: &Path) -> Result<String, String> {
    let taken = super::taken::Taken::open(dir);
    taken.map(|_| dir.display().to_string()).map_err(|error| error.to_string())
}

/// Whether there is such a program; by its path, or on the search path.
fn program(command: &[String]) -> Result<String, String> {
    let Some(name) = command.first() else { return Err("names no program".to_owned()) };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = if Path::new(name).components().count() > 1 {
        Path::new(name).is_file()
    } else {
        std::env::split_paths(&path)
            .any(|dir| dir.join(name).is_file() || dir.join(format!("{name}.exe")).is_file())
    };
    if there { Ok(name.clone()) } else { Err(format!("there is no program {name}")) }
}

async fn check_software(software: &Software, report: &mut Report) {
    let Some(name) = &software.process else { return };
    let found = os::find(name, software.process_argument.as_deref()).await;
    report.line("software", Ok(format!("{} processes called {name}", found.len())));
    if let (false, Some(probe)) = (found.is_empty(), &software.health) {
        let answers = probe.answers().await;
        report.line(
            "health",
            if answers { Ok(format!("{probe} answers")) } else { Err(format!("{probe} does not answer")) },
        );
    }
}

/// Logs in and leaves again; the last will is not sent by an orderly leave.
async fn broker(link: &Mqtt, bay: u8) -> Result<String, String> {
    let mut options = link_mqtt::options(link, bay, Vec::new())?;
    // A will would say that the agent that runs is gone, should this connection break.
    let transport = options.transport();
    let (user, id) = (options.credentials(), options.client_id());
    options = rumqttc::MqttOptions::new(id, &link.host, link.port);
    options.set_transport(transport).set_clean_session(true);
    if let Some(login) = user {
        options.set_credentials(login.username, login.password);
    }
    let (client, mut connection) = AsyncClient::new(options, 4);
    let logged_in = async {
        loop {
            match connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    };
    let done = tokio::time::timeout(PATIENCE, logged_in).await;
    drop(client);
    match done {
        Ok(Ok(())) => Ok(format!("{}:{} lets bay {bay} in", link.host, link.port)),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(format!("{}:{} does not answer", link.host, link.port)),
    }
}
