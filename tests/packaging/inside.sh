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

agent_is_off() {
    clubos-agent --version && ! systemctl is-enabled clubos-agent.service && ! systemctl is-active clubos-agent.service &&
        [ "$(systemctl show clubos-agent.service --property=LoadState --value)" = loaded ]
}

healthy() { curl --silent --show-error --fail --max-time 3 http://127.0.0.1:8080/healthz; }

started() { systemctl is-active --quiet clubos.service || { systemctl status --no-pager clubos.service && return 1; }; }

private_to_the_service() {
    runuser -u nobody -- test ! -r /etc/clubos/site.toml &&
        runuser -u nobody -- test ! -x /etc/credstore &&
        runuser -u clubos -- test ! -x /etc/credstore &&
        runuser -u nobody -- test ! -x /var/lib/clubos
}

secret_handed_over() { [ -s /run/credentials/clubos.service/broker-password ]; }

no_secret_in_the_environment() {
    ! tr '\0' '\n' <"/proc/$(property MainPID)/environ" | grep -qF "$(cat /etc/credstore/clubos.broker-password)"
}

# at USER COMMAND ... : one of the broker's clients, with that user's password
at() {
    local user=$1 client=$2 password
    shift 2
    case $user in
    clubos) password=$(cat /etc/credstore/clubos.broker-password) ;;
    *) password=$(cat "/tmp/$user" 2>/dev/null) ;;
    esac
    "$client" -h 127.0.0.1 -u "$user" -P "$password" -q 1 "$@"
}

# As an operator does it, from the example's four bays.
bays_get_passwords() {
    clubos broker init --site /usr/share/doc/clubos/examples/site.toml --listen 127.0.0.1:8883 &&
        systemctl restart mosquitto.service || return 1
    local bay
    for bay in bay-1 bay-2; do
        clubos broker show "$bay" | sed -n 's/^password *//p' >"/tmp/$bay"
        [ -s "/tmp/$bay" ] || return 1
    done
}

done_again_the_broker_stays_as_it_is() {
    clubos broker init --site /usr/share/doc/clubos/examples/site.toml | grep -qx 'Nothing has changed.' &&
        clubos broker show bay-1 | grep -qF "$(cat /tmp/bay-1)" &&
        ! runuser -u mosquitto -- test -r /etc/clubos/mosquitto/secrets/bay-1
}

a_bay_comes_in_over_tls() {
    within 10 mosquitto_pub -h 127.0.0.1 -p 8883 --cafile /etc/clubos/mosquitto/broker.crt \
        -u bay-1 -P "$(cat /tmp/bay-1)" -q 1 -t clubos/v1/bay/1/status -m over-tls
}

a_new_password_ends_the_old() {
    clubos broker rotate bay-2 && systemctl restart mosquitto.service &&
        within 10 at clubos mosquitto_pub -t clubos/check -m x &&
        ! at bay-2 mosquitto_pub -t clubos/v1/bay/2/status -m x
}

said_in_the_log() { journalctl --no-pager --unit clubos.service | grep -qF "$1"; }

reloads_new_sops() {
    local before
    before=$(property MainPID)
    within 90 curl --silent --fail --max-time 3 http://127.0.0.1:8080/readyz || return 1
    sed -i 's/^version: .*/version: 99/' /usr/share/clubos/sops/faq.wifi.md
    systemctl reload clubos.service && within 120 said_in_the_log 'faq.wifi is version 99' &&
        [ "$(property MainPID)" = "$before" ]
}

bad_sops_are_not_reloaded() {
    cp /usr/share/clubos/sops/faq.wifi.md /tmp/kept
    echo 'kind: nonsense' >/usr/share/clubos/sops/faq.wifi.md
    local code=0
    systemctl reload clubos.service || code=$?
    cp /tmp/kept /usr/share/clubos/sops/faq.wifi.md
    [ "$code" -ne 0 ] && healthy
}

a_copy_is_made() {
    systemctl start clubos-backup.service && systemctl is-enabled clubos-backup.timer || return 1
    local copies=(/var/lib/clubos/backups/clubos-*.db)
    [ -s "${copies[0]}" ] && [ "$(stat -c '%a %U' "${copies[0]}")" = '600 clubos' ]
}

serves_https() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -keyout /etc/credstore/clubos.tls-key -out /etc/credstore/clubos.tls-cert &&
        systemctl restart clubos.service &&
        within 60 curl --silent --show-error --fail --max-time 3 --cacert /etc/credstore/clubos.tls-cert https://127.0.0.1:8443/healthz
}

