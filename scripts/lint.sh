#!/usr/bin/env bash
# What a machine can say about the source without running it: format, clippy, scripts, licences.
#
# usage: scripts/lint.sh [quick]    quick: format and clippy of the product only
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}

step() { printf '\n== %s\n' "$*"; }

step "format"
"$CARGO" fmt --check

step "clippy: the product"
"$CARGO" clippy --locked --lib --bins -- -D warnings
[ "${1:-}" = quick ] && exit 0

# Tests may unwrap, and may look at the real clock.
step "clippy: tests and benches"
"$CARGO" clippy --locked --all-targets -- -D warnings \
    -A clippy::unwrap_used -A clippy::expect_used -A clippy::panic -A clippy::float_cmp -A clippy::disallowed_methods

if command -v shellcheck >/dev/null; then
    step "shell scripts"
    git ls-files -z '*.sh' .ci/run .githooks packaging | while IFS= read -r -d '' file; do
        if head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b'; then shellcheck "$file"; fi
    done
fi

if command -v cargo-deny >/dev/null; then
    step "licences, sources and duplicates"
    "$CARGO" deny --offline --log-level error check licenses sources bans ||
        { echo "cargo-deny found something" >&2; exit 1; }
    # The advisory list lives on the net; without a line the check is for another day.
    "$CARGO" deny --log-level error check advisories ||
        echo "advisories: not checked, or something to read above"
fi
