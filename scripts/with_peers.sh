#!/usr/bin/env bash
# Programs that others wrote against ours, each by its script in tests/peers; a line for each at the end. Takes its time
# (Home Assistant alone weighs 400 MB) and needs the package registries once.
#
# usage: scripts/with_peers.sh [NAME]...    default: all of the list below
#        NAME: home-assistant lnxlink tasmota shelly pjlink unifi llmock
#
# What it downloads and makes stands in run/peers.
set -uo pipefail
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
BUILT=${CARGO_TARGET_DIR:-target}
PEERS=$PWD/run/peers
export PATH=$PATH:/usr/sbin

# venv NAME REQUIREMENT...: an environment with these, made once
venv() {
    local dir=$PEERS/$1
    shift
    if [ "$(cat "$dir/.has" 2>/dev/null)" != "$*" ]; then
        rm -rf "$dir"
        python3 -m venv "$dir" &&
            "$dir/bin/pip" --quiet --disable-pip-version-check install "$@" &&
            echo "$*" >"$dir/.has"
    fi
}

# The test binary with the halves of these peers that are ours.
devices_tests() {
    "$CARGO" test --locked --test devices --no-run --message-format=json 2>/dev/null |
        python3 -c 'import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row.get("executable") and row["target"]["name"] == "devices":
        print(row["executable"])'
}

peer() {
    case $1 in
    home-assistant)
        venv home-assistant homeassistant==2024.3.3 paho-mqtt==1.6.1 &&
            "$CARGO" build --locked &&
            python3 tests/peers/home_assistant.py "$BUILT/debug" "$PEERS/home-assistant/bin/hass"
        ;;
    lnxlink)
        venv lnxlink lnxlink==2026.10.0 &&
            python3 tests/peers/lnxlink.py "$(devices_tests)" "$PEERS/lnxlink/bin/lnxlink"
        ;;
    tasmota)
        venv tasmota hatasmota==0.9.2 paho-mqtt==1.6.1 &&
            "$PEERS/tasmota/bin/python" tests/peers/tasmota.py "$(devices_tests)"
        ;;
    shelly)
        venv shelly aioshelly==13.35.0 &&
            "$CARGO" build --locked --example simulated_plugs &&
            "$PEERS/shelly/bin/python" tests/peers/shelly.py "$BUILT/debug/examples/simulated_plugs"
        ;;
    pjlink) python3 tests/peers/pjlink.py "$PEERS/pjlink" ;;
    unifi) tests/peers/unifi.sh "$PEERS/unifi" ;;
    llmock) tests/peers/llmock.sh ;;
    *)
        echo "there is no peer $1" >&2
        return 2
        ;;
    esac
}

scripts/setup.sh build broker || exit $?
mkdir -p "$PEERS"
[ $# -gt 0 ] || set -- home-assistant lnxlink tasmota shelly pjlink unifi llmock
lines=() failed=0
for name in "$@"; do
    echo "== $name"
    if peer "$name" 2>&1 | tee "$PEERS/$name.log"; [ "${PIPESTATUS[0]}" -eq 0 ]; then
        lines+=("$name: ok")
    else
        lines+=("$name: FAILED, see run/peers/$name.log")
        failed=1
    fi
done
printf '%s\n' "${lines[@]}"
exit "$failed"
