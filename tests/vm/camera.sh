# What each case begins with, besides the words of tests/service: a camera that can be plugged in and out, and patience,
# because emulation is slow.
# shellcheck shell=bash
export CAMTAP_PATIENCE=${CAMTAP_PATIENCE:-600}
. "$(dirname "${BASH_SOURCE[0]}")/../service/service.sh"

# begin [LINE...]: installs the packages; the service runs, with a drop-in of these lines if there are any. alice is a
# user who may tap.
begin() {
    if [ -z "${CAMTAP_BREAK:-}" ]; then
        install_camtap
    else
        expect dpkg --unpack "$packages"/*.deb
        cp /lib/systemd/system/camtapd.service shipped
        sed -i "$CAMTAP_BREAK" /lib/systemd/system/camtapd.service
        expect_not diff shipped /lib/systemd/system/camtapd.service
        expect dpkg --configure --pending
    fi
    [ $# -eq 0 ] || drop_in "$@"
    useradd --groups camtap-users alice
}
drop_in() { # drop_in LINE...
    mkdir -p /etc/systemd/system/camtapd.service.d
    printf '%s\n' '[Service]' "$@" >/etc/systemd/system/camtapd.service.d/case.conf
    systemctl daemon-reload
    expect systemctl restart camtapd
}

# slow_stream NAME: as stream, with clocks for a source that is emulated.
slow_stream() {
    { cat && printf '%s\n' open_timeout=600 stall_timeout=120 stale_after=60 'allow_groups = ["camtap-users"]'; } |
        stream "$1"
}
# camera_stream NAME [KEY=VALUE...]
camera_stream() { printf '%s\n' 'source = "video"' 'device = "/dev/video0"' "${@:2}" | slow_stream "$1"; }
reason() { camtap info "$1" | sed -n 's/^reason: *//p'; }
has_published() { [ "$(camtap info "$1" | sed -n 's/^published: *//p')" -gt 0 ]; }
as_alice() { runuser -u alice -- "$@"; }

# The kernel's virtual camera, /dev/video0. Before it is plugged in for the first time, the kernel doesn't even have the
# part that all cameras share, as on any machine that is booted without one.
plug_in() { expect modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0; }
