# What each test of the service begins with: camtapd installed from its packages where systemd is process 1, and words
# for what is expected.
# shellcheck shell=bash
set -uo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
packages=${CAMTAP_PACKAGES:-$repository/build/deb}
data=$repository/tests/data
streams=/etc/camtap/camtap.d

fail() {
    printf 'FAILED, line %s: %s\n' "${BASH_LINENO[*]:1}" "$*"
    systemctl --no-pager --full status camtapd camtapd.socket
    journalctl --no-pager --lines=50 --unit=camtapd
    exit 1
}
expect() { "$@" || fail "$*"; }
expect_not() { ! "$@" || fail "not expected: $*"; }
# For what systemd and the daemon do in their own time.
patience=${CAMTAP_PATIENCE:-60} # seconds
eventually() {
    local until=$((SECONDS + patience))
    until "$@"; do
        [ $SECONDS -lt $until ] || fail "not within $patience seconds: $*"
        sleep 0.02
    done
}

[ -e "$packages" ] || { echo "no packages yet: make deb"; exit 77; }
install_camtap() { expect dpkg --install "$packages"/*.deb >/dev/null; }
# newer_packages DIRECTORY: the same packages there, as a later version.
newer_packages() {
    local package version
    mkdir "$1"
    for package in "$packages"/*.deb; do
        version=$(dpkg-deb --field "$package" Version)
        dpkg-deb --raw-extract "$package" "$1/root"
        sed -i "s/^Version: $version/&+1/; s/(= $version)/(= $version+1)/g" "$1/root/DEBIAN/control"
        dpkg-deb --build "$1/root" "$1/$(basename "$package")" >/dev/null
        rm -r "$1/root"
    done
}

# stream NAME: a stream of that name, with the lines on stdin.
stream() {
    mkdir -p $streams
    { printf '[[stream]]\nname = "%s"\n' "$1" && cat; } >"$streams/${1//\//-}.toml"
}
pattern() { printf 'source = "pattern"\nfps = 50\nallow_users = ["*"]\n' | stream "$1"; }

# property NAME [UNIT]
property() { systemctl show --property "$1" --value "${2:-camtapd.service}"; }
status_says() { [[ $(property StatusText) == *$1* ]]; }
state_is() { [ "$(systemctl is-active "${2:-camtapd.service}")" = "$1" ]; }
stream_is() { camtap info "$1" --json | grep -q "\"state\":\"$2\""; }
# The processes that read streams whose name begins so.
sources() { grep -las "^camtap-source\[${1:-}" /proc/[0-9]*/cmdline | cut -d / -f 3 | grep .; }
# journal_has MATCHES... : a line with all these fields.
journal_has() { journalctl --quiet --unit=camtapd "$@" | grep -q .; }
# Frames come: up to the third one from now.
expect_frames() { expect camtap watch "$1" -n 3 --timeout "$patience" >/dev/null; }
