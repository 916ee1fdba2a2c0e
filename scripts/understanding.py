#!/usr/bin/env python3
"""Measures the understanding beyond the club's own test sets, through `clubos eval`, and prints a Markdown table.

usage: scripts/understanding.py [--clubos PROGRAM] [--nlu DIR] [--work DIR] PART...

PART is one of
  clinc    CLINC150: in-scope accuracy, and out-of-scope recall at the share of in-scope refused (needs --nlu)
  banking  BANKING77 with all examples, and with 10 an intent and the titles (needs --nlu; seeds 0 to 4)
  new      an intent with five phrases and a title beside mature ones (eight of the club's own, read in tests/data/apart;
           honest only with an encoder that never saw them: models/tuning/train.py --without, then --model-dir)
  made-up  the same for eight intents that no encoder saw (models/dev/new.jsonl)
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
import re
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
OUTSIDE = "out-of-scope"
# Drawn once: random.Random(1).sample over the intents that are no danger, small talk or follow-up.
NEWCOMERS = (
    "access.visitor",
    "billing.payment",
    "billing.promo",
    "facility.lights",
    "feedback.complaint",
    "human.request",
    "lost-found",
    "sim.game-setup",
)


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
    def __init__(self, program: Path, work: Path, model: Path | None):
        self.program, self.work = program, work
        self.where = ["--model-dir", str(model.resolve())] if model else []
        work.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, rows: list[tuple[str, str]]) -> Path:
        path = self.work / name
        with path.open("w", encoding="utf-8") as out:
            for text, intent in rows:
                out.write(json.dumps({"text": text, "accept": [intent]}, ensure_ascii=False) + "\n")
        return path

    def eval(self, *arguments) -> dict:
        command = [str(self.program), *self.where, "eval", *map(str, arguments), "--json"]
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr[-500:]}")
        report = json.loads(done.stdout)
        report["said"] = done.stderr.strip().splitlines()[-1:] or [""]
        return report

    def beside(self, train: Path, intent: str, own: list[tuple[str, str]]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Right and n, trained on `train`, of `own` texts of a new intent, and of tests/data/apart; one training for both."""
        lines = "".join((HOUSE / f"tests/data/apart/{name}.jsonl").read_text(encoding="utf-8") for name in ("live", "adversarial"))
        test = self.write("beside-test.jsonl", own)
        test.write_text(test.read_text(encoding="utf-8") + lines, encoding="utf-8")
        report = self.eval("--train", train, test)
        right = round(report["accuracy"] * report["n"] / 100)
        found = round(report["per_intent"][intent]["recall"] * len(own) / 100)
        return (found, len(own)), (right - found, report["n"] - len(own))

    def apart(self, train: Path, intent: str = "") -> tuple[tuple[int, int], tuple[int, int]]:
        """Right and n, trained on `train`, of the lines of tests/data/apart that are this intent's, and of all others."""
        own, rest = [0, 0], [0, 0]
        for name in ("live", "adversarial"):
            report = self.eval("--train", train, f"tests/data/apart/{name}.jsonl")
            here = report["per_intent"].get(intent, {"n": 0, "recall": 0.0})
            right = round(report["accuracy"] * report["n"] / 100)
            found = round(here["recall"] * here["n"] / 100)
            own = [own[0] + found, own[1] + here["n"]]
            rest = [rest[0] + right - found, rest[1] + report["n"] - here["n"]]
        return tuple(own), tuple(rest)

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


