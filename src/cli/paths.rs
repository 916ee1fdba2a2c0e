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

/// Where embeddings and the trained head are kept between runs of tools that have no state directory.
pub fn cache_dir() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))?;
    let dir = base.join("clubos");
    std::fs::create_dir_all(&dir).ok()?;
    Some(dir)
}

/// The sample site, where a command takes one and none was named.
pub fn sample_site() -> Option<PathBuf> {
    let here = PathBuf::from("tests/sites/clubhouse.toml");
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../..").join(&here)));
    [Some(here), beside].into_iter().flatten().find(|file| file.exists())
}
