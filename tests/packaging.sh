#!/usr/bin/env bash
# Installs the package in a fresh small Debian, boots it in a container, and sees the service through
# its life: started, healthy, killed, misconfigured, removed, purged.
#
# usage: tests/packaging.sh [PACKAGE.deb]    default: builds one (make build, packaging/deb.sh)
#
# Everything happens below run/packaging/. Needs root (or sudo). Where no container can be booted,
# the service is started in a chroot with a readiness socket of the test's own, and the test says so.
set -euo pipefail
cd "$(dirname "$0")/.."

HOME_DIR=run/packaging
ROOT=$HOME_DIR/root
LIMIT=${CLUBOS_PACKAGING_LIMIT:-300}

say() { printf '\n-- %s\n' "$*"; }

fail() {
    printf 'packaging: FAILED: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# /dev and /proc inside the root, for what runs there without a boot; never left behind.
mount_kernel() {
    as_root mount --bind /dev "$ROOT/dev"
    as_root mount -t proc proc "$ROOT/proc"
    trap unmount_kernel EXIT
}

unmount_kernel() {
    trap - EXIT
    as_root umount "$ROOT/proc" "$ROOT/dev"
}

debian_root() {
    say "a fresh Debian below $ROOT"
    as_root rm -rf --one-file-system "$ROOT"
    mkdir -p "$HOME_DIR"
    # The package lists stay, so that apt-get can find what the package depends on.
    as_root mmdebstrap --quiet --variant=minbase --skip=cleanup/apt,cleanup/reproducible --include=systemd-sysv,dbus,curl,ca-certificates,python3-minimal,mosquitto-clients \
        "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$ROOT"
    as_root cp --remove-destination -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
    # As on a bare machine nothing may start before the boot.
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$ROOT/usr/sbin/policy-rc.d" >/dev/null
    as_root chmod 755 "$ROOT/usr/sbin/policy-rc.d"
    as_root cp "$1" "$ROOT/clubos.deb"
    as_root cp tests/packaging/inside.sh "$ROOT/inside.sh"
    as_root install -D -m 644 tests/packaging/inside.service "$ROOT/etc/systemd/system/inside.service"
}

install_package() {
    say "apt-get install ./clubos.deb"
    mount_kernel
    local code=0
    as_root chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends /clubos.deb >"$HOME_DIR/install.log" 2>&1 || code=$?
    unmount_kernel
    if [ "$code" -ne 0 ]; then
        tail -n 20 "$HOME_DIR/install.log" >&2
        fail "the package did not install"
    fi
    as_root rm "$ROOT/usr/sbin/policy-rc.d"
    as_root systemctl --root="$ROOT" enable --quiet inside.service
}

# Boots the root; its inside.service runs the checks, writes /result and powers the container off.
boot() {
    say "booted in a container"
    as_root timeout --kill-after=10 "$LIMIT" systemd-nspawn --quiet --register=no --keep-unit --private-network \
        --directory="$ROOT" --boot >"$HOME_DIR/boot.log" 2>&1 </dev/null || true
    as_root test -s "$ROOT/result"
}

# A second best without systemd: readiness and health, no unit, no sandbox.
in_chroot() {
    say "no container here: started in a chroot, with a readiness socket of the test's own"
    as_root cp tests/packaging/chroot.py "$ROOT/chroot.py"
    mount_kernel
    local code=0
    as_root chroot "$ROOT" python3 /chroot.py || code=$?
    unmount_kernel
    [ "$code" -eq 0 ] || fail "see above"
    echo "packaging: ok (chroot only: the unit and its sandbox were NOT tried)"
}

main() {
    scripts/setup.sh package
    local package=${1:-}
    if [ -z "$package" ]; then
        make build
        packaging/deb.sh
        package=$(find target/debian -name "clubos_*_$(dpkg --print-architecture).deb" | sort | tail -n 1)
    fi
    debian_root "$package"
    install_package
    if boot; then
        as_root cat "$ROOT/result"
        if ! as_root grep -qx 'all checks passed' "$ROOT/result"; then
            fail "see the list above and $HOME_DIR/boot.log"
        fi
        echo "packaging: ok"
    elif grep -q 'Welcome to' "$HOME_DIR/boot.log"; then
        tail -n 20 "$HOME_DIR/boot.log" >&2
        fail "the container booted, but its checks left no result within $LIMIT s"
    else
        tail -n 3 "$HOME_DIR/boot.log" >&2
        in_chroot
    fi
    as_root rm -rf --one-file-system "$ROOT"
}

main "$@"
