"""A small head for measuring an encoder: multinomial logistic regression with the log-count adjustment.

The same kind as the box trains (docs/decisions/0006), without its n-grams and neighbours. numpy only,
so that checking a finished encoder needs no training framework.
"""

import numpy as np

STRENGTH = 30.0  # C, as in the study that chose the head
ROUNDS = 150


class Head:
    def __init__(self, vectors, labels):
        self.names = sorted(set(labels))
        place = {name: at for at, name in enumerate(self.names)}
        classes = np.array([place[label] for label in labels])
        counts = np.bincount(classes, minlength=len(self.names))
        self.prior = np.log(counts / counts.sum()).astype(np.float32)
        self.weights = _fit(_ones(vectors), np.eye(len(self.names), dtype=np.float32)[classes])

    def logits(self, vectors):
        return _ones(vectors) @ self.weights

    def best(self, vectors):
        """The likeliest label of each row, every label held equally common."""
        return [self.names[k] for k in (self.logits(vectors) - self.prior).argmax(1)]

    def energy(self, vectors):
        """How much a row looks like anything known; higher is more."""
        z = self.logits(vectors)
        top = z.max(1)
        return top + np.log(np.exp(z - top[:, None]).sum(1))


def accuracy(head, vectors, labels):
    """Share of rows (0..1) whose likeliest label is right."""
    return float(np.mean([a == b for a, b in zip(head.best(vectors), labels, strict=True)]))


def auroc(inside, outside):
    """How well a score tells inside from outside: 0.5 not at all, 1 always."""
    ranks = np.concatenate([inside, outside]).argsort().argsort() + 1.0
    n, m = len(inside), len(outside)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _ones(vectors):
    return np.hstack([vectors, np.ones((len(vectors), 1), np.float32)]).astype(np.float32)


def _fit(x, truth):
    """Nesterov's accelerated gradient with restarts; convex, deterministic, no library needed."""
    n = len(x)
    ridge = np.full((x.shape[1], 1), 1 / (STRENGTH * n), np.float32)
    ridge[-1] = 0
    step = 1 / (0.5 * float(np.linalg.norm(x, 2) ** 2) / n + float(ridge.max()))
    at = ahead = np.zeros((x.shape[1], truth.shape[1]), np.float32)
    pace = 1.0
    for _ in range(ROUNDS):
        z = x @ ahead
        z = np.exp(z - z.max(1, keepdims=True))
        slope = x.T @ (z / z.sum(1, keepdims=True) - truth) / n + ridge * ahead
        fresh = ahead - step * slope
        if float((slope * (fresh - at)).sum()) > 0:
            pace = 1.0
        faster = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        ahead = fresh + (pace - 1) / faster * (fresh - at)
        at, pace = fresh, faster
    return at
