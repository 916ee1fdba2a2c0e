#!/usr/bin/env python3
"""Measures the understanding beyond the club's own test sets, through `clubos eval`, and prints a Markdown table.

usage: scripts/understanding.py [--clubos PROGRAM] [--nlu DIR] [--work DIR] PART...

PART is one of
  clinc    CLINC150: in-scope accuracy, and out-of-scope recall at the share of in-scope refused (needs --nlu)
  banking  BANKING77 with all examples, and with 10 an intent and the titles (needs --nlu; seeds 0 to 4)
  new      an intent with five phrases and a title beside mature ones (the shipped corpus; seeds 0 to 4)
  typos    what slips of typing cost on tests/data/apart/live.jsonl (seeds 1 to 3)
  cv       five-fold cross-validation over the training texts, and the same with less data

--nlu holds clinc150_full.json (CC BY 3.0) and banking77_{train,test}.csv (CC BY 4.0); they are fetched from their
authors, converted into --work and never kept here. Only totals are printed, no text. Needs Python alone.
"""

import argparse
import csv
import json
import math
import random
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
OUTSIDE = "out-of-scope"


def wilson(share: float, n: int) -> str:
    """The 95 % Wilson interval of a share in percent."""
    if n == 0:
        return ""
    p, z = share / 100, 1.96
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return f"[{100 * low:.1f}, {100 * high:.1f}]"


def mean(values: list[float]) -> str:
    average = sum(values) / len(values)
    if len(values) == 1:
        return f"{average:.1f}"
    spread = math.sqrt(sum((v - average) ** 2 for v in values) / (len(values) - 1))
    return f"{average:.1f} ± {spread:.1f}"


class Measure:
    def __init__(self, program: Path, work: Path):
        self.program, self.work = program, work
        work.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, rows: list[tuple[str, str]]) -> Path:
        path = self.work / name
        with path.open("w", encoding="utf-8") as out:
            for text, intent in rows:
                out.write(json.dumps({"text": text, "accept": [intent]}, ensure_ascii=False) + "\n")
        return path

    def eval(self, *arguments) -> dict:
        command = [str(self.program), "eval", *map(str, arguments), "--json"]
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr[-500:]}")
        report = json.loads(done.stdout)
        report["said"] = done.stderr.strip().splitlines()[-1:] or [""]
        return report

    def trained(self, name: str, train: list[tuple[str, str]], test: list[tuple[str, str]]) -> dict:
        return self.eval("--train", self.write(f"{name}-train.jsonl", train), self.write(f"{name}-test.jsonl", test))


def row(what: str, figure: str, how: str) -> None:
    print(f"| {what} | {figure} | {how} |", flush=True)


def clinc(m: Measure, nlu: Path) -> None:
    data = json.loads((nlu / "clinc150_full.json").read_text(encoding="utf-8"))
    take = lambda part: [(text, OUTSIDE if intent == "oos" else intent) for text, intent in data[part]]
    train, test = take("train") + take("oos_train") + take("oos_val"), take("test") + take("oos_test")
    r = m.trained("clinc", train, test)
    inside, outside = len(data["test"]), len(data["oos_test"])
    alone = m.trained("clinc-inside", take("train"), take("test"))["accuracy"]
    row("CLINC150, in scope, trained on the 150 intents", f"{alone:.1f} {wilson(alone, inside)}", f"n = {inside}")
    row("CLINC150, in scope, out-of-scope also to be told", f"{r['in_scope_accuracy']:.1f} {wilson(r['in_scope_accuracy'], inside)}",
        f"n = {inside}; a text taken for out-of-scope counts as wrong")
    row("CLINC150, out-of-scope recall", f"{r['oos_recall']:.1f} {wilson(r['oos_recall'], outside)}",
        f"n = {outside}, at {r['in_scope_refused']:.1f} % of in-scope refused; 200 out-of-scope texts in training")


def banking(m: Measure, nlu: Path) -> None:
    def take(part: str) -> list[tuple[str, str]]:
        with (nlu / f"banking77_{part}.csv").open(encoding="utf-8", newline="") as f:
            return [(r["text"], r["category"]) for r in csv.DictReader(f)]

    train, test = take("train"), take("test")
    r = m.trained("banking", train, test)
    row("BANKING77, all examples", f"{r['accuracy']:.1f} {wilson(r['accuracy'], len(test))}", f"n = {len(test)}")
    figures = []
    for seed in range(5):
        few = [row for intent in sorted({i for _, i in train}) for row in draw(train, intent, 10, seed)]
        few += [(intent.replace("_", " "), intent) for intent in sorted({i for _, i in train})]
        figures.append(m.trained("banking10", few, test)["accuracy"])
    row("BANKING77, 10 an intent with titles", mean(figures), f"n = {len(test)}, 5 draws (seeds 0-4), ± deviation")


