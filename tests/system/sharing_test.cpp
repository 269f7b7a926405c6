// Promise: no reader, however slow, stopped or dead, stalls the camera, tears a frame or disturbs another
// reader.
#include "forked.h"
#include "pattern_stream.h"

namespace camtap::test {
namespace {

TEST(Sharing, EveryFrameInOrderAndWhole) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    expect_undisturbed(tap, 200);
    expect_balance(tap);
    EXPECT_EQ(tap.status().state, CAMTAP_LIVE);
    EXPECT_EQ(daemon.stop(), 0);
}

// A reader in another process: takes a frame, says so, and keeps it until it is told to go on; then checks it
// again.
struct Holder : Forked {
    explicit Holder(const Daemon& daemon)
        : Forked([&daemon](Forked::Child& child) {
              Tap tap = daemon.tap("test");
              const auto frame = tap.next(kGuard);
              if (!frame || !whole(*frame)) return 1;
              child.say();
              child.wait();
              if (!whole(*frame)) return 2;
              const auto another = tap.next(kGuard);
              return another && whole(*another) ? 0 : 3;
          }) {
        wait();
    }
};

TEST(Sharing, KillingAReaderThatHoldsAFrameDisturbsNobody) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    for (int i = 0; i < 20; ++i) {
        Holder holder(daemon);
        expect_undisturbed(beside, 5);
        holder.kill(SIGKILL);
        EXPECT_EQ(holder.join(), -SIGKILL);
        expect_undisturbed(beside, 5);
    }
    EXPECT_TRUE(eventually([&] { return daemon.info("test").taps == 1; }));
    EXPECT_EQ(daemon.info("test").no_slot, 0u);
}

TEST(Sharing, AStoppedReaderDisturbsNobodyAndItsFrameStaysWhole) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    Holder holder(daemon);
    holder.kill(SIGSTOP);
    expect_undisturbed(beside, 300);
    holder.kill(SIGCONT);
    holder.say();
    EXPECT_EQ(holder.join(), 0);
    EXPECT_EQ(daemon.info("test").no_slot, 0u);
}

TEST(Sharing, HeldFramesStayWholeAndOneTooManyIsAnError) {
    Daemon daemon(kPattern);
    Tap beside = daemon.tap("test");
    Tap keeper = daemon.tap("test");
    const auto first = keeper.next(kGuard);
    const auto second = keeper.next(kGuard);
    ASSERT_TRUE(first && second);
    try {
        (void)keeper.next(kGuard);
        ADD_FAILURE() << "a third frame";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), CAMTAP_ERROR_TOO_MANY_FRAMES);
    }
    expect_undisturbed(beside, 300);
    EXPECT_TRUE(whole(*first));
    EXPECT_TRUE(whole(*second));
    EXPECT_EQ(keeper.status().frames_held, 2u);
}

TEST(Sharing, AReaderThatIsTooSlowIsToldWhatItMissed) {
    std::string shallow = kPattern;
    shallow.replace(shallow.find("depth = 200"), 11, "depth = 20");
    Daemon daemon(shallow);
    Tap beside = daemon.tap("test");
    Tap slow = daemon.tap("test");
    ASSERT_TRUE(slow.next(kGuard));
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(beside.next(kGuard));
    const auto frame = slow.next(kGuard);
    ASSERT_TRUE(frame);
    EXPECT_GT(frame->info().missed.too_slow, 50u);
    expect_balance(slow);
    Tap newest = daemon.tap("test");
    ASSERT_TRUE(newest.latest(kGuard));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(beside.next(kGuard));
    const auto latest = newest.latest(kGuard);
    ASSERT_TRUE(latest);
    EXPECT_GT(latest->info().missed.skipped + latest->info().missed.too_slow, 0u);
    EXPECT_EQ(latest->info().missed.too_slow, 0u) << "asked for the latest: skipped, not missed";
    expect_balance(newest);
}

TEST(Sharing, AForkedChildDoesNoHarmToItsParent) {
    Daemon daemon(kPattern);
    Tap tap = daemon.tap("test");
    const auto held = tap.next(kGuard);
    ASSERT_TRUE(held);
    {
        Forked child([&](Forked::Child&) {
            try {
                (void)tap.next(1s);
                return 1;
            } catch (const Error& error) {
                if (error.code() != CAMTAP_ERROR_FORKED) return 2;
            }
            Tap own = daemon.tap("test");
            const auto frame = own.next(kGuard);
            return frame && whole(*frame) ? 0 : 3;
        });
        EXPECT_EQ(child.join(), 0);
    }
    EXPECT_TRUE(whole(*held));
    EXPECT_EQ(daemon.taps("test").at(0).frames_held, 1u);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(tap.next(kGuard));
}

}  // namespace
}  // namespace camtap::test
