//! What can go wrong while the understanding is loaded. Reading itself never fails.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum IntentError {
    #[error("{path} is missing: run `make model`, or name the folder with --model-dir")]
    Missing { path: PathBuf },
    #[error("{path} cannot be read: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path} is damaged or cut short: {detail}; build it again with `make model`")]
    Damaged { path: PathBuf, detail: String },
    #[error("the ONNX runtime {path} cannot be loaded: {detail}")]
    Runtime { path: PathBuf, detail: String },
    #[error("the encoder failed: {0}")]
    Encoder(String),
    #[error("{path}:{line}: {detail}")]
    Corpus { path: PathBuf, line: usize, detail: String },
    #[error("only {0} intents have examples; at least 2 are needed to tell them apart")]
    TooFewIntents(usize),
}
