#!/usr/bin/env python3
"""Proves that the shipped encoder is the one its card speaks of.

usage: verify.py [--figures PROGRAM]

Checks the sha256 of encoder.onnx and tokenizer.json against encoder.card.json. With --figures it also
reads tests/data with PROGRAM (a built `clubos`) and holds what comes out against the card's figures,
which may differ by `BAND` points: 8-bit arithmetic is not the same on every kind of processor.
"""

import argparse
import json
import subprocess

import fetch

CARD = fetch.HERE / "encoder.card.json"
FILES = {"encoder.onnx": "encoder_sha256", "tokenizer.json": "tokenizer_sha256"}
BAND = 2.0  # points: three texts of the smaller set


def card():
    try:
        return json.loads(CARD.read_text())
    except (OSError, ValueError) as error:
        raise fetch.Problem(f"models/encoder.card.json cannot be read: {error}; git checkout models") from error


def check_files(card):
    for name, key in FILES.items():
        path = fetch.HERE / name
        if not path.is_file():
            raise fetch.Problem(f"models/{name} is missing: git checkout models/{name}")
        got = fetch.sha256(path)
        if got != card[key]:
            raise fetch.Problem(f"models/{name}: sha256 {got}, the card says {card[key]}; git checkout models/{name}")


def read(program, name):
    file = fetch.HERE.parent / "tests" / "data" / f"{name}.jsonl"
    done = subprocess.run(
        [program, "eval", str(file), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise fetch.Problem(f"{program} eval {file.name}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def check_figures(card, program):
    worst = 0.0
    for name, figures in card["figures"].items():
        got = read(program, name)
        for what, stated in figures.items():
            print(f"{name:12} {what:16} {got[what]:6.2f} %, the card says {stated:6.2f} %")
            worst = max(worst, abs(got[what] - stated))
    if worst > BAND:
        raise fetch.Problem(f"a figure is {worst:.2f} points from the card's, {BAND} are allowed: is the card of another model or corpus?")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--figures", metavar="PROGRAM", help="a built clubos to measure with")
    args = parser.parse_args()
    stated = card()
    check_files(stated)
    print("models/encoder.onnx and tokenizer.json: as on their card")
    if args.figures:
        check_figures(stated, args.figures)


if __name__ == "__main__":
    fetch.run(main)
