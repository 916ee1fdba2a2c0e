#!/usr/bin/env bash
# An environment of its own for what is not ours and the tests compare us with: a reader of calendars, and a
# simulated provider of cloud models that judges its clients.
#
# usage: scripts/foreign.sh        makes run/foreign if it is not there; pinned versions, nothing system-wide
set -euo pipefail
cd "$(dirname "$0")/.."

PINS="icalendar==7.3.0 recurring-ical-events==3.8.2 llmock==0.2.2"
HOME_DIR=run/foreign

if [ "$(cat "$HOME_DIR/pins" 2>/dev/null)" != "$PINS" ]; then
    rm -rf "$HOME_DIR"
    python3 -m venv "$HOME_DIR"
    # shellcheck disable=SC2086 # packages, one word each
    "$HOME_DIR/bin/pip" install --quiet --disable-pip-version-check $PINS
    echo "$PINS" >"$HOME_DIR/pins"
fi
