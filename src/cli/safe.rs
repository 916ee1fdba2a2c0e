//! Safe mode: what the box goes by when its configuration cannot be used.
//!
//! Every good configuration is copied to `last-good/` in the state directory. In safe mode pages, the
//! emergency lane and escalations work from that copy (or from nearly nothing); no effect is authorised.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::serve::Setup;
use crate::site::{self, Bookings, Hours, LoadMode, Site, SitePolicy, Telemetry};
use crate::sop::words::Word;
use crate::sop::{Library, library};
use crate::store::sops;

const FOLDER: &str = "last-good";

/// The procedures in use, and whether they are the last good copy instead of what was given.
pub struct Found {
    pub library: Library,
    pub is_old: bool,
}

/// # Errors
/// The problems of the SOPs, if `strict` or if there is no good copy to go by.
pub fn library(dir: &Path, state_dir: &Path, strict: bool) -> anyhow::Result<Found> {
    let problems = match Library::load(dir) {
        Ok(library) => return Ok(Found { library, is_old: false }),
        Err(problems) => problems,
    };
    if strict {
        return Err(problems.into());
    }
    match Library::load(&state_dir.join(FOLDER).join("sops")) {
        Ok(library) => {
            eprintln!("{problems}");
            tracing::error!("the procedures cannot be used; safe mode with the last good ones");
            Ok(Found { library, is_old: true })
        }
        Err(_) => Err(problems.into()),
    }
}

/// The last good site, or one that knows nothing and moves nothing.
pub fn last_good_site(state_dir: &Path) -> Site {
    let file = state_dir.join(FOLDER).join("site.toml");
    match site::load(&file, LoadMode::Real) {
        Ok(site) => {
            tracing::error!(
                "site.toml cannot be used: safe mode, nothing moves. The last good one is {}; \
                 start with --site on it, or mend yours",
                file.display()
            );
            site
        }
        Err(_) => {
            tracing::error!("site.toml cannot be used and there is no good copy: safe mode, nothing moves");
            nowhere()
        }
    }
}

fn nowhere() -> Site {
    let name = "this club".to_owned();
    Site {
        id: "unknown".into(),
        facts: BTreeMap::from([("site".to_owned(), name.clone())]),
        name,
        zone: jiff::tz::TimeZone::UTC,
        zone_name: "UTC".into(),
        bays: BTreeMap::new(),
        doors: BTreeMap::new(),
        hall: BTreeMap::new(),
        policy: SitePolicy {
            entry_before: Duration::ZERO,
            entry_after: Duration::ZERO,
            unlocks_per_booking: 0,
            emergency_release: false,
        },
        hours: Hours {
            quiet_from: jiff::civil::time(0, 0, 0, 0),
            quiet_to: jiff::civil::time(0, 0, 0, 0),
            digest: None,
        },
        people: Vec::new(),
        broker: None,
        access: None,
        bookings: Bookings::default(),
        telemetry: Telemetry::default(),
    }
}

/// Keeps a copy of a configuration that works. A full disk is said and stops nothing.
pub fn remember(site: &Path, sops: &Path, state_dir: &Path) {
    let kept = || -> std::io::Result<()> {
        let folder = state_dir.join(FOLDER);
        fs::create_dir_all(folder.join("sops"))?;
        fs::copy(site, folder.join("site.toml"))?;
        for entry in fs::read_dir(sops)?.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "md"))
        {
            fs::copy(entry.path(), folder.join("sops").join(entry.file_name()))?;
        }
        Ok(())
    };
    if let Err(error) = kept() {
        tracing::warn!(%error, "the good configuration could not be kept for safe mode");
    }
}

/// Writes down which versions of the SOPs speak to customers from now on.
pub fn record_sops(setup: &mut Setup, dir: &Path) {
    let (sources, _) = library::read_sources(dir);
    let now = setup.clock.now();
    let recorded = setup.store.write(|tx| {
        for sop in setup.library.sops.values() {
            let Some(source) = sources.get(&sop.path) else { continue };
            let sha256: String =
                Sha256::digest(source.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            let loaded = sops::Loaded {
                id: &sop.id,
                title: &sop.title,
                kind: sop.kind.name(),
                status: sop.status.name(),
                version: sop.version,
                sha256: &sha256,
                source,
                by: "file",
            };
            sops::record(tx, &loaded, now)?;
        }
        Ok::<(), crate::store::StoreError>(())
    });
    if let Err(error) = recorded {
        tracing::error!(%error, "the loaded SOPs could not be written down");
    }
}