def club() -> tuple[list[tuple[str, str]], dict[str, list[str]], dict[str, str]]:
    """The club's training texts (corpus, SOPs' examples and titles); the examples and the title of each SOP."""
    rows, examples, titles = [], {}, {}
    for path in sorted((HOUSE / "models/data").glob("*.jsonl")):
        rows += [(r["text"], r["intent"]) for r in map(json.loads, path.read_text(encoding="utf-8").splitlines())]
    for path in sorted((HOUSE / "sops").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^title: *(.*)$", text, re.M)
        block = re.search(r"^examples:\n((?: +- .*\n)+)", text, re.M)
        if not (title and block):
            continue
        unquoted = lambda item: json.loads(item) if item.startswith('"') else item
        titles[path.stem] = unquoted(title.group(1).strip())
        examples[path.stem] = [unquoted(line.strip()[2:]) for line in block.group(1).splitlines()]
        rows += [(example, path.stem) for example in examples[path.stem]]
    rows += [(title, intent) for intent, title in titles.items() if intent != OUTSIDE]
    return rows, examples, titles


def new(m: Measure) -> None:
    """Each of eight intents in turn is forgotten and learnt anew from five of its SOP's examples and the title, beside all
    others, and read in both sets of tests/data/apart."""
    rows, examples, titles = club()
    fresh, old, before = [], [], []
    for intent in NEWCOMERS:
        others = [r for r in rows if r[1] != intent]
        without = m.apart(m.write("new-train.jsonl", others), intent)
        for seed in (1, 2):
            few = [*random.Random(f"{seed}/{intent}").sample(examples[intent], 5), titles[intent]]
            own, rest = m.apart(m.write("new-train.jsonl", others + [(text, intent) for text in few]), intent)
            fresh.append(own)
            old.append(rest)
            before.append(without[1])
    right, n = map(sum, zip(*fresh))
    row("new intent, 5 phrases and a title", f"{100 * right / n:.1f} {wilson(100 * right / n, n)}",
        f"n = {n}: {len(NEWCOMERS)} intents one after another, two draws of phrases each, tests/data/apart")
    difference("… the mature ones beside it", old, before)


def made_up(m: Measure, name: str) -> None:
    """Intents that no encoder saw (models/dev): all at once, then one after another."""
    rows, _, _ = club()
    fresh: dict[str, list[dict]] = {}
    for line in (HOUSE / f"models/dev/{name}.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        fresh.setdefault(entry["accept"][0], []).append(entry)
    pick = lambda own, part: [(e["text"], e["accept"][0]) for e in own if (e["part"] == "test") == part]
    bare = m.apart(m.write("made-up-train.jsonl", rows))[1]
    everything = [e for own in fresh.values() for e in own]
    train = m.write("made-up-train.jsonl", rows + pick(everything, False))
    report = m.eval("--train", train, m.write("made-up-test.jsonl", pick(everything, True)))
    row("made-up intents, all at once", f"{report['accuracy']:.1f} {wilson(report['accuracy'], report['n'])}",
        f"n = {report['n']}: {len(fresh)} intents, 5 phrases and a title each; matched {report['match_share']:.1f}, asked {report['ask_share']:.1f}")
    difference("… the mature ones beside them", [m.apart(train)[1]], [bare])
    found, beside = [], []
    for intent, own in fresh.items():
        train = m.write("made-up-train.jsonl", rows + pick(own, False))
        one, rest = m.beside(train, intent, pick(own, True))
        found.append(one)
        beside.append(rest)
    right, n = map(sum, zip(*found))
    row("made-up intents, each alone beside the mature ones", f"{100 * right / n:.1f} {wilson(100 * right / n, n)}",
        f"n = {n}; worst and best intent {least(found)}")
    difference("… the mature ones beside it", beside, [bare] * len(beside))


def least(found: list[tuple[int, int]]) -> str:
    shares = sorted(100 * right / n for right, n in found)
    return f"{shares[0]:.0f} and {shares[-1]:.0f}"


def difference(what: str, after: list[tuple[int, int]], before: list[tuple[int, int]]) -> None:
    share = lambda counts: 100 * sum(right for right, _ in counts) / sum(n for _, n in counts)
    row(what, f"{share(after):.2f}; without {share(before):.2f}", f"{share(after) - share(before):+.2f} points, n = {after[0][1]} each time")


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
    parser.add_argument("--model-dir", type=Path, help="folder with another encoder, for new and made-up")
    parser.add_argument("--work", type=Path, default=HOUSE / "target/understanding")
    parser.add_argument("parts", nargs="+", choices=["clinc", "banking", "new", "made-up", "made-up-second", "typos", "cv"], metavar="PART")
    options = parser.parse_args()
    measure = Measure(options.clubos, options.work, options.model_dir)
    print("| what | percent | how |\n|---|---|---|")
    for part in options.parts:
        if part in ("clinc", "banking"):
            if options.nlu is None:
                sys.exit(f"{part} needs --nlu DIR")
            {"clinc": clinc, "banking": banking}[part](measure, options.nlu)
        else:
            parts = {"new": new, "typos": typos, "cv": cv}
            parts |= {"made-up": lambda m: made_up(m, "new"), "made-up-second": lambda m: made_up(m, "new-second")}
            parts[part](measure)


if __name__ == "__main__":
    main()
