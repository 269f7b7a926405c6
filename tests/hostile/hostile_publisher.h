// A publisher that has a real segment mapped and writes into it whatever it likes.
#pragma once

#include "common/futex.h"
#include "common/pins.h"
#include "hostile_program.h"
#include "tests/system/daemon_process.h"
#include "tests/system/raw_client.h"

namespace camtap::test {

inline constexpr uint64_t kHostileBytes = 3 * layout::kPage;

class HostilePublisher : public RawPublisher {
  public:
    HostilePublisher(const std::string& path, uint32_t stock = 2)
        : RawPublisher(path, stock, kHostileBytes, "test") {}

    uint32_t slots() const { return view.geometry.slot_count; }
    void wake() const {
        view.header().wake.fetch_add(1, std::memory_order_release);
        futex_wake_all(view.header().wake);
    }
    // Any number, in any slot.
    void publish(uint64_t n, uint32_t s) const {
        pins::publish(view.slot(s).sequence, view.index(n), s, view.header().head, n);
        wake();
    }
    // As an honest publisher would, as long as there are slots that weren't filled yet; the daemon knows of it.
    uint64_t publish_honestly() {
        const uint32_t slot = slot_of(next_sequence);
        view.slot(slot).record = record();
        publish(next_sequence, slot);
        ask();
        expect<wire::Seat>();
        return next_sequence++;
    }
    // One that fits.
    static layout::FrameRecord record() {
        layout::FrameRecord r{};
        r.capture_ns = r.publish_ns = monotonic_ns();
        r.bytes = kHostileBytes;
        r.stride = 96;
        r.width = 32;
        r.height = kHostileBytes / 96;
        r.channels = 3;
        r.counters.captured = 1;
        return r;
    }
    // One whose fields are nonsense, or just about not.
    static layout::FrameRecord record(Random& random) {
        layout::FrameRecord r = record();
        switch (random.below(16)) {
            case 0:
                r.bytes = random.nasty();
                break;
            case 1:
                r.stride = random.nasty();
                break;
            case 2:
                r.width = static_cast<uint32_t>(random.nasty());
                break;
            case 3:
                r.height = static_cast<uint32_t>(random.nasty());
                break;
            case 4:
                r.depth = static_cast<uint16_t>(random.below(10));
                break;
            case 5:
                r.channels = static_cast<uint16_t>(random.nasty());
                break;
            case 6:  // the last byte of the slot is the image's last byte
                r.stride = kHostileBytes - 96;
                r.height = 2;
                break;
            case 7:  // the next one would be
                r.stride = kHostileBytes - 95;
                r.height = 2;
                break;
            case 8:
                r.fourcc = static_cast<uint32_t>(random.nasty());
                break;
            case 9:
                r.counters = {random.nasty(), random.nasty(), random.nasty(), random.nasty()};
                break;
            case 10:
                r.capture_ns = static_cast<int64_t>(random.nasty());
                r.capture_origin = static_cast<uint32_t>(random.nasty());
                break;
            case 11:  // rows times stride is 2^64 and a bit
                r.height = 1 + (1u << (random() % 31));
                r.stride = ~uint64_t{0} / r.height + random.below(3);
                break;
            case 12:  // everything
                for (auto* word = reinterpret_cast<uint64_t*>(&r); word < reinterpret_cast<uint64_t*>(&r + 1);
                     ++word) {
                    *word = random.nasty();
                }
                break;
            default:
                break;
        }
        return r;
    }
    // Any word of header, index and descriptors.
    void scribble(Random& random) const {
        const uint64_t words = view.geometry.metadata_bytes() / 8;
        uint64_t at = random.below(words);
        if (random.below(2) == 0) at = random.below(sizeof(layout::SegmentHeader) / 8);
        reinterpret_cast<layout::Word64*>(memory.data())[at].store(random.nasty(), std::memory_order_relaxed);
    }
};

// The stream is without a publisher: the next one isn't turned away.
inline bool wait_until_vacant(const DaemonProcess& daemon) {
    return eventually([&] { return daemon.info("test").publisher_pid == 0; });
}

}  // namespace camtap::test
