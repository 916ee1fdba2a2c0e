"""Weights to a verified int8 graph. Runs inside the environment that `build.py` makes.

usage: convert.py WEIGHTS TOKENIZER OUTPUT; prints one JSON line of measurements. Fails where the int8
graph is too far from the reference.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

import graph
import reference
import weights

FLOAT_FLOOR = 0.9999
INT8_FLOOR = 0.97  # lowest cosine to the reference


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def embed(model, batch):
    """Embeddings of token lists, padded to the longest, so that the mask is tested too."""
    longest = max(len(ids) for ids in batch)
    ids = np.zeros((len(batch), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return model.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]


def worst(model, batch, truth):
    """Lowest cosine to the reference: the sentences one by one, and all in one padded batch."""
    single = np.concatenate([embed(model, [ids]) for ids in batch])
    rows = np.concatenate([single, embed(model, batch)])
    if rows.shape[1] != weights.HIDDEN or not np.isfinite(rows).all():
        sys.exit("the graph's output is not [batch, 384] finite numbers")
    if abs(np.linalg.norm(rows, axis=1) - 1).max() > 1e-3:
        sys.exit("the graph's output is not of length 1")
    return float((rows * np.concatenate([truth, truth])).sum(axis=1).min())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()

    encoder = weights.read_encoder(args.weights)
    plain = args.output.with_name("encoder-fp32.onnx")
    graph.build(encoder, plain)
    graph.quantise(plain, args.output)

    vocab = reference.vocabulary(args.tokenizer)
    batch = [reference.token_ids(vocab, text) for text in reference.SENTENCES]
    truth = np.stack([reference.embedding(encoder, ids) for ids in batch])
    plain_cosine = worst(session(plain), batch, truth)
    int8_cosine = worst(session(args.output), batch, truth)
    plain.unlink()
    if plain_cosine < FLOAT_FLOOR:
        sys.exit(f"float32 graph: cosine {plain_cosine:.5f} to the reference, {FLOAT_FLOOR} needed")
    if int8_cosine < INT8_FLOOR:
        sys.exit(f"int8 graph: cosine {int8_cosine:.4f} to the reference, {INT8_FLOOR} needed")
    print(json.dumps({"cosine_fp32": round(plain_cosine, 6), "cosine_int8": round(int8_cosine, 4)}))


if __name__ == "__main__":
    main()
