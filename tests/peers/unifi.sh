#!/bin/bash
# Clients that others wrote speak to our simulated consoles, and a mock made from the published Access document is
# spoken to by our driver. Not part of `make test`: it needs the internet once. In the project's root:
#     tests/peers/unifi.sh [folder for what is downloaded, default target/peers]
# Needs python3 with venv, and Node 20 for the mock. Ends with `ok`, or with what failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath -m "${1:-target/peers}")
mkdir -p "$folder/npm"
if [ ! -x "$folder/venv/bin/python" ]; then python3 -m venv "$folder/venv"; fi
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install -r tests/peers/unifi-requirements.txt
(cd "$folder/npm" && npm install --silent --no-fund --no-audit --prefix . @stoplight/prism-cli@5.14.2)
export CLUBOS_PEER_PYTHON="$folder/venv/bin/python" CLUBOS_PEER_PRISM="$folder/npm/node_modules/.bin/prism"
cargo nextest run --locked --test devices --run-ignored only --no-capture -E 'test(/^peers::/)'
echo ok
