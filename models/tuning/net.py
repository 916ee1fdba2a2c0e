"""The encoder as something that can learn: published tensors in, unit vectors out, by PyTorch.

Tensors keep their published names, so that what was tuned is written back as the same kind of file.
Owns no data and no training.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from weights import EPSILON, HEADS, HIDDEN, LAYERS, read_tensors  # noqa: E402

FROZEN = ("embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight",
          "embeddings.token_type_embeddings.weight")


def load(path):
    """Tensors by published name; those that are not the encoder's (a pooler) are left out."""
    wanted = ("embeddings.", "encoder.")
    return {
        name: torch.from_numpy(array.copy())
        for name, array in read_tensors(path).items()
        if name.startswith(wanted)
    }


def save(tensors, path):
    """Writes float32 tensors in the published format (safetensors)."""
    header, body = {}, []
    at = 0
    for name in sorted(tensors):
        data = np.ascontiguousarray(tensors[name].detach().numpy(), np.float32).tobytes()
        shape = list(tensors[name].shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        body.append(data)
        at += len(data)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head + b"".join(body))


def mix(base, tuned, share):
    """Weights `share` of the way from `base` to `tuned`."""
    return {name: base[name] + share * (tuned[name] - base[name]) for name in base}


def encode(tensors, token_lists, drop=0.0, chunk=16):
    """Unit vectors of token lists. Rows of like length go together, so that little is padding."""
    order = sorted(range(len(token_lists)), key=lambda i: len(token_lists[i]))
    parts = []
    for start in range(0, len(order), chunk):
        rows = [token_lists[i] for i in order[start : start + chunk]]
        longest = len(rows[-1])
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros(len(rows), longest, dtype=torch.bool)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = torch.tensor(row)
            mask[at, : len(row)] = True
        parts.append(_forward(tensors, ids, mask, drop))
    place = torch.empty(len(order), dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[place]


def _forward(t, ids, mask, drop):
    def norm(x, name):
        return F.layer_norm(x, (HIDDEN,), t[name + ".weight"], t[name + ".bias"], EPSILON)

    def dense(x, name):
        return F.linear(x, t[name + ".weight"], t[name + ".bias"])

    def heads(x):
        return x.view(*ids.shape, HEADS, HIDDEN // HEADS).transpose(1, 2)

    with torch.autocast("cpu", torch.bfloat16, enabled=drop > 0):
        x = F.embedding(ids, t["embeddings.word_embeddings.weight"])
        x = x + t["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = x + t["embeddings.token_type_embeddings.weight"][0]
        x = norm(x, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}."
            query, key, value = (
                heads(dense(x, name + "attention.self." + part)) for part in ("query", "key", "value")
            )
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
            mixed = mixed.transpose(1, 2).reshape(*ids.shape, HIDDEN)
            mixed = F.dropout(dense(mixed, name + "attention.output.dense"), drop)
            x = norm(x + mixed, name + "attention.output.LayerNorm")
            wide = F.gelu(dense(x, name + "intermediate.dense"))
            narrow = F.dropout(dense(wide, name + "output.dense"), drop)
            x = norm(x + narrow, name + "output.LayerNorm")
    weight = mask[:, :, None].float()
    return F.normalize((x.float() * weight).sum(1) / weight.sum(1), dim=-1)
