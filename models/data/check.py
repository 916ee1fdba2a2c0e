"""Checks of the corpus that need no program built: python3 models/data/check.py [--full]

Prints counts and, for a row in question, its file and line; never a test set's text. Exit 1 on a failure.
Checked: form, known intents, duplicates, near-duplicates, lengths of each file, overlap with the test sets.
`--full` names every near-duplicate's line.
"""

import collections
import json
import re
import sys
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NEAR = 0.6  # Jaccard of character 5-grams above which two rows are near-duplicates
NEAR_SHARE = 0.02  # largest share of near-duplicates in a newer file
LONG = 25  # a row longer than this may not equal a test line; shorter ones ("thanks") coincide
LONGEST = 480  # characters
# Files written under the rule of NEAR_SHARE; the older ones are only reported.
NEWER = ("outside-", "lookalike-", "terse-", "confusable-")
# file prefix: range of the median length in characters
MEDIANS = {"outside-": (20, 80), "lookalike-": (30, 100), "terse-": (3, 20), "confusable-": (30, 100)}


def normal(text):
    """Lower case, no accents, only letters and digits, single spaces."""
    text = unicodedata.normalize("NFKD", text.lower())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", text).split())


def key(text):
    """What two rows are compared by: `normal`, or the text itself where it holds no letter (emoji, marks)."""
    return normal(text) or text.strip()


def grams(text):
    text = normal(text)
    return {text[i : i + 5] for i in range(len(text) - 4)}


def rows(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield number, json.loads(line)


def customer_texts(value):
    """Every string under a key "text" of a test line."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from customer_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from customer_texts(inner)


def main():
    known = {p.stem for p in (ROOT / "sops").glob("*.md")} - {"house"}
    tests = set()
    for path in sorted((ROOT / "tests" / "data").rglob("*.jsonl")):
        for _, row in rows(path):
            tests.update(normal(t) for t in customer_texts(row))
    tests.discard("")

    failures = []
    corpus = []  # (file, line, text, intent)
    for path in sorted(HERE.glob("*.jsonl")):
        for number, row in rows(path):
            where = f"{path.name}:{number}"
            if set(row) != {"text", "intent"} or not str(row["text"]).strip():
                failures.append(f"{where}: not a text and an intent")
                continue
            if row["intent"] not in known:
                failures.append(f"{where}: unknown intent {row['intent']}")
            if len(row["text"]) > LONGEST:
                failures.append(f"{where}: longer than {LONGEST} characters")
            corpus.append((path.name, number, row["text"], row["intent"]))

    first, postings, sets = {}, collections.defaultdict(list), []
    near = collections.Counter()
    per_file = collections.defaultdict(list)
    overlaps = short_overlaps = 0
    for index, (name, number, text, _) in enumerate(sorted(corpus, key=lambda r: r[0].startswith(NEWER))):
        newer = name.startswith(NEWER)
        per_file[name].append(len(text))
        if key(text) in first:
            if newer:
                failures.append(f"{name}:{number}: repeats {first[key(text)]}")
        else:
            first[key(text)] = f"{name}:{number}"
        if normal(text) in tests:
            if len(text) > LONG:
                overlaps += 1
                failures.append(f"{name}:{number}: equals a test line")
            else:
                short_overlaps += 1
        own = grams(text)
        sets.append((own, f"{name}:{number}"))
        shared = collections.Counter(other for gram in own for other in postings[gram])
        for other, both in shared.most_common():
            if both / (len(own) + len(sets[other][0]) - both) > NEAR:
                near[name] += 1
                if newer and "--full" in sys.argv:
                    print(f"near: {name}:{number} and {sets[other][1]}")
                break
        for gram in own:
            postings[gram].append(index)

    for name, lengths in sorted(per_file.items()):
        lengths.sort()
        at = lambda share: lengths[min(len(lengths) - 1, int(len(lengths) * share))]
        print(f"{name:28} {len(lengths):5} rows  p10/50/90 {at(0.1):3}/{at(0.5):3}/{at(0.9):3}  near {near[name]}")
        for prefix, (low, high) in MEDIANS.items():
            if name.startswith(prefix) and not low <= at(0.5) <= high:
                failures.append(f"{name}: median length {at(0.5)} is not within {low} to {high}")
        if name.startswith(NEWER) and near[name] > NEAR_SHARE * len(lengths):
            failures.append(f"{name}: {near[name]} near-duplicates in {len(lengths)} rows")
    print(f"{len(corpus)} rows, {sum(near.values())} near-duplicates, {overlaps} long and {short_overlaps} short rows equal a test line")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
