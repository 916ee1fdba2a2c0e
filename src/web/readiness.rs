//! Whether the box can understand already: the model takes a while to load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between the program and `/readyz`. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Not ready yet.
    pub fn loading() -> Readiness {
        Readiness::default()
    }

    /// The model is loaded.
    pub fn set_ready(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
