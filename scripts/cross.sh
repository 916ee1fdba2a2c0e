#!/usr/bin/env bash
# Builds clubos for the 64-bit ARM box with Debian's own compiler, and tries it under emulation.
#
# usage: scripts/cross.sh [build|try]    default: both
#
# The result: target/aarch64-unknown-linux-gnu/release/clubos. No rustup target and no container is
# needed; cross/README.md tells both ways and why.
set -euo pipefail
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
TRIPLE=aarch64-unknown-linux-gnu
BUILT=${CARGO_TARGET_DIR:-target}/$TRIPLE/release/clubos
# glibc of the oldest Debian the box may run (bookworm).
GLIBC=2.36

# What is to be read as what.
MESSAGES='sim.frozen trackman is frozen on box 2
faq.wifi whats the wifi password
sim.black-screen the projector is black
billing.refund i want my money back
faq.pricing how much does it cost per hour'

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf 'cross: error: %s\n' "$*" >&2
    exit 1
}

build() {
    say "compiler and libraries for arm64"
    scripts/setup.sh build cross
    say "clubos for $TRIPLE"
    # cargo stays the developer's; the compiler is Debian's, because only it has a matching
    # standard library for arm64. rustup's own wrapper must not choose another one.
    env -u RUSTUP_TOOLCHAIN \
        RUSTC=/usr/bin/rustc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
        CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ \
        PKG_CONFIG_ALLOW_CROSS=1 \
        PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig \
        "$CARGO" build --release --locked --target "$TRIPLE" --bin clubos --bin clubos-agent
    if [ "$BUILT" != "target/$TRIPLE/release/clubos" ]; then
        install -D -t "target/$TRIPLE/release" "$BUILT" "${BUILT%/*}/clubos-agent"
    fi
    check_floor "$BUILT"
}

# The program must not ask for a newer glibc than the box has.
check_floor() {
    local newest
    newest=$(aarch64-linux-gnu-objdump -T "$1" | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1)
    newest=${newest#GLIBC_}
    if [ "$(printf '%s\n%s\n' "$newest" "$GLIBC" | sort -V | tail -n 1)" != "$GLIBC" ]; then
        fail "$1 needs glibc $newest, the box has $GLIBC"
    fi
    echo "needs glibc $newest or newer (the box has $GLIBC)"
}

# Messages through the real arm64 program, runtime and model. Emulation proves that it links,
# loads and decides; it says nothing about speed.
# The processor is that of the box. The emulator's own default has SVE, which the boxes have not, and there the
# runtime's sums come out wrong: every sentence looks like every other.
CPU=${QEMU_CPU:-cortex-a76}

try() {
    say "model, and the runtime for arm64"
    python3 models/verify.py
    python3 models/runtime.py --arch aarch64
    local home=run/cross-model answer
    mkdir -p "$home/runtime"
    cp models/encoder.onnx models/tokenizer.json "$home/"
    # The corpus with its embeddings, as the package brings them: to read thousands of sentences anew
    # takes the better part of an hour under emulation. The message itself is read here.
    if [ ! -s models/cache/head.json ]; then
        make build
    fi
    cp -r models/data models/cache "$home/"
    cp models/runtime/aarch64/libonnxruntime.so "$home/runtime/"
    say "five messages under emulation ($CPU)"
    answer=$(while read -r intent text; do
        printf '{"id":"%s","text":"%s"}\n' "$intent" "$text"
    done <<<"$MESSAGES" |
        QEMU_CPU=$CPU qemu-aarch64-static "target/$TRIPLE/release/clubos" classify --model-dir "$home" --sops sops)
    echo "$answer" | cut -c1-100
    local intent rest
    while read -r intent rest; do
        case $answer in
        *"{\"id\":\"$intent\",\"decision\":\"match\",\"intent\":\"$intent\""*) ;;
        *) fail "\"$rest\" was not read as $intent, surely" ;;
        esac
    done <<<"$MESSAGES"
    echo "the arm64 program understood them"
}

case ${1:-both} in
build) build ;;
try) try ;;
both)
    build
    try
    ;;
*) fail "usage: scripts/cross.sh [build|try]" ;;
esac
