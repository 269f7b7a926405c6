// A program that asks a daemon for its streams and taps, or to reload, where the daemon is in the hands of
// the input. What it gets are lists whose texts end, or an error.
#include <cstring>

#include "camtap/camtap.h"
#include "common/check.h"
#include "common/clock.h"
#include "tests/fuzz/hostile_daemon.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/touch.h"
#include "tests/fuzz/waiting.h"

namespace camtap::fuzz {
namespace {

constexpr int64_t kTimeoutNs = 30 * kNsPerMs;

template <size_t N>
void check_text(const char (&text)[N]) {
    CAMTAP_CHECK(std::memchr(text, 0, N) != nullptr);
}

void check(const camtap_stream_info& info) {
    check_text(info.name);
    check_text(info.source);
    check_text(info.reason);
    CAMTAP_CHECK(info.size == sizeof info && *camtap_stream_state_name(info.state) != 0);
    char format[16];
    camtap_format_name(&info.image, format, sizeof format);
    check_text(format);
}

void check(const camtap_tap_info& info) {
    check_text(info.stream);
    check_text(info.program);
    CAMTAP_CHECK(info.size == sizeof info);
}

template <class Info>
void check_list(camtap_error error, Info* array, size_t count) {
    CAMTAP_CHECK((error == CAMTAP_OK) == (array != nullptr));
    if (error != CAMTAP_OK) CAMTAP_CHECK(*camtap_last_error() != 0);
    for (size_t i = 0; i < count; ++i) check(array[i]);
    touch(array, count * sizeof(Info));
    camtap_free(array);
}

void ask(Input& input, HostileDaemon& daemon) {
    const char* const path = daemon.socket_path();
    const char* const stream = input.flag() ? "front" : nullptr;
    const uint32_t question = input.below(3);
    size_t count = 0;
    if (question == 0) {
        camtap_stream_info* streams = nullptr;
        const camtap_error error = camtap_list_streams(path, stream, kTimeoutNs, &streams, &count);
        check_list(error, streams, count);
    } else if (question == 1) {
        camtap_tap_info* taps = nullptr;
        const camtap_error error = camtap_list_taps(path, stream, kTimeoutNs, &taps, &count);
        check_list(error, taps, count);
    } else {
        camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
        const camtap_error error = camtap_reload(path, kTimeoutNs, &result);
        CAMTAP_CHECK(error <= CAMTAP_OK && error >= CAMTAP_ERROR_MALFORMED);
        check_text(result.message);
        CAMTAP_CHECK(result.size == sizeof result);
    }
}

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    using namespace camtap::fuzz;
    Input input(data, bytes);
    HostileDaemon daemon(input);
    const Waiting waiting([&daemon] { return daemon.turn(); });
    while (!input.used_up()) ask(input, daemon);
    return 0;
}
