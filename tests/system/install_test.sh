#!/bin/bash
# An installed tree is complete: a stranger's programs in C, C++ and with OpenCV can be built against it, by pkg-config
# and by find_package, and run; so do the installed programs; and a configuration is never overwritten.
# usage: install_test.sh CMAKE BUILD_DIRECTORY VERSION
set -euo pipefail

cmake=$1 build=$2 version=$3
unset CPATH LD_LIBRARY_PATH # nothing but what is installed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

install() { "$cmake" --install "$build" --prefix "$prefix" >"$work/install.log" || fail "installation: $(cat "$work/install.log")"; }
install

for file in bin/camtapd bin/camtap libexec/camtap/camtap-source lib/libcamtap.so lib/libcamtap.so.0 \
    include/camtap/camtap.h include/camtap/camtap.hpp include/camtap/opencv.hpp lib/pkgconfig/camtap.pc \
    lib/cmake/camtap/camtapConfig.cmake etc/camtap/camtap.toml share/doc/camtap/camtap.toml \
    lib/systemd/system/camtapd.service lib/systemd/system/camtapd.socket; do
    [ -e "$prefix/$file" ] || fail "$file is not installed"
done
! grep -rI "$build" "$prefix" || fail "an installed file names the build directory"

# a second installation leaves the configuration alone, but not the reference
echo "# mine" >>"$prefix/etc/camtap/camtap.toml"
echo "# mine" >>"$prefix/share/doc/camtap/camtap.toml"
install
grep -q "# mine" "$prefix/etc/camtap/camtap.toml" || fail "the configuration was overwritten"
! grep -q "# mine" "$prefix/share/doc/camtap/camtap.toml" || fail "the reference was not renewed"

# the service's files name the installed programs
if command -v systemd-analyze >/dev/null; then
    units=("$prefix/lib/systemd/system/camtapd.service" "$prefix/lib/systemd/system/camtapd.socket")
    complaints=$(systemd-analyze verify --man=no --recursive-errors=no "${units[@]}" 2>&1) && [ -z "$complaints" ] || fail "$complaints"
fi

# each option that a program tells of is in its manual page, and each key in the configuration's
if [ -e "$prefix/share/man/man8/camtapd.8" ]; then
    documented() { # documented PAGE PROGRAM [COMMAND]
        local page=$prefix/share/man/$1 option
        shift
        for option in $("$@" --help | grep -oE '^ +(-h,)?-[a-zA-Z-]+' | grep -oE -e '-?-[a-z-]+$'); do
            grep -q -e "$option" <(sed 's/\\//g' "$page") || fail "$* $option is not in $page"
        done
    }
    documented man8/camtapd.8 "$prefix/bin/camtapd"
    documented man1/camtap.1 "$prefix/bin/camtap"
    for command in $("$prefix/bin/camtap" --help | sed -n '/^Subcommands/,/^$/s/^  \([a-z]\+\) .*/\1/p'); do
        grep -q "^\\\\fB$command\\\\f" "$prefix/share/man/man1/camtap.1" || fail "camtap $command is not in camtap.1"
        documented man1/camtap.1 "$prefix/bin/camtap" "$command"
    done
    for key in $(sed -n 's/^#\([a-z_]\+\) = .*/\1/p' "$prefix/share/doc/camtap/camtap.toml"); do
        grep -q "$key" <(sed 's/\\//g' "$prefix/share/man/man5/camtap.toml.5") || fail "$key is not in camtap.toml.5"
    done
elif command -v scdoc >/dev/null; then
    fail "no manual pages are installed"
fi

# the programs find library and source
for program in camtapd camtap; do
    [[ $("$prefix/bin/$program" --version) == *"$version"* ]] || fail "$program --version"
done
"$prefix/bin/camtapd" --check-config --config "$prefix/etc/camtap/camtap.toml" >/dev/null || fail "camtapd --check-config"
"$prefix/libexec/camtap/camtap-source" --help >/dev/null || fail "camtap-source --help"

# moved elsewhere, everything still finds its parts
mv "$prefix" "$work/elsewhere"
prefix=$work/elsewhere
[[ $("$prefix/bin/camtap" --version) == *"$version"* ]] || fail "camtap --version, moved"

cat >"$work/c.c" <<'C'
#include <camtap/camtap.h>
#include <stdio.h>
int main(void) {
    puts(camtap_version());
    return 0;
}
C
cat >"$work/cpp.cpp" <<'CPP'
#include <camtap/camtap.hpp>
#include <cstdio>
int main() {
    camtap::TapOptions options;
    options.socket_path = "/nonexistent";
    try {
        camtap::Tap tap("front", options);
    } catch (const camtap::Error& error) {
        if (error.code() != CAMTAP_ERROR_NO_DAEMON) return 1;
    }
    std::puts(camtap_version());
}
CPP
cat >"$work/opencv.cpp" <<'CPP'
#include <camtap/opencv.hpp>
#include <cstdio>
cv::Mat copy_of(const camtap::Frame& frame) { return camtap::mat(frame).clone(); }
int main() { std::puts(camtap_version()); }
CPP

check() { # check PROGRAM: it runs, with the installed library, and knows its version
    [ "$(LD_LIBRARY_PATH=$prefix/lib "$1")" = "$version" ] || fail "$1 doesn't say $version"
}

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
[ "$(pkg-config --modversion camtap)" = "$version" ] || fail "pkg-config --modversion"
flags() { pkg-config --cflags --libs "$@"; }
# shellcheck disable=SC2046  # lists of flags
{
    cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$work/c.c" -o "$work/c" $(flags camtap)
    c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$work/cpp.cpp" -o "$work/cpp" $(flags camtap)
    c++ -std=c++17 "$work/opencv.cpp" -o "$work/opencv" $(flags camtap opencv4)
}
for program in c cpp opencv; do check "$work/$program"; done

cat >"$work/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(camtap 0.1 REQUIRED COMPONENTS opencv)
add_executable(stranger_c c.c)
add_executable(stranger_cpp cpp.cpp)
add_executable(stranger_opencv opencv.cpp)
target_link_libraries(stranger_c camtap::camtap)
target_link_libraries(stranger_cpp camtap::camtap)
target_link_libraries(stranger_opencv camtap::opencv)
CMAKE
"$cmake" -S "$work" -B "$work/stranger" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" 2>&1 &&
    "$cmake" --build "$work/stranger" >>"$work/cmake.log" 2>&1 || fail "find_package: $(cat "$work/cmake.log")"
for program in stranger_c stranger_cpp stranger_opencv; do check "$work/stranger/$program"; done

# without OpenCV: camtap::camtap all the same, and camtap::opencv refused in words
sed -i 's/ COMPONENTS opencv//; /opencv/d' "$work/CMakeLists.txt"
without_opencv=(-DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_OpenCV=ON)
"$cmake" -S "$work" -B "$work/without" "${without_opencv[@]}" >"$work/cmake.log" 2>&1 ||
    fail "find_package without OpenCV: $(cat "$work/cmake.log")"
sed -i 's/REQUIRED/REQUIRED COMPONENTS opencv/' "$work/CMakeLists.txt"
! "$cmake" -S "$work" -B "$work/refused" "${without_opencv[@]}" >"$work/cmake.log" 2>&1 || fail "camtap::opencv without OpenCV"
grep -q "camtap::opencv needs OpenCV" "$work/cmake.log" || fail "no words on OpenCV: $(cat "$work/cmake.log")"

echo "installed tree: complete"