def draw(rows: list[tuple[str, str]], intent: str, n: int, seed: int) -> list[tuple[str, str]]:
    own = [r for r in rows if r[1] == intent]
    return random.Random(f"{seed}/{intent}").sample(own, min(n, len(own)))


def new(m: Measure) -> None:
    rows = []
    for path in sorted((HOUSE / "models/data").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                entry = json.loads(line)
                rows.append((entry["text"], entry["intent"]))
    titles = {}
    for path in (HOUSE / "sops").glob("*.md"):
        lines = path.read_text(encoding="utf-8").splitlines()
        field = lambda key: next((l.split(":", 1)[1].strip().strip("\"'") for l in lines if l.startswith(f"{key}:")), "")
        titles[field("id") or path.stem] = field("title")
    fresh, old, before, counts = [], [], [], [0, 0]
    for seed in range(5):
        shuffled = rows[:]
        random.Random(seed).shuffle(shuffled)
        test, train = shuffled[: len(rows) // 5], shuffled[len(rows) // 5 :]
        plain = [i for i in sorted(titles) if not i.startswith(("emergency.", "chat.", "followup.")) and i != OUTSIDE]
        chosen = set(random.Random(seed).sample([i for i in plain if sum(r[1] == i for r in rows) >= 80], 5))
        kept = [r for r in train if r[1] not in chosen]
        few = [r for i in sorted(chosen) for r in draw(train, i, 5, seed)] + [(titles[i], i) for i in sorted(chosen)]
        old_test = [r for r in test if r[1] not in chosen]
        new_test = [r for r in test if r[1] in chosen]
        fresh.append(m.trained("new", kept + few, new_test)["accuracy"])
        old.append(m.trained("new", kept + few, old_test)["accuracy"])
        before.append(m.trained("new", kept, old_test)["accuracy"])
        counts = [counts[0] + len(new_test), counts[1] + len(old_test)]
    row("new intent, 5 phrases and a title", mean(fresh), f"n = {counts[0]}; 5 draws of 5 intents, held-back texts")
    row("… the mature ones beside it, and without it", f"{mean(old)}; {mean(before)}", f"n = {counts[1]}; same draws")


def typos(m: Measure) -> None:
    file = "tests/data/apart/live.jsonl"
    clean = m.eval(file)
    for percent in (3, 5):
        runs = [m.eval(file, "--typos", percent, "--seed", seed) for seed in (1, 2, 3)]
        lost = [clean["accuracy"] - r["accuracy"] for r in runs]
        row(f"accuracy lost to slips, {percent} % of letters", mean(lost),
            f"n = {clean['n']}, seeds 1-3, {runs[0]['said'][0].split(' (')[0]}")


def cv(m: Measure) -> None:
    for share in (10, 25, 50, 75, 100):
        r = m.eval("--cv", 5, "--share", share)
        row(f"5-fold cross-validation, {share} % of the training texts",
            f"{r['accuracy']:.1f} {wilson(r['accuracy'], r['n'])}",
            f"n = {r['n']}, seed 1; refused {r['in_scope_refused']:.1f}, out-of-scope recall {r['oos_recall']:.1f}, "
            f"wrong act {r['wrong_act']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clubos", type=Path, default=HOUSE / "target/release/clubos")
    parser.add_argument("--nlu", type=Path)
    parser.add_argument("--work", type=Path, default=HOUSE / "target/understanding")
    parser.add_argument("parts", nargs="+", choices=["clinc", "banking", "new", "typos", "cv"], metavar="PART")
    options = parser.parse_args()
    measure = Measure(options.clubos, options.work)
    print("| what | percent | how |\n|---|---|---|")
    for part in options.parts:
        if part in ("clinc", "banking"):
            if options.nlu is None:
                sys.exit(f"{part} needs --nlu DIR")
            {"clinc": clinc, "banking": banking}[part](measure, options.nlu)
        else:
            {"new": new, "typos": typos, "cv": cv}[part](measure)


if __name__ == "__main__":
    main()