out_when_disabled() {
    local token
    token=$(curl --silent --json '{"name":"dana","password":"a password of this test"}' http://127.0.0.1:8080/api/v1/session |
        sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
    [ -n "$token" ] || return 1
    curl --silent --fail -o /dev/null -H "authorization: Bearer $token" http://127.0.0.1:8080/api/v1/threads || return 1
    runuser -u clubos -- clubos user disable dana &&
        ! curl --silent --fail -o /dev/null -H "authorization: Bearer $token" http://127.0.0.1:8080/api/v1/threads
}

the_box_and_no_stranger() {
    within 10 at clubos mosquitto_pub -t clubos/check -m x &&
        ! at nobody mosquitto_pub -t clubos/check -m x &&
        ! mosquitto_pub -h 127.0.0.1 -t clubos/check -m x
}

# Retained, so that what the broker let pass is there when the box asks.
each_bay_speaks_for_itself() {
    within 10 at bay-1 mosquitto_pub -r -t clubos/v1/bay/1/status -m own &&
        at bay-2 mosquitto_pub -r -t clubos/v1/bay/1/state -m foreign &&
        at bay-2 mosquitto_pub -r -t clubos/v1/bay/2/state -m last
    local heard
    heard=$(at clubos mosquitto_sub -t 'clubos/#' -W 3)
    echo "heard: $heard"
    [ "$(printf '%s\n' "$heard" | sort | tr '\n' ' ')" = "last own " ]
}

a_bay_hears_no_other() {
    at clubos mosquitto_pub -r -t clubos/v1/bay/1/cmd -m for-1
    [ "$(at bay-1 mosquitto_sub -t 'clubos/v1/bay/1/cmd' -C 1 -W 5)" = for-1 ] &&
        [ -z "$(at bay-2 mosquitto_sub -t 'clubos/v1/bay/1/cmd' -W 3)" ]
}

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

# As anybody, with no option: model, runtime and SOPs are found where the package put them.
understands() {
    local said
    said=$(printf '{"id":"1","text":"trackman is frozen on box 2"}\n' | runuser -u nobody -- clubos classify) || return 1
    echo "$said"
    case $said in *'"intent":"sim.frozen"'*) ;; *) return 1 ;; esac
}

a_person_is_added() {
    echo 'a password of this test' | runuser -u clubos -- clubos user add dana --role manager
}

not_signed_in_is_refused() {
    [ "$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8080/api/v1/threads)" = 401 ]
}

restarted_after_a_kill() {
    local before
    before=$(property MainPID)
    kill -KILL "$before"
    within 60 runs_anew "$before" && within 60 healthy && within 30 started
}

# dpkg asks nobody here: an edited configuration file stays as it is.
installed_over_itself() {
    local before
    before=$(property MainPID)
    echo '# edited' >>/etc/clubos/site.toml
    cp /etc/credstore/clubos.broker-password /tmp/secret
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --reinstall /clubos.deb &&
        grep -qx '# edited' /etc/clubos/site.toml &&
        cmp /tmp/secret /etc/credstore/clubos.broker-password &&
        within 60 runs_anew "$before" && within 60 healthy
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

check "the service reports itself started" within 120 started
check "it answers /healthz" within 60 healthy
check "it runs as its own user" is User clubos
check "it did not need a second start" is NRestarts 0
check "site, secrets and state are closed to others" private_to_the_service
check "the broker's password reaches it as a credential" secret_handed_over
check "no secret stands in its environment" no_secret_in_the_environment
check "the broker lets the box in, and no stranger" the_box_and_no_stranger
check "bays get passwords" bays_get_passwords
check "each bay speaks for itself only" each_bay_speaks_for_itself
check "a bay hears no other bay" a_bay_hears_no_other
check "a bay comes in over TLS" a_bay_comes_in_over_tls
check "set up again, the broker stays as it is" done_again_the_broker_stays_as_it_is
check "a new password ends the old" a_new_password_ends_the_old
check "its sandbox is tight" sandboxed
check "the agent for the bays is there, and off" agent_is_off
check "the installed model understands a message" understands
check "who is not signed in gets 401" not_signed_in_is_refused
check "a person is added beside the running service" a_person_is_added
check "disabled, they are out at once" out_when_disabled
check "new SOPs are taken without a restart" reloads_new_sops
check "bad SOPs end the reload, and it goes on" bad_sops_are_not_reloaded
check "a copy of the database is made" a_copy_is_made
check "with a certificate it serves HTTPS too" serves_https
check "killed, it is back" restarted_after_a_kill
check "installed over itself, it runs anew with its site and secret" installed_over_itself
check "with a broken site it serves in safe mode" bad_site_in_safe_mode
check "with --strict and a broken site it ends with 78 and stays down" strict_stays_down
check "removed, its data stays" removed
check "purged, nothing stays" purged

if [ "$FAILED" -ne 0 ]; then
    echo "-- the service's log"
    journalctl --no-pager --unit clubos.service --unit mosquitto.service | tail -n 40
    exit 1
fi
echo "all checks passed"
