//! `clubos pair`: a device or console is tested before it is configured. The certificate is pinned, the secret becomes a
//! file that its owner alone reads, and what is to stand in `site.toml` is shown, and written there with `--write`.
//!
//! Owns the commands and their exit codes. Only ever reads at a device: what it can do is tried by the box that runs,
//! through the gate (`--try`). A secret is asked for or comes from a file or standard input, never from the command line.

mod agents;
mod approved;
mod console;
mod device;
mod places;
mod protect;
mod trial;
mod unifi_access;
mod unifi_network;

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use super::EX_CONFIG;
use crate::device::console::ConsoleError;
use crate::site::SiteProblems;
use crate::site::edit::EditError;

const WRONG_USAGE: u8 = 2;
const WRONG_SECRET: u8 = 3;
const OTHER_CERTIFICATE: u8 = 4;
const NOT_TRIED: u8 = 5;
const FAILED: u8 = 6;
const NOT_SEEN: u8 = 7;

#[derive(Subcommand)]
#[command(
    after_help = "Exit codes: 0 tested and shown (with --write: written), 1 not reached, or its answer says nothing, 2 wrong \
                  usage, 3 it refuses the secret, 4 another certificate than the one confirmed, 78 site.toml does not \
                  take it. Nothing is stored unless the test went well. With --try also: 5 paired and not tried (the \
                  gate or the device said no, nothing was sent), 6 it failed, 7 sent and not seen to work."
)]
pub enum PairCommand {
    /// The UniFi Network console: certificate, key, its gear
    UnifiNetwork(console::ConsoleArgs),
    /// The UniFi Access console: certificate, token, its doors
    UnifiAccess(console::ConsoleArgs),
    /// The UniFi Protect console: certificate, key, its cameras
    Protect(console::ConsoleArgs),
    /// A BenQ projector: --set host=10.20.0.31 --set input=hdmi
    Benq(device::DeviceArgs),
    /// A projector that speaks PJLink: --set host=10.20.0.31 --set input=31
    Pjlink(device::DeviceArgs),
    /// A plug or relay by Shelly: --set host=10.20.0.41
    Shelly(device::DeviceArgs),
    /// The same behind the broker: --set prefix=shellyplugus-aabbccddeeff
    ShellyMqtt(device::DeviceArgs),
    /// A relay with Tasmota, behind the broker: --set topic=plug-bay-1
    Tasmota(device::DeviceArgs),
    /// A Zigbee device behind Zigbee2MQTT: --set name=plug-bay-1
    Zigbee2mqtt(device::DeviceArgs),
    /// Anything else behind the broker: --set command=a/set --set on=ON --set off=OFF --set state=a
    MqttSwitch(device::DeviceArgs),
    /// A PC with HASS.Agent, behind the broker
    HassAgent(device::DeviceArgs),
    /// A PC with LNXlink, behind the broker
    Lnxlink(device::DeviceArgs),
    /// A device by plain HTTP calls
    Http(device::DeviceArgs),
    /// A bay's own agent over MQTT: what to do
    AgentMqtt(agents::AgentArgs),
    /// A bay's own agent over HTTP: what to do
    AgentHttp(agents::AgentArgs),
    /// What managers approved on the page /proposals: show it, or write it
    Approved(approved::ApprovedArgs),
}

/// What pairing says no to.
#[derive(Debug, thiserror::Error)]
enum PairError {
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error("{0}")]
    Usage(String),
    #[error("it does not answer as it should: {0}")]
    Device(String),
    #[error("it refuses: {0}")]
    Refused(String),
    #[error("the certificate is not the one you named: it shows {0}")]
    Fingerprint(String),
    #[error("not confirmed; nothing was sent to it and nothing stored")]
    NotConfirmed,
    #[error("{0}")]
    NotSent(String),
    #[error("it was told, and failed: {0}")]
    Failed(String),
    #[error("it was told, and was not seen to do it; look at it, and at what tells its state in site.toml")]
    NotSeen,
    #[error("site.toml does not take it: {0}")]
    Site(#[from] EditError),
    #[error("site.toml is not right yet: {0}")]
    Before(#[from] SiteProblems),
}

impl PairError {
    fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            PairError::Usage(_) | PairError::Console(ConsoleError::Address(_)) => WRONG_USAGE,
            PairError::Console(ConsoleError::WrongKey(_)) | PairError::Refused(_) => WRONG_SECRET,
            PairError::Console(ConsoleError::OtherCertificate(_))
            | PairError::Fingerprint(_)
            | PairError::NotConfirmed => OTHER_CERTIFICATE,
            PairError::NotSent(_) => NOT_TRIED,
            PairError::Failed(_) => FAILED,
            PairError::NotSeen => NOT_SEEN,
            PairError::Site(_) | PairError::Before(_) => EX_CONFIG,
            PairError::Console(_) | PairError::Device(_) => return ExitCode::FAILURE,
        })
    }
}

pub fn run(command: PairCommand) -> anyhow::Result<ExitCode> {
    let device = |family, args: &device::DeviceArgs| device::pair(family, args);
    let paired = match &command {
        PairCommand::UnifiNetwork(args) => console::pair(&unifi_network::CONSOLE, args),
        PairCommand::UnifiAccess(args) => console::pair(&unifi_access::CONSOLE, args),
        PairCommand::Protect(args) => console::pair(&protect::CONSOLE, args),
        PairCommand::Benq(args) => device("benq", args),
        PairCommand::Pjlink(args) => device("pjlink", args),
        PairCommand::Shelly(args) => device("shelly", args),
        PairCommand::ShellyMqtt(args) => device("shelly-mqtt", args),
        PairCommand::Tasmota(args) => device("tasmota", args),
        PairCommand::Zigbee2mqtt(args) => device("zigbee2mqtt", args),
        PairCommand::MqttSwitch(args) => device("mqtt-switch", args),
        PairCommand::HassAgent(args) => device("hass-agent", args),
        PairCommand::Lnxlink(args) => device("lnxlink", args),
        PairCommand::Http(args) => device("http", args),
        PairCommand::AgentMqtt(args) => agents::mqtt(args),
        PairCommand::AgentHttp(args) => agents::http(args),
        PairCommand::Approved(args) => approved::run(args),
    };
    match paired {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast::<PairError>() {
            Ok(error) => {
                eprintln!("clubos: {error}");
                Ok(error.code())
            }
            Err(error) => Err(error),
        },
    }
}

/// One line from a person or from standard input; `what` is shown where a person types.
fn ask(what: &str) -> anyhow::Result<String> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        eprint!("{what} ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    input.read_line(&mut line).context("nothing on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
