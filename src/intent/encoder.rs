//! The sentence encoder: a text to 384 numbers of length one, by ONNX Runtime.
//!
//! Owns the session and the tokenizer, and alone knows `ort`. One thread, no arena, no spinning, at most 64
//! tokens, one text a run: memory stays flat and the same text gives the same numbers on one CPU type.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;
use sha2::{Digest, Sha256};
use tokenizers::{Tokenizer, TruncationParams};

use super::error::IntentError;

/// Length of an embedding.
pub const DIM: usize = 384;
/// Tokens of a text that are read; the 99th percentile of real messages is 41.
const MAX_TOKENS: usize = 64;

pub struct Encoder {
    session: Mutex<Session>,
    tokenizer: Tokenizer,
    /// SHA-256 over model and tokenizer: names every number that comes out of them.
    id: String,
}

impl Encoder {
    /// Reads `encoder.onnx`, `tokenizer.json` and `runtime/libonnxruntime.so` in `dir`.
    pub fn load(dir: &Path) -> Result<Encoder, IntentError> {
        let model_path = dir.join("encoder.onnx");
        let tokenizer_path = dir.join("tokenizer.json");
        let model = read(&model_path)?;
        let tokenizer_text = read(&tokenizer_path)?;
        let damaged = |path: &Path, detail: String| IntentError::Damaged { path: path.to_owned(), detail };

        let mut tokenizer =
            Tokenizer::from_bytes(&tokenizer_text).map_err(|e| damaged(&tokenizer_path, e.to_string()))?;
        let cut = TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut)).map_err(|e| damaged(&tokenizer_path, e.to_string()))?;
        tokenizer.with_padding(None);

        let env = environment(&runtime(dir)?)?;
        let session = session(env, &model).map_err(|e| damaged(&model_path, e.to_string()))?;
        if !session.outputs().iter().any(|o| o.name() == "embedding") {
            return Err(damaged(&model_path, "it has no output called `embedding`".into()));
        }
        let id = hex(Sha256::new().chain_update(&model).chain_update(&tokenizer_text).finalize().as_slice());
        let encoder = Encoder { session: Mutex::new(session), tokenizer, id };
        // A model of the wrong shape shows here, not at the first customer.
        encoder.encode("hello").map_err(|e| damaged(&model_path, e.to_string()))?;
        Ok(encoder)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whole words the tokenizer knows: a general word list for the speller.
    pub fn words(&self) -> Vec<String> {
        self.tokenizer
            .get_vocab(false)
            .into_keys()
            .filter(|w| !w.starts_with("##") && !w.starts_with('['))
            .collect()
    }

    /// The text's embedding, [`DIM`] long, of length 1.
    pub fn encode(&self, text: &str) -> Result<Vec<f32>, IntentError> {
        let failed = |e: &dyn std::fmt::Display| IntentError::Encoder(e.to_string());
        let tokens = self.tokenizer.encode_fast(text, true).map_err(|e| failed(&e))?;
        let ids: Vec<i64> = tokens.get_ids().iter().map(|&id| i64::from(id)).collect();
        let mask = vec![1i64; ids.len()];
        let shape = [1usize, ids.len()];
        let ids = TensorRef::from_array_view((shape, ids.as_slice())).map_err(|e| failed(&e))?;
        let mask = TensorRef::from_array_view((shape, mask.as_slice())).map_err(|e| failed(&e))?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session
            .run(ort::inputs!["input_ids" => ids, "attention_mask" => mask])
            .map_err(|e| failed(&e))?;
        let output = outputs.get("embedding").ok_or_else(|| failed(&"no output `embedding`"))?;
        let (_, values) = output.try_extract_tensor::<f32>().map_err(|e| failed(&e))?;
        if values.len() != DIM || values.iter().any(|v| !v.is_finite()) {
            return Err(failed(&format!("{} numbers instead of {DIM}, or not finite", values.len())));
        }
        Ok(values.to_vec())
    }
}

fn session(env: &Environment, model: &[u8]) -> Result<Session, ort::Error> {
    Session::builder(env)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_memory_pattern(false)?
        .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(false).build()])?
        .commit_from_memory(model)
}

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

/// The runtime's environment once an encoder is loaded, for the benchmark's raw session beside ours.
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub fn environment_in_use() -> Option<&'static Environment> {
    ENVIRONMENT.get()
}

/// The process's one ONNX Runtime environment; it lives as long as the process.
fn environment(library: &Path) -> Result<&'static Environment, IntentError> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(env) = ENVIRONMENT.get() {
        return Ok(env);
    }
    let refused =
        |e: &dyn std::fmt::Display| IntentError::Runtime { path: library.to_owned(), detail: e.to_string() };
    let env = ort::init_from(library)
        .map_err(|e| refused(&e))?
        .with_name("clubos")
        .with_telemetry(false)
        .build()
        .map_err(|e| refused(&e))?;
    Ok(ENVIRONMENT.get_or_init(|| env))
}

/// The runtime library beside the model, whatever version its name carries.
fn runtime(dir: &Path) -> Result<PathBuf, IntentError> {
    let folder = dir.join("runtime");
    let plain = folder.join("libonnxruntime.so");
    if plain.is_file() {
        return Ok(plain);
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    versions.retain(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libonnxruntime.so.")));
    versions.sort();
    versions.pop().ok_or(IntentError::Missing { path: plain })
}

fn read(path: &Path) -> Result<Vec<u8>, IntentError> {
    std::fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => IntentError::Missing { path: path.to_owned() },
        _ => IntentError::Io { path: path.to_owned(), source },
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
