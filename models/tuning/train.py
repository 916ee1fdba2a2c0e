"""Tunes the encoder: cross-entropy on cosines plus supervised contrastive loss. One thread, seeded.

usage: train.py BASE TOKENIZER PUBLIC OUTPUT [--without INTENT,...] [--budget SECONDS]

Three tasks take turns, each with its own class vectors: the club's intents, CLINC150, BANKING77.
Writes the tuned weights (not yet averaged with the base); prints a line every 50 steps.
"""

import argparse
import random
import sys
import time

import tokenizers
import torch
import torch.nn.functional as F

import corpora
import net
import noise

SEED = 20261124
BATCH, PER_CLASS = 64, 2
RATE, DROP, ROUGH = 1e-4, 0.1, 0.3
SCALE, SMOOTH, TEMPERATURE = 20.0, 0.05, 0.07
TOKENS = 48
EPOCHS = {"club": 3.5, "clinc": 2.0, "banking": 1.5}


class Task:
    """Rows of one labelled set and its class vectors, which start at the classes' means."""

    def __init__(self, rows, tensors, tokenizer):
        self.tokenizer = tokenizer
        self.names = sorted({label for _, label in rows})
        place = {name: at for at, name in enumerate(self.names)}
        self.members = [[] for _ in self.names]
        for text, label in rows:
            self.members[place[label]].append(text)
        self.outside = place.get(corpora.OUTSIDE)
        self.rows = len(rows)
        with torch.no_grad():
            means = [
                net.encode(tensors, self.tokens(texts[:200]), chunk=64).mean(0) for texts in self.members
            ]
        self.vectors = F.normalize(torch.stack(means), dim=-1).requires_grad_()

    def tokens(self, texts):
        return [row.ids for row in self.tokenizer.encode_batch(texts)]

    def batch(self, rng):
        """Token lists and classes: `PER_CLASS` texts of each of as many classes as fit."""
        count = min(BATCH // PER_CLASS, len(self.names))
        texts, classes = [], []
        for k in rng.sample(range(len(self.names)), count):
            some = self.members[k]
            texts += rng.sample(some, PER_CLASS) if len(some) >= PER_CLASS else rng.choices(some, k=PER_CLASS)
            classes += [k] * PER_CLASS
        texts = [(noise.rough(t, rng) or t) if rng.random() < ROUGH else t for t in texts]
        return self.tokens(texts), torch.tensor(classes)

    def loss(self, vectors, classes):
        cosines = F.linear(vectors, F.normalize(self.vectors, dim=-1))
        direct = F.cross_entropy(cosines * SCALE, classes, label_smoothing=SMOOTH)
        itself = torch.eye(len(classes), dtype=torch.bool)
        alike = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -1e9)
        logs = alike - torch.logsumexp(alike, 1, keepdim=True)
        # What is none of the club's business has nothing in common: it repels, it does not attract.
        same = (classes[:, None] == classes[None]) & ~itself
        if self.outside is not None:
            same &= (classes != self.outside)[:, None]
        same = same.float()
        return direct - ((logs * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def schedule(tasks, rng):
    """Names of the tasks in the order in which they take their steps."""
    steps = [
        name for name, task in tasks.items() for _ in range(int(EPOCHS[name] * task.rows / BATCH))
    ]
    rng.shuffle(steps)
    return steps


def tune(tensors, tasks, rng, budget):
    learn = [t.requires_grad_() for name, t in tensors.items() if name not in net.FROZEN]
    vectors = [task.vectors for task in tasks.values()]
    steps = schedule(tasks, rng)
    groups = [{"params": learn, "lr": RATE}, {"params": vectors, "lr": RATE * 10}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [RATE, RATE * 10], total_steps=len(steps) + 1, pct_start=0.1, anneal_strategy="linear"
    )
    total, start = 0.0, time.process_time()
    for step, name in enumerate(steps, 1):
        tokens, classes = tasks[name].batch(rng)
        loss = tasks[name].loss(net.encode(tensors, tokens, DROP), classes)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learn, 1.0)
        optimiser.step()
        rates.step()
        total += loss.item()
        if step % 50 == 0:
            spent = time.process_time() - start
            print(f"step {step} of {len(steps)}: loss {total / 50:.3f}, {spent:.0f} s of CPU", flush=True)
            total = 0.0
            if spent > budget:
                sys.exit("the time allowed is spent: nothing was written")


def main():
    parser = argparse.ArgumentParser()
    for name in ("base", "tokenizer", "public", "output"):
        parser.add_argument(name)
    parser.add_argument("--without", default="", help="intents that are not to be learnt")
    parser.add_argument("--budget", type=float, default=3600, help="seconds of CPU")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    rng = random.Random(SEED)

    tokenizer = tokenizers.Tokenizer.from_file(args.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)
    tensors = net.load(args.base)
    without = set(filter(None, args.without.split(",")))
    rows = {
        "club": [row for row in corpora.club().tuned if row[1] not in without],
        "clinc": corpora.clinc(args.public)[0],
        "banking": corpora.banking(args.public).tuned,
    }
    tasks = {name: Task(some, tensors, tokenizer) for name, some in rows.items()}
    print({name: (task.rows, len(task.names)) for name, task in tasks.items()}, flush=True)
    tune(tensors, tasks, rng, args.budget)
    net.save(tensors, args.output)


if __name__ == "__main__":
    try:
        main()
    except corpora.Refused as refused:
        sys.exit(f"error: {refused}")
