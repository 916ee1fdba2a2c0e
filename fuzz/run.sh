#!/usr/bin/env bash
# Runs the fuzz targets, guided by coverage, one after another; says what each found and how far it came.
#
# usage: fuzz/run.sh [SECONDS [TARGET...]]      default: 600 seconds each of normalise, slots, danger, wire
#
# Works with the stable compiler: coverage needs no sanitizer (`-s none`), and the address sanitizer would have little
# to watch, since the house forbids unsafe code. Needs cargo-fuzz (cargo install cargo-fuzz --locked).
set -euo pipefail
cd "$(dirname "$0")"

SECONDS_EACH=${1:-600}
shift || true
TARGETS=("$@")
[ ${#TARGETS[@]} -gt 0 ] || TARGETS=(normalise slots danger wire)
BUILT=target/$(rustc -vV | sed -n 's/^host: //p')/release

cp ../Cargo.lock Cargo.lock # the versions that ship
# libsystemd-sys links a probe with these flags, but without libFuzzer, which holds what coverage calls.
RUSTFLAGS="-Clink-arg=-Wl,--warn-unresolved-symbols" cargo fuzz build --fuzz-dir . -s none
python3 seeds.py corpus
for target in "${TARGETS[@]}"; do
    mkdir -p "artifacts/$target"
    echo "$target, $SECONDS_EACH s:"
    "$BUILT/$target" -max_total_time="$SECONDS_EACH" -max_len=4096 -timeout=10 -seed=1 -dict=words.dict \
        -artifact_prefix="artifacts/$target/" -print_final_stats=1 "corpus/$target" >"target/$target.log" 2>&1 ||
        { tail -n 20 "target/$target.log"; exit 1; }
    grep -E 'cov:' "target/$target.log" | tail -n 1
    grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "target/$target.log"
done
