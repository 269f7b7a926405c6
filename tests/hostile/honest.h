// Honest publishers and taps with frames that certify themselves: any byte of another frame, in any frame
// that a tap holds, is noticed; so is a frame missed, and a slot that wasn't free.
#pragma once

#include <gtest/gtest.h>

#include <time.h>
#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/seats.h"
#include "client/slot_pool.h"
#include "common/clock.h"
#include "common/futex.h"
#include "common/pins.h"
#include "tests/system/raw_client.h"
#include "tests/unit/client/c_handles.h"

namespace camtap::test {

inline constexpr uint32_t kSide = 64;
inline constexpr uint64_t kHonestBytes = kSide * kSide;

inline uint64_t certificate(uint64_t sequence, size_t word) {
    return (sequence + word) * 0x9e37'79b9'7f4a'7c15u;
}

// Speaks the wire protocol, so that it can count: before each frame it finds a free slot, after one question at most for
// each tap that has come or gone.
class HonestPublisher : public RawPublisher {
  public:
    static constexpr uint32_t kStock = 2;

    HonestPublisher(const std::string& path, const std::string& stream)
        : RawPublisher(path, kStock, kHonestBytes, stream), counters_(segment.counters) {
        set_pool();
    }

    uint64_t publish() {
        const int64_t start = monotonic_ns();
        pool_->retire_old_frames();
        if (numbers_left_ == 0 || pins::newest_seating(view.header().seating) != seats_.known()) learn();
        pool_->free_unpinned(seats_.pins());
        longest_wait_ns_ = std::max(longest_wait_ns_, monotonic_ns() - start);
        if (pool_->free().size() < kStock) {
            ADD_FAILURE() << pool_->free().size() << " free slots for frame " << next_sequence;
            return next_sequence;
        }
        const uint32_t s = pool_->take(pool_->free().size() - 1);
        auto* words = reinterpret_cast<uint64_t*>(view.payload(s));
        for (size_t i = 0; i < kHonestBytes / 8; ++i) words[i] = certificate(next_sequence, i);
        ++counters_.captured;
        view.slot(s).record = record();
        --numbers_left_;
        EXPECT_EQ(pool_->publish(s), next_sequence);
        view.header().wake.fetch_add(1, std::memory_order_release);
        futex_wake_all(view.header().wake);
        if (pins::armed(view.header().armed)) send(wire::make<wire::Poke>());
        return next_sequence++;
    }
    // As a publisher does whose frames have grown, but with slots of the same size.
    void begin_generation() {
        begin(kHonestBytes);
        set_pool();
    }
    int64_t take_longest_wait_ns() { return std::exchange(longest_wait_ns_, 0); }

  private:
    void set_pool() {
        pool_.emplace(view, segment.generation, segment.first, segment.depth);
        numbers_left_ = segment.through + 1 - segment.first;
    }
    // Up to the change that was the newest at the first answer.
    void learn() {
        uint64_t target = 0;
        do {
            known_seating = seats_.known();
            ask();
            const auto seat = expect<wire::Seat>();
            const UniqueFd page = take_fd();
            ASSERT_TRUE(seats_.take(seat, page).ok());
            if (target == 0) target = seat.newest;
            numbers_left_ = seat.through + 1 - next_sequence;
        } while (seats_.known() < target);
    }
    layout::FrameRecord record() const {
        layout::FrameRecord r{};
        r.capture_ns = r.publish_ns = monotonic_ns();
        r.source_sequence = layout::kNoSourceSequence;
        r.bytes = kHonestBytes;
        r.stride = r.width = r.height = kSide;
        r.channels = 1;
        r.counters = counters_;
        return r;
    }

    client::Seats seats_{*client::ProcessMark::current()};
    std::optional<client::SlotPool> pool_;
    uint64_t numbers_left_ = 0;
    layout::Counters counters_;
    int64_t longest_wait_ns_ = 0;
};

// Holds on to some of its frames, and looks at them again before it lets go.
class HonestTap {
  public:
    HonestTap(const std::string& path, const std::string& stream) {
        EXPECT_EQ(open_tap(path, tap_, false, kLong, stream.c_str()), CAMTAP_OK) << camtap_last_error();
    }

