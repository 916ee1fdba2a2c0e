//! Safe mode: what the box goes by when its configuration cannot be used.
//!
//! Every good configuration is copied to `last-good/` in the state directory. In safe mode pages, the
//! emergency lane and escalations work from that copy (or from nearly nothing); no effect is authorised.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::serve::Setup;
use crate::clock::UnixMs;
use crate::site::{self, Bookings, Hours, LoadMode, Site, SitePolicy, Telemetry};
use crate::sop::words::Word;
use crate::sop::{Library, library};
use crate::store::{Store, sops};

const FOLDER: &str = "last-good";
/// The good SOPs in it, and their forerunners while they are being replaced.
const GOOD: &str = "sops";
const REPLACED: &str = "sops.old";

/// The last good procedures; without them, what is good of those in `dir`, over the least that is built in.
pub fn last_good_library(dir: &Path, state_dir: &Path) -> Library {
    let kept = [GOOD, REPLACED].map(|name| state_dir.join(FOLDER).join(name));
    if let Some(library) = kept.iter().find_map(|kept| Library::load(kept).ok()) {
        tracing::error!("the procedures cannot be used: safe mode with the last good ones, nothing moves");
        return library;
    }
    tracing::error!(
        "the procedures cannot be used and there is no good copy: safe mode with those that nothing is \
         wrong with, the rest goes to people; nothing moves"
    );
    Library::rescued(&library::read_sources(dir).0)
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
        housekeeping: None,
        people: Vec::new(),
        broker: None,
        access: None,
        home_assistant: None,
        discovery: None,
        network: None,
        protect: None,
        bookings: Bookings::default(),
        telemetry: Telemetry::default(),
        notify: Default::default(),
        texts: None,
        llm: None,
        simulated: BTreeSet::new(),
    }
}

/// Keeps a copy of a configuration that works, and of nothing else. A full disk is said and stops nothing.
pub fn remember(site: &Path, sops: &Path, state_dir: &Path) {
    if let Err(error) = keep_site(site, &state_dir.join(FOLDER)) {
        tracing::warn!(%error, "the good configuration could not be kept for safe mode");
    }
    remember_sops(sops, state_dir);
}

/// The procedures of it.
pub fn remember_sops(sops: &Path, state_dir: &Path) {
    if let Err(error) = keep_sops(sops, &state_dir.join(FOLDER)) {
        tracing::warn!(%error, "the good procedures could not be kept for safe mode");
    }
}

/// The new copy is whole before it takes the place of the old one: a file that is gone from `sops` is gone
/// from the copy too, and a power cut leaves one of the two.
fn keep_sops(sops: &Path, folder: &Path) -> std::io::Result<()> {
    let (fresh, good, replaced) = (folder.join("sops.new"), folder.join(GOOD), folder.join(REPLACED));
    remove(&fresh)?;
    fs::create_dir_all(&fresh)?;
    for entry in fs::read_dir(sops)?.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "md")) {
        fs::copy(entry.path(), fresh.join(entry.file_name()))?;
    }
    if good.exists() {
        remove(&replaced)?;
        fs::rename(&good, &replaced)?;
    }
    fs::rename(&fresh, &good)?;
    remove(&replaced)
}

fn keep_site(site: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::copy(site, folder.join("site.toml.new"))?;
    fs::rename(folder.join("site.toml.new"), folder.join("site.toml"))
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes down which versions of the SOPs speak to customers from now on.
pub fn record_sops(setup: &mut Setup, dir: &Path) {
    let now = setup.clock.now();
    record(&mut setup.store, &setup.library, dir, now);
}

/// The same, of any library read from `dir`.
pub fn record(store: &mut Store, loaded: &Library, dir: &Path, now: UnixMs) {
    let (sources, _) = library::read_sources(dir);
    let recorded = store.write(|tx| {
        for sop in loaded.sops.values() {
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
