//! What reading a text costs beside the model itself: the raw ONNX Runtime run of the same tokens, same
//! settings, same process, right before and after.

use std::path::Path;

use clubos::intent::{Context, Understand};
use ort::session::Session;
use ort::value::TensorRef;
use tokenizers::Tokenizer;

use crate::{Bench, Times, ms, row, timed};

const ROUNDS: usize = 3;

pub fn measure(bench: &Bench) {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut raw = Raw::new(&models);
    // Without a mark or word that joins two thoughts, the model runs once on the whole text.
    let one_thought = |text: &&String| {
        let joined = [" and ", " but ", " also ", " so ", ". ", "? ", "! ", ",", ";", "\n"];
        text.split_whitespace().count() >= 3 && !joined.iter().any(|mark| text.contains(mark))
    };
    let single: Vec<&String> = bench.texts.iter().filter(one_thought).collect();
    compare(bench, &mut raw, "one text read, one thought in it", &single);
    compare(bench, &mut raw, "one text read, of all the live texts", &bench.texts.iter().collect::<Vec<_>>());
}

fn compare(bench: &Bench, raw: &mut Raw, what: &str, texts: &[&String]) {
    let (mut read, mut bare) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for (number, text) in texts.iter().enumerate() {
            // A number of its own makes the text new: what was read lately is remembered.
            let text = format!("{text} {}", 100 + round * texts.len() + number);
            let ids = raw.tokens(&text);
            bare.push(timed(|| raw.run(&ids)).0);
            read.push(timed(|| bench.reader.read(&text, &Context::default())).0);
        }
    }
    let (read, bare) = (Times::of(read), Times::of(bare));
    let ratio = read.percentile(50).as_secs_f64() / bare.percentile(50).as_secs_f64();
    let total = read.total().as_secs_f64() / bare.total().as_secs_f64();
    let beside = format!(
        "raw run {}; ratio {ratio:.2} at p50, {total:.2} in all (n = {})",
        ms(bare.percentile(50)),
        texts.len()
    );
    row(what, &read.both(), &beside);
}

/// The model without anything of ours around it.
struct Raw {
    session: Session,
    tokenizer: Tokenizer,
}

impl Raw {
    fn new(models: &Path) -> Raw {
        let env = clubos::intent::environment_in_use().expect("the box's own encoder is loaded");
        let session = Session::builder(env)
            .and_then(|b| Ok(b.with_intra_threads(1)?.with_inter_threads(1)?))
            .and_then(|b| Ok(b.with_intra_op_spinning(false)?.with_inter_op_spinning(false)?))
            .and_then(|b| Ok(b.with_memory_pattern(false)?))
            .and_then(|b| {
                Ok(b.with_execution_providers([ort::ep::CPU::default().with_arena_allocator(false).build()])?)
            })
            .and_then(|mut b| b.commit_from_file(models.join("encoder.onnx")))
            .expect("the model");
        let tokenizer = Tokenizer::from_file(models.join("tokenizer.json")).expect("the tokenizer");
        Raw { session, tokenizer }
    }

    fn tokens(&self, text: &str) -> Vec<i64> {
        let tokens = self.tokenizer.encode_fast(text, true).expect("tokens");
        tokens.get_ids().iter().take(64).map(|id| i64::from(*id)).collect()
    }

    fn run(&mut self, ids: &[i64]) -> f32 {
        let mask = vec![1_i64; ids.len()];
        let ids = TensorRef::from_array_view(([1, ids.len()], ids)).expect("a tensor");
        let mask = TensorRef::from_array_view(([1, mask.len()], mask.as_slice())).expect("a tensor");
        let outputs =
            self.session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask]).expect("a run");
        let (_, values) = outputs["embedding"].try_extract_tensor::<f32>().expect("an embedding");
        values[0]
    }
}
