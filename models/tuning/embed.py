"""Vectors of texts by a finished ONNX encoder, one text a run, as the box does it."""

import numpy as np
import onnxruntime
import tokenizers

TOKENS = 64


class Encoder:
    def __init__(self, model, tokenizer):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS)

    def one(self, text):
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return self.session.run(["embedding"], inputs)[0][0]

    def many(self, texts):
        return np.stack([self.one(text) for text in texts])
