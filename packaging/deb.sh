#!/usr/bin/env bash
# Makes the Debian package of what is built: target/debian/clubos_<version>_<arch>.deb.
#
# usage: packaging/deb.sh [amd64|arm64]    default: this machine's
#
# Needs the release program (make build, or make cross for arm64), models/ filled (make model) and
# dpkg-dev. Why not cargo-deb: docs/decisions/debian-package.md.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'deb: error: %s\n' "$*" >&2
    exit 1
}

HOST=$(dpkg --print-architecture)
ARCH=${1:-$HOST}
case $ARCH in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
*) fail "no package for $ARCH: amd64 and arm64 only" ;;
esac
if [ "$ARCH" = "$HOST" ]; then
    PROGRAM=${CLUBOS_PROGRAM:-target/release/clubos}
    RUNTIME=models/runtime/libonnxruntime.so
else
    PROGRAM=${CLUBOS_PROGRAM:-target/$machine-unknown-linux-gnu/release/clubos}
    RUNTIME=models/runtime/$machine/libonnxruntime.so
fi
AGENT=${CLUBOS_AGENT:-${PROGRAM%/*}/clubos-agent}
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
OUT=target/debian
STAGE=$OUT/stage-$ARCH
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

for file in "$PROGRAM" "$AGENT" "$RUNTIME" models/encoder.onnx models/tokenizer.json; do
    [ -s "$file" ] || fail "$file is missing (make build; make model; for arm64 make cross)"
done

put() { install -D -m "$1" "$2" "$STAGE/$3"; }

stage_files() {
    rm -rf "$STAGE"
    put 755 "$PROGRAM" usr/bin/clubos
    put 755 "$AGENT" usr/bin/clubos-agent
    put 644 "$RUNTIME" usr/lib/clubos/runtime/libonnxruntime.so
    put 644 models/encoder.onnx usr/lib/clubos/encoder.onnx
    put 644 models/tokenizer.json usr/lib/clubos/tokenizer.json
    local kept
    for kept in models/cache/*; do [ -f "$kept" ] && put 644 "$kept" "usr/lib/clubos/cache/${kept##*/}"; done
    local sop
    for sop in sops/*.md; do put 644 "$sop" "usr/share/clubos/$sop"; done
    put 640 packaging/site.toml etc/clubos/site.toml
    put 644 site.example.toml usr/share/doc/clubos/examples/site.toml
    put 644 packaging/agent.toml usr/share/doc/clubos/examples/agent.toml
    put 644 docs/clubos-agent.md usr/share/doc/clubos/clubos-agent.md
    put 644 docs/site.md usr/share/doc/clubos/site.md
    put 644 docs/operating.md usr/share/doc/clubos/operating.md
    put 644 packaging/default etc/default/clubos
    local unit
    for unit in clubos.service clubos-backup.service clubos-backup.timer clubos-agent.service; do
        put 644 "systemd/$unit" "usr/lib/systemd/system/$unit"
    done
    put 644 systemd/sysusers.conf usr/lib/sysusers.d/clubos.conf
    put 644 systemd/tmpfiles.conf usr/lib/tmpfiles.d/clubos.conf
    put 644 packaging/copyright usr/share/doc/clubos/copyright
    put 644 models/README.md usr/share/doc/clubos/models.md
    if [ -f README.md ]; then put 644 README.md usr/share/doc/clubos/README.md; fi
}

# The libraries the program and the runtime ask for, as Debian packages with their versions.
library_depends() {
    local work=$OUT/shlibdeps-$ARCH
    rm -rf "$work"
    mkdir -p "$work/debian"
    printf 'Source: clubos\n\nPackage: clubos\nArchitecture: %s\n' "$ARCH" >"$work/debian/control"
    local root
    root=$(realpath "$STAGE")
    (cd "$work" && DEB_HOST_ARCH=$ARCH dpkg-shlibdeps -O --ignore-missing-info \
        "$root/usr/bin/clubos" "$root/usr/bin/clubos-agent" "$root/usr/lib/clubos/runtime/libonnxruntime.so" 2>/dev/null) |
        sed -n 's/^shlibs:Depends=//p'
    rm -rf "$work"
}

control_files() {
    local libraries
    libraries=$(library_depends)
    [ -n "$libraries" ] || fail "dpkg-shlibdeps found no libraries (are the $ARCH ones installed?)"
    install -d "$STAGE/DEBIAN"
    cat >"$STAGE/DEBIAN/control" <<CONTROL
Package: clubos
Version: $VERSION
Architecture: $ARCH
Maintainer: ClubOS <clubos@clubhouse.example>
Section: misc
Priority: optional
Installed-Size: $(du -sk "$STAGE" | cut -f1)
Depends: $libraries, systemd (>= 250), init-system-helpers, mosquitto (>= 2.0), ca-certificates, tzdata
Description: one small box that runs an unstaffed indoor-golf club
 Answers the customers' messages, restarts what hangs in their bay, opens the
 door they are entitled to, and hands everything else to a person, with or
 without the internet. Starts in safe mode until /etc/clubos/site.toml names
 the club's bays and doors.
CONTROL
    (cd "$STAGE" && find etc -type f -printf '/%p\n' | sort) >"$STAGE/DEBIAN/conffiles"
    local script
    for script in postinst prerm postrm; do
        install -m 755 "packaging/$script" "$STAGE/DEBIAN/$script"
    done
    (cd "$STAGE" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$STAGE/DEBIAN/md5sums"
}

stage_files
control_files
dpkg-deb --root-owner-group -Zxz --build "$STAGE" "$OUT/clubos_${VERSION}_$ARCH.deb" >/dev/null
rm -rf "$STAGE"
echo "$OUT/clubos_${VERSION}_$ARCH.deb: $(du -h "$OUT/clubos_${VERSION}_$ARCH.deb" | cut -f1)"
