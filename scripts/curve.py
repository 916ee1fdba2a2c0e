#!/usr/bin/env python3
"""Accuracy against the amount of training data: the head trained on parts of the shipped corpus, read on tests/data/apart.

usage: scripts/curve.py measure [--clubos PROGRAM] [--encoder FILE] [--name NAME]   adds lines to docs/curve.json
       scripts/curve.py additions [--clubos PROGRAM] COMMIT...                      what each addition to the corpus gave
       scripts/curve.py draw                                                        docs/curve.svg and a Markdown table

measure draws, of the rows of every intent, 0, 10, 20, 35, 50, 70, 85 and 100 in a hundred (seeds 1 to 3); the SOPs' own
examples are always there. --encoder takes another encoder than the shipped one, which was tuned on nine tenths of all rows
and so flatters small shares. additions takes the corpus as it was at each commit, and the SOPs as they are. Only totals
are printed, no text. Needs Python alone.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
WORK = HOUSE / "target/curve"
FIGURES, PICTURE = HOUSE / "docs/curve.json", HOUSE / "docs/curve.svg"
SETS = ("live", "adversarial")
SHARES, SEEDS = (0, 10, 20, 35, 50, 70, 85, 100), (1, 2, 3)
KEPT = ("accuracy", "match_share", "oos_recall", "wrong_act")


def corpus(folder: Path) -> list[dict]:
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    return [json.loads(line) for line in lines if line.strip()]


def drawn(rows: list[dict], share: int, seed: int) -> list[dict]:
    """`share` in a hundred of every intent's rows, in their order."""
    places: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        places.setdefault(row["intent"], []).append(at)
    taken = set()
    for intent, own in places.items():
        taken.update(random.Random(f"{seed}/{intent}").sample(own, round(len(own) * share / 100)))
    return [row for at, row in enumerate(rows) if at in taken]


class Bench:
    """A model folder of its own, whose corpus is what is being tried."""

    def __init__(self, program: Path, encoder: Path):
        self.program, self.home = program, WORK / "models"
        self.full = WORK / f"embeddings-{encoder.stat().st_ino}"
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "data").mkdir(parents=True)
        (self.home / "encoder.onnx").symlink_to(encoder)
        for name in ("tokenizer.json", "runtime"):
            (self.home / name).symlink_to(HOUSE / "models" / name)

    def try_on(self, rows: list[dict]) -> dict[str, dict]:
        cache = self.home / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        if self.full.is_dir():
            shutil.copytree(self.full, cache)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self.home / "data/rows.jsonl").write_text(text, encoding="utf-8")
        figures = {name: self.eval(HOUSE / f"tests/data/apart/{name}.jsonl") for name in SETS}
        if not self.full.is_dir():  # the first run has all rows: their embeddings serve the others
            shutil.copytree(cache, self.full)
            (self.full / "head.json").unlink(missing_ok=True)
        return figures

    def eval(self, test: Path) -> dict:
        command = [str(self.program), "--model-dir", str(self.home), "eval", str(test), "--json"]
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: {done.stderr[-500:]}")
        report = json.loads(done.stdout)
        return {"n": report["n"], **{name: report[name] for name in KEPT}}


def measure(options) -> None:
    rows = corpus(HOUSE / "models/data")
    bench = Bench(options.clubos.resolve(), options.encoder.resolve())
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else []
    kept = [line for line in kept if line["encoder"] != options.name]
    for seed in SEEDS:
        for share in sorted(SHARES, reverse=True) if seed == SEEDS[0] else SHARES[1:-1]:
            part = drawn(rows, share, seed)
            line = {"encoder": options.name, "share": share, "seed": seed, "rows": len(part), **bench.try_on(part)}
            kept.append(line)
            print(json.dumps(line), flush=True)
            FIGURES.write_text("[\n" + ",\n".join(json.dumps(line) for line in kept) + "\n]\n")


def additions(options) -> None:
    bench = Bench(options.clubos.resolve(), HOUSE / "models/encoder.onnx")
    print("| corpus | rows | live: right; matched; wrong act | adversarial |\n|---|---|---|---|")
    for commit in options.commits:
        folder = WORK / "then"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit, "models/data"], cwd=HOUSE, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        rows = corpus(folder / "models/data")
        got = bench.try_on(rows)
        cells = (f"{g['accuracy']:.1f}; {g['match_share']:.1f}; {g['wrong_act']:.2f}" for g in got.values())
        print(f"| {commit} | {len(rows)} | " + " | ".join(cells) + " |", flush=True)


