// Promises: how many frames a tap's user may hold, and what becomes of one that is released.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace camtap::test {
namespace {

class HeldFrames : public testing::Test {
  protected:
    void open(bool oldest = false) { ASSERT_EQ(open_tap(daemon.socket_path(), tap, oldest), CAMTAP_OK); }
    FakeDaemon daemon;
    TapHandle tap;
};

TEST_F(HeldFrames, HoldingMaxPinsFramesIsAnErrorAtOnce) {
    const auto segment = daemon.begin_generation(1, 100);
    for (int i = 0; i < 4; ++i) segment->publish();
    open(true);
    Got first = next(tap);
    const Got second = next(tap);
    EXPECT_EQ(next(tap).error, CAMTAP_ERROR_TOO_MANY_FRAMES);
    EXPECT_EQ(latest(tap).error, CAMTAP_ERROR_TOO_MANY_FRAMES);
    EXPECT_EQ(status_of(tap).frames_held, 2u);
    std::thread([&] { first.frame.reset(); }).join();  // any thread may release
    EXPECT_EQ(next(tap).sequence(), 102u);
}

TEST_F(HeldFrames, ThePinThatIsReadiedForTheNextFrameIsNoFrameHeld) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    const Got first = next(tap);
    EXPECT_EQ(next(tap, 1).error, CAMTAP_ERROR_TIMEOUT) << "slept for it";
    EXPECT_EQ(status_of(tap).frames_held, 1u);
    EXPECT_EQ(daemon.pinned(), 1u);
    segment->publish();
    const Got second = next(tap);
    EXPECT_EQ(second.sequence(), 101u) << "max_pins are two";
    EXPECT_EQ(daemon.pinned(), 2u);
    EXPECT_EQ(next(tap, 1).error, CAMTAP_ERROR_TOO_MANY_FRAMES);
}

TEST_F(HeldFrames, AFrameThatIsKeptForTheNextOneIsNoFrameHeld) {
    const auto segment = daemon.begin_generation(1, 100);
    for (int i = 0; i < 4; ++i) segment->publish();
    open(true);
    for (uint64_t n = 100; n < 104; n += 2) {
        Got first = next(tap);
        Got second = next(tap);
        EXPECT_EQ(second.sequence(), n + 1);
        EXPECT_EQ(status_of(tap).frames_held, 2u);
        first.frame.reset();
        EXPECT_EQ(status_of(tap).frames_held, 1u);
        EXPECT_EQ(daemon.pinned(), 1u);
        second.frame.reset();
        EXPECT_EQ(status_of(tap).frames_held, 0u);
        EXPECT_EQ(daemon.pinned(), 0u);
    }
}

TEST_F(HeldFrames, ItsConnectionEndsWithItAndItsLastFrame) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    segment->publish();
    open(true);
    Got released = next(tap);
    Got held = next(tap);
    released.frame.reset();
    tap.reset();
    EXPECT_EQ(daemon.pinned(), 1u);
    held.frame.reset();
    daemon.wait_for_clients(0);
}

// Passes frames on to a thread that releases them.
class Releaser {
  public:
    ~Releaser() {
        over_ = true;
        thread_.join();
    }
    void release(FrameHandle frame) {
        while (next_.load() != nullptr) std::this_thread::yield();
        next_.store(frame.release(), std::memory_order_release);
    }

  private:
    void run() {
        while (true) {
            const bool last = over_;
            if (camtap_frame* const frame = next_.exchange(nullptr, std::memory_order_acquire))
                camtap_frame_release(frame);
            else if (last)
                return;
        }
    }
    std::atomic<camtap_frame*> next_{nullptr};
    std::atomic<bool> over_{false};
    std::thread thread_{[this] { run(); }};
};

TEST_F(HeldFrames, FramesMayBeReleasedByAnotherThreadWhileTheNextIsReadiedAndTheTapCloses) {
    const auto segment = daemon.begin_generation(1, 100);
    for (int round = 0; round < 50; ++round) {
        Releaser releaser;
        uint64_t n = segment->publish();
        open();
        for (int i = 0; i < 50; ++i, n = segment->publish()) {
            Got got;
            do got = next(tap);  // the releaser may have two, as many as max_pins allows
            while (got.error == CAMTAP_ERROR_TOO_MANY_FRAMES);
            ASSERT_EQ(got.sequence(), n);
            ASSERT_LE(status_of(tap).frames_held, 2u);
            releaser.release(std::move(got.frame));
        }
        tap.reset();
    }
    daemon.wait_for_clients(0);
}

TEST_F(HeldFrames, FramesOutliveTheirTapAndKeepTheirPin) {
    const auto segment = daemon.begin_generation(1, 100);
    segment->publish();
    open();
    const Got got = next(tap);
    tap.reset();
    EXPECT_EQ(got.pixel(), 100u);
}

}  // namespace
}  // namespace camtap::test
