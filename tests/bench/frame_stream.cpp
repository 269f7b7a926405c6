#include "frame_stream.h"

#include <cstring>

#include "common/clock.h"

namespace camtap::bench {
namespace {

constexpr size_t kCacheLine = 64;

void read_all(const Frame& frame) {
    const auto* bytes = static_cast<const volatile unsigned char*>(frame.data());
    for (uint64_t i = 0; i < frame.image().bytes; i += kCacheLine) (void)bytes[i];
}

void tap(const TapOptions& options, const std::string& stream, Habit habit, Sheet& sheet,
         const Readers::Process::Child& child) {
    Tap tap(stream, options);
    child.say();
    for (;;) {
        const auto frame = tap.next();
        if (!frame) return;
        Stamp stamp;
        std::memcpy(&stamp, frame->data(), sizeof stamp);
        const int64_t now = monotonic_ns();
        if (habit == Habit::read) {
            sheet.holding.store(frame->sequence());
            read_all(*frame);
            sheet.holding.store(0);
        }
        sheet.note(stamp, now);
    }
}

}  // namespace

FrameStream::FrameStream(const test::Daemon& daemon, const Cores& cores, const Settings& settings)
    : size_(settings.size), publisher_(daemon.publisher(settings.stream, settings.stock)) {
    // all its slots are backed before anything is measured
    publisher_.acquire(size_.bytes());
    const TapOptions options = daemon.tap_options();
    readers_ = std::make_unique<Readers>(settings.readers, cores, settings.placement,
                                         [&](Sheet& sheet, const Readers::Process::Child& child) {
                                             tap(options, settings.stream, settings.habit, sheet, child);
                                         });
}

void FrameStream::send(Stamp stamp) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.capture_origin = CAMTAP_ORIGIN_PUBLISHER;
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = size_.width;
    info.image.height = size_.height;
    info.image.fourcc = CAMTAP_FOURCC_BGR8;
    info.image.channels = 3;
    info.image.stride = uint64_t{size_.width} * 3;
    Slot slot = publisher_.acquire(size_.bytes());
    if (picture_ != nullptr) std::memcpy(slot.data(), picture_, size_.bytes());
    stamp.at_ns = monotonic_ns();
    std::memcpy(slot.data(), &stamp, sizeof stamp);
    publisher_.publish(std::move(slot), info);
}

}  // namespace camtap::bench
