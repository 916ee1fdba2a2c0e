#!/usr/bin/env bash
# Installs what is missing on a Debian machine, and nothing that is there; says what and why.
#
# usage: scripts/setup.sh [build|broker|browser|tests|package|cross]...    default: build broker
#
# build    a C compiler (SQLite, TLS and the tokenizer hold C), pkg-config and libsystemd's headers,
#          Python's venv for the model's tools
# broker   Mosquitto, for the demo and the tests that speak MQTT, and its command-line clients
# browser  Firefox, only for tests/browser, which drives it without a screen
# tests    Node.js, and the programs of others in tests/foreign that the tests speak to (pinned)
# package  what tests/packaging.sh needs: a Debian root to install into, and a container to boot it
# cross    a compiler and libraries for the 64-bit ARM box, and an emulator to try the result
#
# Rust itself is not installed here: rustup needs no root and is a person's own choice.
set -euo pipefail

MISSING=()
POLICY=/usr/sbin/policy-rc.d

say() { printf 'setup: %s\n' "$*"; }

fail() {
    printf 'setup: error: %s\n' "$*" >&2
    exit 1
}

installed() { dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# want PACKAGE WHY... : remembers the package if it is missing
want() {
    local package=$1
    shift
    if ! installed "$package"; then
        say "missing $package: $*"
        MISSING+=("$package")
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root is needed for: $* (no sudo here; run this as root once)"
    fi
}

wants_of() {
    case $1 in
    build)
        want build-essential "a C compiler and linker, for SQLite, TLS and the tokenizer"
        want pkg-config "finds libsystemd"
        want libsystemd-dev "readiness and watchdog messages to systemd"
        want python3-venv "an environment of its own for what builds the model"
        want ca-certificates "checked downloads"
        ;;
    broker)
        want mosquitto "the MQTT broker between box and devices; never started as a system service"
        want mosquitto-clients "mosquitto_pub and mosquitto_sub, to look at what devices say"
        ;;
    browser)
        want firefox-esr "a real browser that is rung by push, for tests/browser"
        ;;
    tests)
        command -v node >/dev/null || want nodejs "runs the foreign receiver that decrypts our pushes"
        command -v npm >/dev/null || want npm "fetches that receiver, pinned in tests/foreign"
        ;;
    package)
        want dpkg-dev "dpkg-deb and dpkg-shlibdeps, which make the package"
        want mmdebstrap "makes the small Debian the package is installed into"
        want systemd-container "boots that Debian, so that the real unit starts"
        want curl "asks the box in it for its health"
        ;;
    cross)
        if ! dpkg --print-foreign-architectures | grep -qx arm64; then
            say "adding architecture arm64 to this machine's package list"
            as_root dpkg --add-architecture arm64
        fi
        want rustc-web "a compiler whose standard library Debian also has for arm64"
        want libstd-rust-web-dev:arm64 "that standard library"
        want gcc-aarch64-linux-gnu "C compiler and linker for arm64"
        want g++-aarch64-linux-gnu "C++ compiler for arm64 (the tokenizer's expressions)"
        want libsystemd-dev:arm64 "libsystemd for arm64"
        want qemu-user-static "runs the arm64 program here"
        ;;
    *) fail "unknown group $1 (build, broker, browser, tests, package, cross)" ;;
    esac
}

# Debian starts a service when it installs one. A second broker on 1883 is not ours to start, so
# for the length of the installation nothing may start, by the mechanism Debian has for it.
forbid_starts() {
    [ -e "$POLICY" ] && return 1
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

install_missing() {
    local forbidden=no broker=no
    case " ${MISSING[*]} " in *" mosquitto "*) broker=yes ;; esac
    as_root apt-get update -qq || say "package lists could not all be refreshed; going on with what is here"
    if forbid_starts; then
        forbidden=yes
        trap 'as_root rm -f "$POLICY"' EXIT
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${MISSING[@]}" ||
        fail "apt-get could not install: ${MISSING[*]}"
    if [ "$forbidden" = yes ]; then
        as_root rm -f "$POLICY"
        trap - EXIT
    fi
    if [ "$broker" = yes ] && [ -d /run/systemd/system ]; then
        as_root systemctl disable --quiet mosquitto.service || true
        say "mosquitto.service stays disabled: ClubOS starts its own broker"
    fi
}

# What tests/foreign/package-lock.json pins, if it is not there already.
foreign() {
    local dir=tests/foreign
    cd "$(dirname "$0")/.."
    if ! cmp -s "$dir/package-lock.json" "$dir/node_modules/.of-lock"; then
        npm ci --prefix "$dir" --no-audit --no-fund --ignore-scripts --loglevel=error
        cp "$dir/package-lock.json" "$dir/node_modules/.of-lock"
        say "installed the foreign programs of $dir"
    fi
}

main() {
    command -v dpkg-query >/dev/null || fail "this script knows Debian and its children only"
    [ $# -gt 0 ] || set -- build broker
    local group
    for group in "$@"; do wants_of "$group"; done
    if [ ${#MISSING[@]} -gt 0 ]; then
        install_missing
        say "installed ${MISSING[*]}"
    fi
    for group in "$@"; do
        if [ "$group" = tests ]; then foreign; fi
    done
    if ! command -v cargo >/dev/null; then
        fail "no Rust toolchain: install rustup (1.95 or newer), then run this again"
    fi
}

main "$@"
