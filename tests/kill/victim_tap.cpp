// A tap that does everything a tap can, in phases. kill_test kills it after any instruction of any of them.
#include <poll.h>

#include "daemon/source/pattern_frame.h"
#include "marker.h"

namespace camtap::test {
namespace {

constexpr int64_t kForEver = -1;

void read(const camtap_frame* frame) {
    const camtap_frame_info* info = camtap_frame_get_info(frame);
    uint64_t number = 0;
    must(source::pattern_frame_ok(info->image, camtap_frame_data(frame), &number), "the frame is torn");
    must(number == info->source_sequence, "it is another frame's picture");
    char copy[kFrameBytes];
    must(camtap_frame_copy(frame, copy, sizeof copy, 0) == CAMTAP_OK, "camtap_frame_copy");
}

camtap_tap* attach(const char* socket_path) {
    camtap_tap_options options = CAMTAP_INIT(camtap_tap_options);
    options.socket_path = socket_path;
    options.attach_timeout_ns = 20'000'000'000;
    camtap_tap* tap = nullptr;
    must(camtap_tap_open("test", &options, &tap) == CAMTAP_OK, "camtap_tap_open");
    return tap;
}

camtap_frame* next(camtap_tap* tap) {
    camtap_frame* frame = nullptr;
    must(camtap_tap_next(tap, kForEver, &frame) == CAMTAP_OK, "camtap_tap_next");
    return frame;
}

// As a program with an event loop does it.
camtap_frame* watch(camtap_tap* tap) {
    pollfd entry{camtap_tap_fd(tap), POLLIN, 0};
    must(entry.fd >= 0, "camtap_tap_fd");
    camtap_frame* frame = nullptr;
    while (camtap_tap_try_next(tap, &frame) != CAMTAP_OK) poll(&entry, 1, -1);
    return frame;
}

void live(const char* socket_path) {
    marker();  // attach
    camtap_tap* tap = attach(socket_path);
    marker();  // pin: a frame is there
    camtap_frame* first = next(tap);
    marker();
    read(first);
    marker();  // unpin
    camtap_frame_release(first);
    marker();  // wait: no frame is there
    first = next(tap);
    marker();  // watch: the same through a descriptor, while a frame is held
    camtap_frame* second = watch(tap);
    camtap_frame_release(first);
    marker();  // latest: several are there
    must(camtap_tap_latest(tap, kForEver, kForEver, &first) == CAMTAP_OK, "camtap_tap_latest");
    read(first);
    camtap_frame_release(second);
    marker();  // move: to another generation, while a frame of the old one is held
    second = next(tap);
    read(first);
    read(second);
    marker();  // detach, with both frames held
    camtap_tap_close(tap);
    camtap_frame_release(first);
    camtap_frame_release(second);
    marker();
}

}  // namespace
}  // namespace camtap::test

int main(int, char** argv) {
    camtap::test::live(argv[1]);
}
