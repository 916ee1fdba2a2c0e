//! `[protect]` of `site.toml`: the cameras of UniFi Protect whose picture may stand beside a call for a person.
//!
//! Owns reading it. A camera that is named is still not used until `attach = true` stands with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::problem::Problems;
use super::raw::{Fields, Spot};
use super::{Target, load, validate};

/// A UniFi Protect console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protect {
    /// `https://<console>`.
    pub url: String,
    pub key_file: PathBuf,
    /// SHA-256 of the certificate (DER), lower-case hex; the connection is refused on any other.
    pub certificate_sha256: String,
    /// Pictures are deleted after this. 1 to 30 days, default 7.
    pub keep: Duration,
    /// Only those that may be used.
    pub cameras: Vec<Camera>,
}

/// A camera whose picture may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its id at the console.
    pub id: String,
    /// A bay, a door, or `hall`.
    pub place: Target,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Pictures are kept so long where the site does not say.
pub const KEPT: Duration = DAY.saturating_mul(7);

/// Reads the table. `known`: whether the site has this bay or door.
pub(super) fn protect(
    top: &mut Fields,
    beside: &Path,
    known: impl Fn(&Target) -> bool,
    problems: &mut Problems,
) -> Option<Protect> {
    let mut table = top.table("protect", problems)?;
    let url = table.need_text("url", "write the console's address like \"https://10.0.0.1\"", problems);
    let url = url.filter(|url| validate::https(url, &table.at("url"), problems));
    let key = load::secret_file(&mut table, "key_file", beside, problems);
    let mend = "write the SHA-256 of the console's certificate, 64 hex digits";
    let certificate = table.need_text("certificate_sha256", mend, problems);
    let certificate =
        certificate.and_then(|c| validate::sha256(&c, &table.at("certificate_sha256"), problems));
    let days = table.whole("keep_days", 1..=30, problems).and_then(|d| u32::try_from(d.value).ok());
    let mut cameras = Vec::new();
    for mut row in table.tables("cameras", problems) {
        let id = row.need_text("id", "write the camera's id at the console", problems);
        let id = id.filter(|id| is_id(id, &row.at("id"), problems));
        let place = row.need_text("place", "write a bay or door of the site, or \"hall\"", problems);
        let place = place.filter(|place| {
            let right = place.value == "hall" || known(&Target::new(place.value.as_str()));
            if !right {
                let what = format!("the site has no `{}`", place.value);
                problems.add(
                    place.line,
                    row.at("place"),
                    what,
                    "write a bay or door of the site, or \"hall\"",
                );
            }
            right
        });
        let attach = row.flag("attach", problems).unwrap_or(false);
        row.finish(problems);
        if let (Some(id), Some(place), true) = (id, place, attach) {
            cameras.push(Camera { id: id.value, place: Target::new(place.value) });
        }
    }
    table.finish(problems);
    Some(Protect {
        url: url?.value.trim_end_matches('/').to_owned(),
        key_file: key?,
        certificate_sha256: certificate?,
        keep: days.map_or(KEPT, |days| DAY.saturating_mul(days)),
        cameras,
    })
}

fn is_id(id: &Spot<String>, key: &str, problems: &mut Problems) -> bool {
    let right = id.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !right {
        problems.add(
            id.line,
            key,
            "is no id of a camera",
            "write letters, digits and dashes, as the console shows it",
        );
    }
    right
}
