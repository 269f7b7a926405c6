#!/bin/sh
# Promise: the daemon loads no OpenCV and no codec; the library loads neither OpenCV nor libsystemd.
# usage: links_test.sh CAMTAPD LIBCAMTAP CAMTAP
set -eu
fails=0
must_not_load() { # must_not_load FILE PATTERN
    loaded=$(ldd "$1" | grep -oE "lib($2)[^ ]*" || true)
    [ -z "$loaded" ] && return
    echo "$1 loads $loaded"
    fails=1
}
ldd "$1" | grep -q libsystemd # ldd works at all, and on the right file
must_not_load "$1" 'opencv|avcodec|avformat|gst|jpeg|png'
must_not_load "$2" 'opencv|systemd|spdlog|fmt'
must_not_load "$3" 'opencv|avcodec|gst'
exit $fails
