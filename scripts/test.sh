#!/usr/bin/env bash
# Every check and test, the quickest to fail first; the last line is the test runner's own.
#
# usage: scripts/test.sh [soak]
#
# CLUBOS_SEED    seed of everything random in the tests; drawn and printed when unset
# CLUBOS_SOAK=1  the long tests run their full counts
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
BUILT=${CARGO_TARGET_DIR:-target}

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

CLUBOS_SEED=${CLUBOS_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export CLUBOS_SEED PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-$CLUBOS_SEED}"
echo "seed: CLUBOS_SEED=$CLUBOS_SEED (set it to run the same again)"

step "model tools"
(cd models && python3 -m unittest -q test_fetch)

step "the corpus"
python3 models/data/check.py | tail -n 3

if [ "${1:-}" != soak ]; then
    scripts/lint.sh
fi

step "a foreign reader of calendars"
scripts/foreign.sh

# The program is built with the tests: building it by itself as well would compile everything once more.
step "building the program and the tests"
if command -v cargo-nextest >/dev/null; then
    "$CARGO" nextest run --locked --no-run
else
    "$CARGO" test --locked --no-run
fi

step "the shipped model's figures"
python3 models/verify.py --figures "$BUILT/debug/clubos"

step "SOPs"
"$BUILT/debug/clubos" sop check sops

step "conversations"
shopt -s nullglob
scenarios=(tests/scenarios/*.yaml)
if [ ${#scenarios[@]} -gt 0 ]; then
    "$BUILT/debug/clubos" simulate "${scenarios[@]}"
else
    echo "no tests/scenarios/*.yaml" >&2
    exit 1
fi

step "foreign programs for the tests"
scripts/setup.sh tests

step "tests"
if command -v cargo-nextest >/dev/null; then
    "$CARGO" test --locked --doc
    profile=default
    [ "${1:-}" = soak ] && profile=soak
    "$CARGO" nextest run --locked --profile "$profile"
else
    "$CARGO" test --locked
fi
