#!/usr/bin/env python3
"""Two simple peers beside the box, on the same texts in the same run: TF-IDF with a linear SVM, and with logistic regression.

usage: scripts/peers.py [--clubos PROGRAM] [TEST.jsonl ...]

Trains on what the box trains on (models/data and the SOPs' examples), reads the test sets, and prints accuracy (best
guess among the accepted) and time for each text. Needs scikit-learn; makes an environment of its own in target/peers.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
HOME = HOUSE / "target/peers"


def environment() -> None:
    """Goes on inside an environment that has scikit-learn."""
    if os.environ.get("CLUBOS_PEERS"):
        return
    python = HOME / "bin/python"
    if not python.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "scikit-learn==1.9.1"], check=True)
    os.execve(python, [str(python), *sys.argv], {**os.environ, "CLUBOS_PEERS": "1"})


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def training() -> tuple[list[str], list[str]]:
    rows = [(r["text"], r["intent"]) for p in sorted((HOUSE / "models/data").glob("*.jsonl")) for r in lines(p)]
    for path in sorted((HOUSE / "sops").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        block = re.search(r"^examples:\n((?:  ?- .*\n)+)", text, re.MULTILINE)
        for item in re.findall(r"- (.*)", block.group(1)) if block else []:
            rows.append((item.strip().strip("\"'"), path.stem))
    return [text for text, _ in rows], [intent for _, intent in rows]


def box(program: Path, cases: list[dict]) -> tuple[float, float]:
    """Accuracy, and milliseconds a text beyond the start."""
    def read(texts: list[str]) -> tuple[list[dict], float]:
        asked = "".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts))
        started = time.perf_counter()
        done = subprocess.run([program, "classify"], input=asked, capture_output=True, text=True, cwd=HOUSE, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()], time.perf_counter() - started

    _, start = read(["hello"])
    answers, took = read([case["text"] for case in cases])
    right = sum(answer["intent"] in case["accept"] for answer, case in zip(answers, cases))
    return 100 * right / len(cases), 1000 * (took - start) / len(cases)


def main() -> None:
    environment()
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clubos", type=Path, default=HOUSE / "target/release/clubos")
    parser.add_argument("tests", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    sets = options.tests or [HOUSE / "tests/data/apart" / name for name in ("live.jsonl", "adversarial.jsonl")]
    texts, intents = training()
    features = lambda: make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    peers = {
        "TF-IDF (words and letters), linear SVM": make_pipeline(features(), LinearSVC(C=1.0)),
        "TF-IDF (words and letters), logistic regression": make_pipeline(
            features(), LogisticRegression(C=30, max_iter=300)
        ),
    }
    print(f"| reader, {len(texts)} training texts | set | accuracy | ms a text | training |\n|---|---|---|---|---|")
    for name, peer in peers.items():
        started = time.perf_counter()
        peer.fit(texts, intents)
        trained = time.perf_counter() - started
        for path in sets:
            cases = lines(path)
            started = time.perf_counter()
            guesses = [peer.predict([case["text"]])[0] for case in cases]
            took = 1000 * (time.perf_counter() - started) / len(cases)
            right = sum(guess in case["accept"] for guess, case in zip(guesses, cases))
            print(f"| {name} | {path.stem} (n = {len(cases)}) | {100 * right / len(cases):.1f} | {took:.2f} | {trained:.1f} s |")
    for path in sets:
        cases = lines(path)
        accuracy, took = box(options.clubos, cases)
        print(f"| the box | {path.stem} (n = {len(cases)}) | {accuracy:.1f} | {took:.2f} | |")


if __name__ == "__main__":
    main()
