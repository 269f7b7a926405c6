#include "reading.h"

#include <cstring>
#include <vector>

#include "common/clock.h"
#include "pace.h"
#include "writing.h"

namespace camtap::bench {
namespace {

// Half of all frames, at random: slots go round, and each has its own state in the caches.
bool drawn(uint64_t number) {
    return (number * 0x9e37'79b9'7f4a'7c15) >> 63 != 0;
}

class Reader {
  public:
    Reader(const Assignment& assignment, Receiver& receiver, Sheet& sheet)
        : assignment_(assignment), receiver_(receiver), sheet_(sheet) {
        // touched, so that the first copies don't fault
        if (assignment_.work.copied_out && !receiver_.copies())
            copy_.assign(assignment_.work.size.bytes(), std::byte{1});
    }

    void take(const std::byte* frame) {
        Stamp stamp;
        std::memcpy(&stamp, frame, sizeof stamp);
        const int64_t now = monotonic_ns();
        Sample sample{now - stamp.source_ns, now - stamp.publish_ns, now - stamp.source_ns, 0, false};
        if (!copy_.empty()) {
            sheet_.holding.store(stamp.number, std::memory_order_relaxed);
            copy_out(frame, stamp, sample);
            sheet_.holding.store(0, std::memory_order_relaxed);
        }
        if (assignment_.work.certified) check(frame, stamp.number);
        sheet_.note(stamp, sample);
        newest_ = stamp.number;
    }

    // Keeps the frame that was taken last for a while, in spite of everything.
    void hold(const std::byte* frame) {
        sheet_.holding.store(newest_);
        sleep_for(int64_t{assignment_.hold_ms} * kNsPerMs);
        if (assignment_.work.certified) check(frame, newest_);
        sheet_.holding.store(0);
    }

  private:
    void copy_out(const std::byte* frame, const Stamp& stamp, Sample& sample) {
        sample.by_memcpy = drawn(stamp.number);
        const int64_t start = monotonic_ns();
        if (sample.by_memcpy) {
            std::memcpy(copy_.data(), frame, copy_.size());
        } else {
            receiver_.copy_to(copy_.data(), frame, copy_.size());
        }
        const int64_t end = monotonic_ns();
        sample.copying_ns = end - start;
        sample.copied_ns = end - stamp.source_ns;
    }

    void check(const std::byte* frame, uint64_t number) {
        if (!is_whole(frame, assignment_.work.size, number)) sheet_.torn.fetch_add(1);
    }

    const Assignment& assignment_;
    Receiver& receiver_;
    Sheet& sheet_;
    std::vector<std::byte> copy_;
    uint64_t newest_ = 0;
};

}  // namespace

void read_frames(const Assignment& assignment, Receiver& receiver, Sheet& sheet, int64_t started_ns) {
    Reader reader(assignment, receiver, sheet);
    uint32_t held = 0;
    while (const std::byte* frame = receiver.next()) {
        if (sheet.attached_ns.load() == 0) sheet.attached_ns.store(monotonic_ns() - started_ns);
        reader.take(frame);
        if (++held < assignment.frames_held) continue;
        if (assignment.frames_held > 0) reader.hold(frame);
        for (; held > 0; --held) receiver.release();
    }
}

}  // namespace camtap::bench
