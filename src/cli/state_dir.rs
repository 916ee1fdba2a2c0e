//! The state directory: made for its owner alone, and used by one box at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};

/// Makes the directory, closed to others. One that is there stays as it is.
///
/// # Errors
/// It cannot be made.
pub fn make(dir: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot make {}", dir.display()))
}

/// What is wrong with who may look into it, for a person; `None` if nothing is.
pub fn open_to_others(dir: &Path) -> Option<String> {
    let mode = std::fs::metadata(dir).ok()?.permissions().mode() & 0o7777;
    let open = mode & 0o077 != 0;
    open.then(|| format!("others can look into {} (mode {mode:o}); chmod 700 {0}", dir.display()))
}

/// Held as long as a box works on this directory.
#[derive(Debug)]
pub struct Held {
    _file: File,
}

/// Takes the directory for this program, until the value is dropped or the program ends, however it ends.
///
/// # Errors
/// Another `clubos` holds it.
pub fn hold(dir: &Path) -> anyhow::Result<Held> {
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Held { _file: file }),
        Err(TryLockError::WouldBlock) => bail!("another clubos is running on {}", dir.display()),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Gives a file to whom the directory belongs: what root puts there is for the service.
///
/// # Errors
/// The system refuses.
pub fn give_to_owner(file: &Path, dir: &Path) -> std::io::Result<()> {
    let (owner, now) = (std::fs::metadata(dir)?, std::fs::metadata(file)?);
    if (owner.uid(), owner.gid()) != (now.uid(), now.gid()) {
        std::os::unix::fs::chown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_closed_to_others_and_held_by_one() {
        let dir = std::env::temp_dir().join(format!("clubos-state-dir-{}", std::process::id()));
        make(&dir).expect("made");
        assert_eq!(open_to_others(&dir), None);
        let held = hold(&dir).expect("held");
        assert!(hold(&dir).is_err(), "a second one is refused");
        drop(held);
        assert!(hold(&dir).is_ok());
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        assert!(open_to_others(&dir).is_some_and(|said| said.contains("chmod 700")));
        let _ = std::fs::remove_dir_all(&dir);
    }
}
