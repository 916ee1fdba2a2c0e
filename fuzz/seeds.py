#!/usr/bin/env python3
"""Writes the texts that the fuzz targets begin with, one file each: development phrases and recorded wire data.

usage: fuzz/seeds.py FOLDER      makes FOLDER/normalise, /slots, /danger and /wire

Reads models/dev, tests/data/ical, tests/data/wire and tests/data/unifi-access; no test set.
"""

import hashlib
import json
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
LONGEST = 4096


def keep(folder: Path, body: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    body = body[:LONGEST]
    (folder / hashlib.sha256(body).hexdigest()[:16]).write_bytes(body)


def main() -> None:
    root = Path(sys.argv[1])
    for path in sorted((HOUSE / "models/dev").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line)["text"].encode()
            keep(root / "normalise", text)
            keep(root / "danger", text)
            keep(root / "slots", b"\0" + text)
            keep(root / "wire", b"\6" + text)
    for path in sorted((HOUSE / "tests/data/ical").glob("*.ics")):
        keep(root / "wire", b"\0" + path.read_bytes())
    for path in sorted((HOUSE / "tests/data").glob("wire/**/*.json")) + sorted((HOUSE / "tests/data/unifi-access").glob("*.json")):
        for kind in (b"\1", b"\2", b"\3"):
            keep(root / "wire", kind + path.read_bytes())
    for kind, text in {
        1: '{"v":1,"boot_id":"b","online":true}',
        2: '{"code":"SUCCESS","msg":"ok","data":{"door_lock_relay_status":"unlock","door_position_status":"open"}}',
        3: '{"type":"interactive","envelope_id":"e","payload":{"type":"block_actions","user":{"id":"U"},"channel":{"id":"C"}}}',
        4: '[{"id":"a","phone":"+19025550101","bay":2,"from":"2026-11-24T12:00:00Z","to":"2026-11-24T13:00:00Z"}]',
        5: "(902) 555-0101",
        7: "a: {b: [1, 'c']}\nd: |\n  {bay} {name?}\n",
    }.items():
        keep(root / "wire", bytes([kind]) + text.encode())
    keep(root / "wire", b"\4id,phone,bay,from,to\na,+19025550101,2,2026-11-24T12:00:00Z,2026-11-24T13:00:00Z\n")


if __name__ == "__main__":
    main()
