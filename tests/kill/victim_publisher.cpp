// A publisher that does everything a publisher can, in phases. kill_test kills it after any instruction of
// any of them.
#include <cstring>

#include "daemon/source/pattern_frame.h"
#include "marker.h"

namespace camtap::test {
namespace {

constexpr int64_t kPatience = 20'000'000'000;

camtap_publisher* attach(const char* socket_path) {
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.socket_path = socket_path;
    options.attach_timeout_ns = kPatience;
    options.stock = 2;
    camtap_publisher* publisher = nullptr;
    must(camtap_publisher_open("test", &options, &publisher) == CAMTAP_OK, "camtap_publisher_open");
    must(camtap_publisher_report(publisher, CAMTAP_READING, "") == CAMTAP_OK, "camtap_publisher_report");
    return publisher;
}

camtap_slot acquire(camtap_publisher* publisher, uint32_t bytes) {
    camtap_slot slot = CAMTAP_INIT(camtap_slot);
    must(camtap_publisher_acquire(publisher, bytes, kPatience, &slot) == CAMTAP_OK,
         "camtap_publisher_acquire");
    return slot;
}

void fill(const camtap_slot& slot, uint64_t number) {
    std::memset(slot.data, static_cast<int>(number), kFrameBytes);
    source::certify_pattern(tiny_image(), slot.data, number, 0);
}

void publish(camtap_publisher* publisher, const camtap_slot& slot, uint64_t number) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = number;
    info.image = tiny_image();
    must(camtap_publisher_publish(publisher, &slot, &info, nullptr) == CAMTAP_OK, "camtap_publisher_publish");
}

void live(const char* socket_path) {
    uint64_t number = 1'000'000;  // so that its pictures are like nobody else's
    marker();                     // attach
    camtap_publisher* publisher = attach(socket_path);
    marker();  // acquire: the segment comes, is mapped, is backed
    camtap_slot slot = acquire(publisher, kFrameBytes);
    marker();
    fill(slot, ++number);
    marker();
    publish(publisher, slot, number);
    marker();  // go_on: as it does for the rest of its days
    for (int i = 0; i < 3; ++i) {
        slot = acquire(publisher, kFrameBytes);
        fill(slot, ++number);
        publish(publisher, slot, number);
    }
    marker();  // discard
    slot = acquire(publisher, kFrameBytes);
    camtap_publisher_discard(publisher, &slot);
    marker();  // grow: to a generation of larger slots
    slot = acquire(publisher, kGrownBytes);
    fill(slot, ++number);
    publish(publisher, slot, number);
    marker();  // close, with a slot held
    slot = acquire(publisher, kGrownBytes);
    camtap_publisher_close(publisher);
    marker();
}

}  // namespace
}  // namespace camtap::test

int main(int, char** argv) {
    camtap::test::live(argv[1]);
}