    // The next frame is n, whole, and none was missed before it.
    void expect(uint64_t n) {
        Got got = next(tap_, kLong);
        ASSERT_EQ(got.error, CAMTAP_OK) << camtap_last_error();
        ASSERT_EQ(got.sequence(), n);
        EXPECT_EQ(sum(got.info().missed), 0u);
        keep(std::move(got));
    }
    // Any frame, whole. Its missed ones.
    uint64_t take(int64_t timeout_ns, bool& came) {
        Got got = next(tap_, timeout_ns);
        came = got.error == CAMTAP_OK;
        if (!came) return 0;
        const uint64_t missed = sum(got.info().missed);
        keep(std::move(got));
        return missed;
    }
    void let_go() { held_.clear(); }
    const TapHandle& handle() const { return tap_; }

  private:
    // A frame is held until its slot would have been used again several times, but for its pin.
    static constexpr size_t kHeld = 3;
    static constexpr uint64_t kEvery = 5;

    void keep(Got got) {
        EXPECT_TRUE(whole(got));
        if (got.sequence() % kEvery != 0) return;
        held_.push_back(std::move(got));
        if (held_.size() <= kHeld) return;
        EXPECT_TRUE(whole(held_.front())) << "a frame changed under its pin";
        held_.pop_front();
    }
    static bool whole(const Got& got) {
        if (got.info().image.bytes != kHonestBytes) return false;
        const auto* words = static_cast<const uint64_t*>(camtap_frame_data(got.frame.get()));
        for (size_t i = 0; i < kHonestBytes / 8; ++i) {
            if (words[i] != certificate(got.sequence(), i)) return false;
        }
        return true;
    }

    TapHandle tap_;
    std::deque<Got> held_;
};

struct FreeRun {
    double frames_per_second = 0;
    uint64_t missed = 0;
    int64_t longest_wait_us = 0;
};

// A stream's honest publisher and honest tap.
class Lane {
  public:
    Lane(const std::string& path, const std::string& stream)
        : stream_(stream), publisher_(path, stream), tap_(std::make_unique<HonestTap>(path, stream)) {}

    const std::string& stream() const { return stream_; }
    void one_frame() {
        const uint64_t n = publisher_.publish();
        if (tap_) tap_->expect(n);
    }
    // The tap is closed, the publisher goes on without one.
    void leave() { tap_.reset(); }

    // 1000 frames a second, as far as the machine gets to it; the tap follows as well as it can.
    FreeRun free_run(int frames) {
        FreeRun run;
        std::atomic<bool> over{false};
        uint64_t received = 0;
        (void)publisher_.take_longest_wait_ns();
        const int64_t begin = monotonic_ns();
        std::thread reader([&] {
            for (bool came = true; tap_ && (came || !over);) {
                run.missed += tap_->take(kNsPerSecond / 20, came);
                received += came ? 1 : 0;
            }
        });
        for (int i = 1; i <= frames && !testing::Test::HasFailure(); ++i) {
            publisher_.publish();
            const timespec due = to_timespec(begin + i * kNsPerMs);
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
        }
        const double seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
        over = true;
        reader.join();
        run.frames_per_second =
            static_cast<double>(tap_ ? received : static_cast<uint64_t>(frames)) / seconds;
        run.longest_wait_us = publisher_.take_longest_wait_ns() / 1000;
        return run;
    }

    void begin_generation() {
        tap_->let_go();
        publisher_.begin_generation();
    }
    HonestPublisher& publisher() { return publisher_; }
    HonestTap& tap() { return *tap_; }

  private:
    std::string stream_;
    HonestPublisher publisher_;
    std::unique_ptr<HonestTap> tap_;
};

}  // namespace camtap::test
