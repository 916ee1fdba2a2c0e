//! Commands that were taken, kept on the disk before anything is done: a command is never done twice, also
//! if this program or the PC dies in the middle of it.
//!
//! One file, `taken.json`: id and expiry. Written whole to a second file, synced, renamed. An id is
//! forgotten an hour after its command expired: from then on the expiry alone keeps it away.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::clock::UnixMs;

/// Slack for a clock that was set back.
const KEPT_MS: i64 = 3_600_000;

/// Why commands cannot be remembered; none is taken then.
#[derive(Debug, thiserror::Error)]
pub enum TakenError {
    #[error("cannot remember commands in {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged; remove it once no command can be under way (10 minutes)", path.display())]
    Damaged { path: PathBuf },
}

pub struct Taken {
    path: PathBuf,
    ids: BTreeMap<i64, i64>,
}

impl Taken {
    pub fn open(dir: &Path) -> Result<Taken, TakenError> {
        let path = dir.join("taken.json");
        std::fs::create_dir_all(dir).map_err(|source| TakenError::Io { path: dir.to_owned(), source })?;
        let ids = match std::fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|_| TakenError::Damaged { path: path.clone() })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(TakenError::Io { path, source }),
        };
        Ok(Taken { path, ids })
    }

    pub fn has(&self, id: i64) -> bool {
        self.ids.contains_key(&id)
    }

    /// On the disk when this returns.
    pub fn add(&mut self, id: i64, expires_at: i64, now: UnixMs) -> Result<(), TakenError> {
        self.ids.retain(|_, expiry| now.0 <= expiry.saturating_add(KEPT_MS));
        self.ids.insert(id, expires_at);
        self.write().map_err(|source| {
            self.ids.remove(&id);
            TakenError::Io { path: self.path.clone(), source }
        })
    }

    fn write(&self) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&self.ids)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        #[cfg(unix)]
        if let Some(dir) = self.path.parent() {
            std::fs::File::open(dir)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_after_a_restart_and_forgotten_long_after_its_expiry() {
        let dir = std::env::temp_dir().join(format!("clubos-taken-{}", std::process::id()));
        let mut taken = Taken::open(&dir).unwrap();
        taken.add(7, 1_000, UnixMs(500)).unwrap();
        let mut again = Taken::open(&dir).unwrap();
        assert!(again.has(7) && !again.has(8));
        again.add(8, 9_000_000, UnixMs(1_001 + KEPT_MS)).unwrap();
        assert!(!again.has(7));
        std::fs::write(dir.join("taken.json"), b"{").unwrap();
        assert!(matches!(Taken::open(&dir), Err(TakenError::Damaged { .. })));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
