"""Reads the published weights (safetensors) and names them the way the graph uses them.

Dense weights come out transposed, `[in, out]`, ready for `x @ w`; the token-type row is folded
into the positions, because every message is one segment.
"""

import json
import struct
from dataclasses import dataclass

import numpy as np

HIDDEN, HEADS, LAYERS, POSITIONS, VOCABULARY = 384, 12, 6, 512, 30522
EPSILON = 1e-12


@dataclass
class Layer:
    """One transformer layer. `qkv` holds query, key and value side by side."""

    qkv: np.ndarray
    qkv_bias: np.ndarray
    out: np.ndarray
    out_bias: np.ndarray
    norm1: np.ndarray
    norm1_bias: np.ndarray
    up: np.ndarray
    up_bias: np.ndarray
    down: np.ndarray
    down_bias: np.ndarray
    norm2: np.ndarray
    norm2_bias: np.ndarray


@dataclass
class Encoder:
    words: np.ndarray
    positions: np.ndarray
    norm: np.ndarray
    norm_bias: np.ndarray
    layers: list


def read_tensors(path):
    """All float32 tensors of a safetensors file, by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[start:end], np.float32).reshape(entry["shape"])
    return tensors


def read_encoder(path):
    tensors = read_tensors(path)

    def dense(prefix):
        return tensors[f"{prefix}.weight"].T, tensors[f"{prefix}.bias"]

    def norm(prefix):
        return tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"]

    def layer(prefix):
        heads = [dense(f"{prefix}.attention.self.{part}") for part in ("query", "key", "value")]
        return Layer(
            np.concatenate([weight for weight, _ in heads], axis=1),
            np.concatenate([bias for _, bias in heads]),
            *dense(f"{prefix}.attention.output.dense"),
            *norm(f"{prefix}.attention.output.LayerNorm"),
            *dense(f"{prefix}.intermediate.dense"),
            *dense(f"{prefix}.output.dense"),
            *norm(f"{prefix}.output.LayerNorm"),
        )

    encoder = Encoder(
        tensors["embeddings.word_embeddings.weight"],
        tensors["embeddings.position_embeddings.weight"]
        + tensors["embeddings.token_type_embeddings.weight"][0],
        *norm("embeddings.LayerNorm"),
        [layer(f"encoder.layer.{index}") for index in range(LAYERS)],
    )
    if encoder.words.shape != (VOCABULARY, HIDDEN) or encoder.positions.shape != (POSITIONS, HIDDEN):
        raise ValueError("the weights do not have the shapes of all-MiniLM-L6-v2")
    return encoder
