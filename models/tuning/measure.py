"""Figures of a finished encoder on rows that no tuning saw. One JSON line.

usage: measure.py ENCODER TOKENIZER PUBLIC [--new INTENT,...]

`--new` names intents that the encoder was not tuned on: each is learnt from five phrases beside all
the others, three draws, and both sides are counted.
"""

import argparse
import json
import random
import time

import numpy as np

import corpora
import noise
from embed import Encoder
from head import Head, accuracy, auroc

SEED, DRAWS, PHRASES, SHOTS = 99, 3, 5, 10


def columns(rows):
    return [text for text, _ in rows], [label for _, label in rows]


def shots(rows, count, rng):
    """`count` rows of each label, drawn."""
    by_label = {}
    for row in rows:
        by_label.setdefault(row[1], []).append(row)
    return [row for label in sorted(by_label) for row in rng.sample(by_label[label], min(count, len(by_label[label])))]


def club(encoder, new):
    split = corpora.club()
    known = [row for row in split.tuned if row[1] not in new]
    held = [row for row in split.held if row[1] not in new]
    vectors, labels = encoder.many(columns(known)[0]), columns(known)[1]
    texts, truth = columns(held)
    seen = encoder.many(texts)
    head = Head(vectors, labels)
    rng = random.Random(SEED)
    rough = encoder.many([noise.rough(text, rng) or text for text in texts])
    figures = {
        "club_held": accuracy(head, seen, truth),
        "club_held_n": len(truth),
        "club_held_rough": accuracy(head, rough, truth),
    }
    # Strangers by energy alone, from a head that never saw one.
    inside = [label != corpora.OUTSIDE for label in labels]
    blind = Head(vectors[inside], [label for label in labels if label != corpora.OUTSIDE])
    own = np.array([label != corpora.OUTSIDE for label in truth])
    energy = blind.energy(seen)
    figures["club_stranger_auroc"] = auroc(energy[own], energy[~own])
    if new:
        figures |= newcomers(encoder, new, split, (vectors, labels), (seen, truth))
    return figures


def newcomers(encoder, new, split, known, held):
    """Five phrases of each new intent beside all the others."""
    rows = [row for row in split.tuned + split.held if row[1] in new]
    vectors = dict(zip(columns(rows)[0], encoder.many(columns(rows)[0]), strict=True))
    found, others = [], []
    for draw in range(DRAWS):
        few = shots(rows, PHRASES, random.Random(1000 * PHRASES + draw))
        rest = [row for row in rows if row not in few]
        x = np.concatenate([known[0], [vectors[text] for text, _ in few]])
        head = Head(x, known[1] + columns(few)[1])
        found.append(accuracy(head, np.stack([vectors[text] for text, _ in rest]), columns(rest)[1]))
        others.append(accuracy(head, *held))
    return {"new_intents": float(np.mean(found)), "beside_new": float(np.mean(others))}


def public(encoder, folder):
    rng = random.Random(SEED)
    train, valid, strangers = corpora.clinc(folder)
    few = shots(train, 2 * SHOTS, rng)
    head = Head(encoder.many(columns(few)[0]), columns(few)[1])
    seen = encoder.many(columns(valid)[0])
    figures = {
        "clinc_val_20_shot": accuracy(head, seen, columns(valid)[1]),
        "clinc_val_stranger_auroc": auroc(head.energy(seen), head.energy(encoder.many(strangers))),
    }
    split = corpora.banking(folder)
    few = shots(split.tuned, SHOTS, rng)
    head = Head(encoder.many(columns(few)[0]), columns(few)[1])
    texts, truth = columns(split.held)
    figures["banking_held_10_shot"] = accuracy(head, encoder.many(texts), truth)
    return figures


def main():
    parser = argparse.ArgumentParser()
    for name in ("encoder", "tokenizer", "public"):
        parser.add_argument(name)
    parser.add_argument("--new", default="")
    args = parser.parse_args()
    start = time.process_time()
    encoder = Encoder(args.encoder, args.tokenizer)
    figures = club(encoder, set(filter(None, args.new.split(","))))
    figures |= public(encoder, args.public)
    figures = {name: round(value, 4) for name, value in figures.items()}
    print(json.dumps({**figures, "seconds": round(time.process_time() - start)}))


if __name__ == "__main__":
    main()
