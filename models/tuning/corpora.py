"""What the encoder is tuned on: the club's own texts and two public training splits, each pinned.

Owns reading and splitting; never reads a test set (nothing under tests/, no test split). A row is
`(text, label)`. Rows of the club are cut into sittings (neighbouring lines of one intent in one
file, written together); whole sittings are held back, so that a near repeat does not stand on both sides.

CLUBOS_CORPUS   folder with `models/data` and `sops` [default: this working tree]
"""

import csv
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(os.environ.get("CLUBOS_CORPUS") or Path(__file__).resolve().parent.parent.parent)
OUTSIDE = "out-of-scope"
SITTING = 8  # lines
HELD_OUT_OF = 10  # one sitting in so many is never tuned on
CLINC_SHA = "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0"
BANKING_SHA = "b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b"


class Refused(Exception):
    """A file that is missing or not the one this recipe was made with."""


@dataclass
class Split:
    """Rows to tune on and rows held back."""

    tuned: list
    held: list


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def club_files():
    """The club's own texts, in a fixed order."""
    return sorted((ROOT / "models" / "data").glob("*.jsonl")) + sorted((ROOT / "sops").glob("**/*.md"))


def fingerprint(files):
    """One hash over the names and contents of `files`."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)} {sha256(path)}\n".encode())
    return digest.hexdigest()


def club():
    """Corpus and SOP examples; a text that stands twice keeps its first place."""
    rows, seen = [], set()
    for path in club_files():
        read = _corpus if path.suffix == ".jsonl" else _sop
        for text, intent in read(path):
            key = re.sub(r"\W+", "", text.lower())
            if key and key not in seen:
                seen.add(key)
                rows.append((path.name, text, intent))
    split = Split([], [])
    for (text, intent), held in zip([(t, i) for _, t, i in rows], _sittings(rows)):
        (split.held if held else split.tuned).append((text, intent))
    return split


def _sittings(rows):
    """Whether each row belongs to a sitting that is held back."""
    marks, count = [], {}
    for name, _, intent in rows:
        place = count.get((name, intent), 0)
        count[name, intent] = place + 1
        key = f"{name} {intent} {place // SITTING}".encode()
        marks.append(hashlib.sha256(key).digest()[0] * HELD_OUT_OF < 256)
    return marks


def _corpus(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            yield row["text"], row["intent"]


def _sop(path):
    """Examples of one SOP: the quoted items under `examples:`, which its own linter keeps so."""
    text = path.read_text(encoding="utf-8")
    intent = re.search(r"^id: *(\S+)", text, re.M)
    block = re.search(r"^examples:\n((?: +- .*\n)+)", text, re.M)
    if not (intent and block):
        return
    for item in block.group(1).splitlines():
        quoted = re.match(r' +- "((?:[^"\\]|\\.)*)"$', item)
        yield (json.loads(f'"{quoted.group(1)}"') if quoted else item.strip()[2:]), intent.group(1)


def clinc(folder):
    """CLINC150 (CC BY 3.0): train in scope, validation in scope, validation out of scope."""
    data = json.loads(_pinned(folder, "clinc150_full.json", CLINC_SHA))
    return (
        [tuple(row) for row in data["train"]],
        [tuple(row) for row in data["val"]],
        [text for text, _ in data["oos_val"]],
    )


def banking(folder):
    """BANKING77 (CC BY 4.0), train: nine in ten to tune on, one in ten held back."""
    body = _pinned(folder, "banking77_train.csv", BANKING_SHA).splitlines()
    rows = [(row["text"].strip(), row["category"]) for row in csv.DictReader(body)]
    return Split([r for i, r in enumerate(rows) if i % 10], rows[::10])


def _pinned(folder, name, digest):
    path = Path(folder) / name
    if not path.is_file():
        raise Refused(f"{path} is missing: see models/README.md, Public training data")
    if sha256(path) != digest:
        raise Refused(f"{path} has another sha256 than pinned")
    return path.read_text(encoding="utf-8")