def points(lines: list[dict], name: str, figure: str) -> list[tuple[float, list[float]]]:
    """Rows (mean over seeds) and the figure of each seed, by share."""
    by_share: dict[int, list[dict]] = {}
    for line in lines:
        by_share.setdefault(line["share"], []).append(line)
    return [
        (sum(line["rows"] for line in own) / len(own), [line[name][figure] for line in own])
        for _, own in sorted(by_share.items())
    ]


def draw(_) -> None:
    lines = json.loads(FIGURES.read_text())
    encoders = list(dict.fromkeys(line["encoder"] for line in lines))
    print("| rows of the corpus | " + " | ".join(f"{e}: {s}" for e in encoders for s in SETS) + " |")
    print("|---|" + "---|" * (len(encoders) * len(SETS)))
    columns = [points([x for x in lines if x["encoder"] == e], s, "accuracy") for e in encoders for s in SETS]
    for at, (rows, _) in enumerate(columns[0]):
        cells = [spread(column[at][1]) if at < len(column) else "" for column in columns]
        print(f"| {rows:,.0f} | " + " | ".join(cells) + " |")
    PICTURE.write_text(picture(encoders, lines), encoding="utf-8")


def spread(figures: list[float]) -> str:
    mean = sum(figures) / len(figures)
    return f"{mean:.1f}" if len(figures) == 1 else f"{mean:.1f} ({min(figures):.1f} to {max(figures):.1f})"


WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 56, 20, 34, 52
COLOURS = {"live": "#1f6f5c", "adversarial": "#a8441f"}


def picture(encoders: list[str], lines: list[dict]) -> str:
    most = max(line["rows"] for line in lines)
    values = [line[s]["accuracy"] for line in lines for s in SETS]
    low, high = 5 * int(min(values) // 5), 5 * int(-(-max(values) // 5))
    x = lambda rows: LEFT + (WIDE - LEFT - RIGHT) * rows / most
    y = lambda value: TOP + (HIGH - TOP - BOTTOM) * (high - value) / (high - low)
    seeds = len({line["seed"] for line in lines})
    bars = f"; bars: lowest and highest of {seeds} draws" if seeds > 1 else "; one draw"
    text = lambda at, up, words, **more: (
        f'<text x="{at:.1f}" y="{up:.1f}" ' + " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in more.items()) + f">{words}</text>"
    )
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" font-family="sans-serif" font-size="12" role="img">',
        "<title>Best guess right against the rows of the corpus that the head is trained on</title>",
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>',
        text(LEFT, 20, f"Best guess right, percent (tests/data/apart){bars}", fill="#222"),
    ]
    for value in range(low, high + 1, 5):
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDE - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y(value) + 4, value, text_anchor="end", fill="#444"))
    for rows in range(0, most + 1, 2000):
        out.append(text(x(rows), HIGH - BOTTOM + 18, f"{rows:,}", text_anchor="middle", fill="#444"))
    out.append(text(WIDE / 2, HIGH - 8, "rows of the corpus beside the SOPs' own examples", text_anchor="middle", fill="#444"))
    for e, encoder in enumerate(encoders):
        own = [line for line in lines if line["encoder"] == encoder]
        for name in SETS:
            curve = points(own, name, "accuracy")
            middle = [(x(rows), y(sum(got) / len(got))) for rows, got in curve]
            dash = ' stroke-dasharray="5 4"' if e else ""
            path = "L".join(f"{a:.1f} {b:.1f}" for a, b in middle)
            out.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"{dash}/>')
            for (rows, got), (a, b) in zip(curve, middle):
                out.append(f'<path d="M{a:.1f} {y(max(got)):.1f}V{y(min(got)):.1f}" stroke="{COLOURS[name]}"/>')
                out.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{COLOURS[name]}"/>')
            at, up = middle[-1]
            out.append(text(at, up + (16 if e else -8), f"{name}, {encoder}", text_anchor="end", fill=COLOURS[name]))
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for part, what in (("measure", measure), ("additions", additions), ("draw", draw)):
        command = parts.add_parser(part)
        command.set_defaults(what=what)
        command.add_argument("--clubos", type=Path, default=HOUSE / "target/release/clubos")
        if what is measure:
            command.add_argument("--encoder", type=Path, default=HOUSE / "models/encoder.onnx")
            command.add_argument("--name", default="shipped encoder")
        if what is additions:
            command.add_argument("commits", nargs="+", metavar="COMMIT")
    options = parser.parse_args()
    options.what(options)


if __name__ == "__main__":
    main()
