"""The forward pass in plain numpy: what the ONNX graphs are held against.

Slow and simple on purpose; it shares nothing with `graph.py` but the weights.
"""

import json
import math
import re
import unicodedata

import numpy as np

from weights import EPSILON, HEADS, HIDDEN

ERF = np.vectorize(math.erf, otypes=[np.float64])
SENTENCES = [
    "the screen is frozen on bay 2",
    "trackman froze again, can you restart it?",
    "I can't get in, the door is locked",
    "what time do you close tonight",
    "projector shows a blue screen and no picture",
    "how much is it for four people on saturday?",
    "someone fell and is bleeding, we need help now!",
    "hi",
    "my radar is not picking up any of my shots and it says disconnected at the bottom "
    "of the screen, we have been waiting for ten minutes",
    "whats the wifi password pls",
]


def vocabulary(tokenizer):
    with open(tokenizer, encoding="utf-8") as file:
        return json.load(file)["model"]["vocab"]


def token_ids(vocab, text):
    """WordPiece for plain lower-case English: enough for the sentences above."""
    ids = [vocab["[CLS]"]]
    text = unicodedata.normalize("NFD", text.lower())
    for word in re.findall(r"[a-z0-9]+|[^\sa-z0-9]", text):
        ids += pieces(vocab, word)
    return ids + [vocab["[SEP]"]]


def pieces(vocab, word):
    found, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            if mark + word[start:end] in vocab:
                found.append(vocab[mark + word[start:end]])
                start = end
                break
        else:
            return [vocab["[UNK]"]]
    return found


def embedding(encoder, ids):
    """Unit vector of one sentence, float64 inside."""
    x = encoder.words[ids].astype(np.float64) + encoder.positions[: len(ids)]
    x = normalise(x, encoder.norm, encoder.norm_bias)
    for layer in encoder.layers:
        x = normalise(x + attend(layer, x), layer.norm1, layer.norm1_bias)
        wide = x @ layer.up + layer.up_bias
        wide = wide * 0.5 * (1 + ERF(wide / math.sqrt(2)))
        x = normalise(x + wide @ layer.down + layer.down_bias, layer.norm2, layer.norm2_bias)
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def attend(layer, x):
    query, key, value = np.split(x @ layer.qkv + layer.qkv_bias, 3, axis=1)
    width = HIDDEN // HEADS
    mixed = np.empty_like(query)
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        score = query[:, part] @ key[:, part].T / math.sqrt(width)
        score = np.exp(score - score.max(axis=1, keepdims=True))
        mixed[:, part] = score / score.sum(axis=1, keepdims=True) @ value[:, part]
    return mixed @ layer.out + layer.out_bias


def normalise(x, weight, bias):
    mean = x.mean(axis=1, keepdims=True)
    variance = x.var(axis=1, keepdims=True)
    return (x - mean) / np.sqrt(variance + EPSILON) * weight + bias
