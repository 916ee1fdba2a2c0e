//! A bay's PC at NinjaOne, reached over the internet: `driver = "ninjaone"`.

use std::path::{Path, PathBuf};

use super::super::problem::Problems;
use super::super::raw::Fields;
use super::super::{load, load_notify, validate};

/// The regions' hosts.
const HOSTS: &[&str] = &[
    "app.ninjarmm.com",
    "ca.ninjarmm.com",
    "eu.ninjarmm.com",
    "fed.ninjarmm.com",
    "jp.ninjarmm.com",
    "oc.ninjarmm.com",
    "us2.ninjarmm.com",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NinjaOne {
    /// The region's host, with a port if it is not 443.
    pub host: String,
    /// The PC's id there.
    pub device_id: u32,
    pub client_id: String,
    pub client_secret_file: PathBuf,
    /// With it the box acts as the person who gave it; without, as a program.
    pub refresh_token_file: Option<PathBuf>,
    /// Whether programs that do not want to close are closed.
    pub forced: bool,
    /// SHA-256 of the certificate, for a host that is none of the regions'.
    pub certificate_sha256: Option<String>,
}

pub(super) fn read(table: &mut Fields, beside: &Path, problems: &mut Problems) -> Option<NinjaOne> {
    let mend = format!("write your region's host, one of: {}", HOSTS.join(", "));
    let host = table.need_text("host", &mend, problems);
    let certificate = table.text("certificate_sha256", problems);
    let certificate =
        certificate.and_then(|c| validate::sha256(&c, &table.at("certificate_sha256"), problems));
    let host = host.filter(|host| {
        let known = HOSTS.contains(&host.value.as_str());
        // A host of somebody's own is believed only by its certificate.
        let own = certificate.is_some() && is_host(&host.value);
        if !known && !own {
            problems.add(
                host.line,
                table.at("host"),
                format!("`{}` is no region of NinjaOne", host.value),
                &mend,
            );
        }
        known || own
    });
    if !table.has("device_id") {
        let mend = "write the number of the PC, as it stands in its address at NinjaOne";
        problems.add(table.line, table.at("device_id"), "is missing", mend);
    }
    let device = table.whole("device_id", 1..=i64::from(i32::MAX), problems);
    let client_id = table.need_text("client_id", "write the id of the API application", problems);
    let client_secret_file = load::secret_file(table, "client_secret_file", beside, problems);
    let refresh_token_file = load_notify::optional_file(table, "refresh_token_file", beside, problems);
    let forced = table.flag("forced", problems).unwrap_or(false);
    Some(NinjaOne {
        host: host?.value,
        device_id: u32::try_from(device?.value).ok()?,
        client_id: client_id?.value,
        client_secret_file: client_secret_file?,
        refresh_token_file,
        forced,
        certificate_sha256: certificate,
    })
}

fn is_host(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b))
}
