//! Where the program finds what belongs to it: beside itself in a checkout, else where the package put it.

use std::path::{Path, PathBuf};

/// Folders in use.
#[derive(Debug, Clone)]
pub struct Paths {
    pub sops: PathBuf,
    pub model: PathBuf,
}

impl Paths {
    pub fn find(sops: Option<PathBuf>, model: Option<PathBuf>) -> Paths {
        let sops = sops.unwrap_or_else(|| first("sops", "house.md", "/usr/share/clubos/sops"));
        let model = model.unwrap_or_else(|| first("models", "encoder.onnx", "/usr/lib/clubos"));
        Paths { sops, model }
    }
}

/// `name` in the working directory or above the program (a checkout's `target/release/`), if it holds
/// `mark`; else where the package puts it.
fn first(name: &str, mark: &str, installed: &str) -> PathBuf {
    let here = PathBuf::from(name);
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../..").join(name)));
    [Some(here.clone()), beside]
        .into_iter()
        .flatten()
        .chain([PathBuf::from(installed)])
        .find(|dir| dir.join(mark).exists())
        .unwrap_or(here)
}

impl Paths {
    /// Where embeddings and the trained head are kept between runs of tools that have no state directory:
    /// beside the model if that may be written, else in the user's cache.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        let beside = self.model.join(CACHE);
        if self.model.join("encoder.onnx").exists() && writable(&beside) {
            return Some(beside);
        }
        let base = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
        let dir = base.join("clubos");
        std::fs::create_dir_all(&dir).ok()?;
        Some(dir)
    }
}

/// Folder of the cache beside the model; the package brings it along.
const CACHE: &str = "cache";

fn writable(dir: &Path) -> bool {
    let probe = dir.join(".writable");
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&probe, b"")).is_ok()
        && std::fs::remove_file(&probe).is_ok()
}

/// The box's own cache; filled from the one beside the model at the first start.
pub fn warm(cache: &Path, model: &Path) -> PathBuf {
    let copied = || -> std::io::Result<()> {
        std::fs::create_dir_all(cache)?;
        for entry in std::fs::read_dir(model.join(CACHE))?.flatten() {
            let to = cache.join(entry.file_name());
            if !to.exists() {
                std::fs::copy(entry.path(), to)?;
            }
        }
        Ok(())
    };
    if let Err(error) = copied() {
        tracing::debug!(%error, "no cache beside the model; it is made now");
    }
    cache.to_owned()
}

/// The sample site, where a command takes one and none was named.
pub fn sample_site() -> Option<PathBuf> {
    let here = PathBuf::from("tests/sites/clubhouse.toml");
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../..").join(&here)));
    [Some(here), beside].into_iter().flatten().find(|file| file.exists())
}
