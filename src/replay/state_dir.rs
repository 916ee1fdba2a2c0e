//! A folder for the database of one run, gone when the run is. In memory where the machine has such a place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNT: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// # Errors
    /// No folder can be made anywhere.
    pub fn new() -> std::io::Result<StateDir> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("clubos-simulate-{}-{number}", std::process::id());
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            let dir = memory.join(&name);
            if std::fs::create_dir(&dir).is_ok() {
                return Ok(StateDir(dir));
            }
        }
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir)?;
        Ok(StateDir(dir))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // a leftover costs space, nothing else
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_have_two_folders_and_leave_none() {
        let (one, two) = (StateDir::new().expect("a folder"), StateDir::new().expect("a folder"));
        assert_ne!(one.path(), two.path());
        let path = one.path().to_owned();
        assert!(path.is_dir());
        drop(one);
        assert!(!path.exists());
    }
}
