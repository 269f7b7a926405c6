#!/bin/sh
# The library shows camtap_* with their version and nothing else, and links neither OpenCV nor libsystemd.
set -eu
library=$1
symbols=$(nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }')
foreign=$(printf '%s\n' "$symbols" | grep -v '^camtap_[a-z_]*@@CAMTAP_0\.1$' || true)
if [ -n "$foreign" ]; then
    printf 'symbols that should be hidden:\n%s\n' "$foreign" >&2
    exit 1
fi
for name in $(grep -o 'CAMTAP_API.*' "$2" | grep -o 'camtap_[a-z_]*(' | tr -d '(' | sort -u); do
    if ! printf '%s\n' "$symbols" | grep -q "^$name@@"; then
        echo "$name is declared but not exported" >&2
        exit 1
    fi
done
if ldd "$library" | grep -E 'opencv|systemd'; then
    echo "the library links what it shouldn't" >&2
    exit 1
fi
