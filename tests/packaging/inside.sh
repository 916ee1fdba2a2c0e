#!/bin/bash
# Runs inside the booted Debian: sees the installed service through its life, writes /result.
set -u

FAILED=0
exec >/result 2>&1

# check WHAT COMMAND... : one line, ok or FAILED
check() {
    local what=$1
    shift
    if "$@" >/tmp/said 2>&1; then
        echo "ok      $what"
    else
        echo "FAILED  $what"
        sed 's/^/        | /' /tmp/said | tail -n 12
        FAILED=1
    fi
}

property() { systemctl show clubos.service --property="$1" --value; }

# within SECONDS COMMAND... : until it succeeds
within() {
    local left=$1
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 1
    done
}

is() { [ "$(property "$1")" = "$2" ] || { echo "$1 is $(property "$1"), not $2" && return 1; }; }

healthy() { curl --silent --show-error --fail --max-time 3 http://127.0.0.1:8080/healthz; }

started() { systemctl is-active --quiet clubos.service || { systemctl status --no-pager clubos.service && return 1; }; }

private_to_the_service() {
    runuser -u nobody -- test ! -r /etc/clubos/site.toml &&
        runuser -u nobody -- test ! -x /etc/clubos/credentials &&
        runuser -u clubos -- test ! -x /etc/clubos/credentials &&
        runuser -u nobody -- test ! -x /var/lib/clubos
}

secret_handed_over() { [ -s /run/credentials/clubos.service/secret_mqtt ]; }

no_secret_in_the_environment() {
    ! tr '\0' '\n' <"/proc/$(property MainPID)/environ" | grep -qF "$(cat /etc/clubos/credentials/mqtt)"
}

broker_refuses_strangers() { ! python3 /tmp/connect.py nobody wrong; }

broker_knows_the_box() { python3 /tmp/connect.py clubos "$(cat /etc/clubos/credentials/mqtt)"; }

sandboxed() {
    # systemd's own measure: 0 is best, 10 is worst.
    local score
    score=$(systemd-analyze security --no-pager clubos.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p')
    echo "exposure $score"
    [ -n "$score" ] && [ "${score%%.*}" -lt 3 ]
}

runs_anew() {
    local now
    now=$(property MainPID)
    [ "$now" != 0 ] && [ "$now" != "$1" ]
}

restarted_after_a_kill() {
    local before
    before=$(property MainPID)
    kill -KILL "$before"
    within 60 runs_anew "$before" && within 60 healthy && within 30 started
}

bad_site_in_safe_mode() {
    echo 'this is not a site' >/etc/clubos/site.toml
    systemctl restart clubos.service && within 60 healthy
}

strict_stays_down() {
    mkdir -p /run/systemd/system/clubos.service.d
    printf '[Service]\nExecStart=\nExecStart=%s --strict\n' \
        "$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/clubos.service)" \
        >/run/systemd/system/clubos.service.d/strict.conf
    systemctl daemon-reload
    systemctl reset-failed clubos.service
    ! systemctl restart clubos.service
    within 20 is ActiveState failed && is ExecMainStatus 78 && is NRestarts 0
}

removed() {
    rm -r /run/systemd/system/clubos.service.d
    apt-get remove -y -qq clubos && [ -d /var/lib/clubos ] && [ ! -e /usr/bin/clubos ]
}

purged() { apt-get purge -y -qq clubos && [ ! -e /var/lib/clubos ] && [ ! -e /etc/clubos ]; }

# One MQTT log-in over plain sockets: the answer's last byte is 0 when the broker lets it in.
cat >/tmp/connect.py <<'PY'
import socket, struct, sys

def text(value):
    return struct.pack("!H", len(value)) + value.encode()

body = text("MQTT") + bytes([4, 0xC2, 0, 30]) + text("check") + text(sys.argv[1]) + text(sys.argv[2])
with socket.create_connection(("127.0.0.1", 1883), 5) as line:
    line.sendall(bytes([0x10, len(body)]) + body)
    answer = line.recv(4)
sys.exit(0 if len(answer) == 4 and answer[3] == 0 else 1)
PY

check "the service reports itself started" within 120 started
check "it answers /healthz" within 60 healthy
check "it runs as its own user" is User clubos
check "it did not need a second start" is NRestarts 0
check "site, secrets and state are closed to others" private_to_the_service
check "the broker's password reaches it as a credential" secret_handed_over
check "no secret stands in its environment" no_secret_in_the_environment
check "the broker refuses strangers" broker_refuses_strangers
check "the broker knows the box" broker_knows_the_box
check "its sandbox is tight" sandboxed
check "killed, it is back" restarted_after_a_kill
check "with a broken site it serves in safe mode" bad_site_in_safe_mode
check "with --strict and a broken site it ends with 78 and stays down" strict_stays_down
check "removed, its data stays" removed
check "purged, nothing stays" purged

if [ "$FAILED" -ne 0 ]; then
    echo "-- the service's log"
    journalctl --no-pager --unit clubos.service | tail -n 40
    exit 1
fi
echo "all checks passed"
