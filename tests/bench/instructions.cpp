// What a frame costs in instructions, which are the same on every run: noise hides a regression of a few per
// cent, a count doesn't. To be run by callgrind; ./instructions does that and makes a table of it.
//
// The daemon, which takes no part in a frame, and the programs on the other side run beside it at full speed, and each
// step waits until they are at rest: so what is counted takes the same way each time.
#include <camtap/camtap.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "instructions.h"
#include "lane.h"
#include "pace.h"

namespace camtap::bench {
namespace {

constexpr int64_t kRestNs = 20 * kNsPerMs;

void count_nothing() {
    for (int i = 0; i < kRounds; ++i) count("nothing (counted with each of the others)", [] {});
}

Lane camtap_lane() {
    const Peers peers(false);
    Work work;
    work.readers = 0;
    work.visitors = kTaps;
    return Lane(*peers.find(kOurs), work, kStock);
}

TapOptions tap_options(const Lane& lane) {
    TapOptions options;
    options.attach_timeout = std::chrono::seconds(20);
    options.socket_path = lane.directory() + "/camtap.sock";
    return options;
}

void count_taps() {
    Lane lane = camtap_lane();
    Tap tap("frames", tap_options(lane));
    Order order;
    order.frames = 1;
    order.period_ns = kRestNs;  // so that the tap sleeps by then
    for (int i = 0; i < kRounds; ++i) {
        lane.start(order);
        count("tap: sleep, wake, pin, unpin", [&] { (void)tap.next(); });
        lane.finish();
    }
    for (int i = 0; i < kRounds; ++i) {
        lane.run(order);
        count("tap: pin, unpin", [&] { (void)tap.next(); });
    }
}

camtap_publish_info describe() {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = kVga.width;
    info.image.height = kVga.height;
    info.image.fourcc = CAMTAP_FOURCC_BGR8;
    info.image.channels = 3;
    info.image.stride = uint64_t{kVga.width} * 3;
    return info;
}

void count_publishing() {
    Lane lane = camtap_lane();
    lane.end_writer();  // this program is the publisher
    PublisherOptions options;
    options.stock = kStock;
    options.attach_timeout = std::chrono::seconds(20);
    options.socket_path = lane.directory() + "/camtap.sock";
    Publisher publisher("frames", options);
    const camtap_publish_info info = describe();
    const auto publish = [&] { publisher.publish(publisher.acquire(kVga.bytes()), info); };
    publish();
    std::vector<std::unique_ptr<Tap>> taps;
    for (uint32_t i = 0; i < kTaps; ++i) taps.push_back(std::make_unique<Tap>("frames", tap_options(lane)));
    std::vector<std::optional<Frame>> held(kTaps);
    for (uint32_t i = 0; i < kDepth + 2 * kStock + kTaps; ++i) publish();  // until every slot is backed
    for (int i = 0; i < kRounds; ++i) {
        for (uint32_t t = 0; t < kTaps; ++t) held[t] = taps[t]->latest();
        sleep_for(kRestNs);
        std::optional<Slot> slot;
        count("publisher: look at 8 taps' pins, acquire",
              [&] { slot.emplace(publisher.acquire(kVga.bytes())); });
        count("publisher: publish", [&] { publisher.publish(std::move(*slot), info); });
    }
}

}  // namespace
}  // namespace camtap::bench

int main() {
    using namespace camtap::bench;
    try {
        count_nothing();
        count_taps();
        count_publishing();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench_instructions: %s\n", e.what());
        return 1;
    }
    return 0;
}
