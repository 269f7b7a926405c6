// Promise: whichever way the futex call is made, it says what the kernel says. Built twice: as here, and as in a release.
#include "common/futex.h"

#include <gtest/gtest.h>

#include <thread>

namespace camtap {
namespace {

#ifdef NDEBUG
#define FUTEX FutexOfARelease
#else
#define FUTEX Futex
#endif

TEST(FUTEX, SaysThatTheTimeHasPassed) {
    const std::atomic<uint32_t> word{7};
    const timespec t = to_timespec(kNsPerMs);
    EXPECT_EQ(futex(word, FUTEX_WAIT, 7, &t), -ETIMEDOUT);
    EXPECT_TRUE(futex_wait(word, 7, kNsPerMs));
    EXPECT_TRUE(futex_wait(word, 7, -1)) << "a deadline that is over";
}

TEST(FUTEX, DoesntSleepOnAWordThatHasChanged) {
    const std::atomic<uint32_t> word{7};
    EXPECT_EQ(futex(word, FUTEX_WAIT, 6, nullptr), -EAGAIN);
    EXPECT_FALSE(futex_wait(word, 6, INT64_MAX));
}

TEST(FUTEX, WakesWhoSleepsAndCountsThem) {
    std::atomic<uint32_t> word{7};
    EXPECT_EQ(futex(word, FUTEX_WAKE, 1, nullptr), 0) << "nobody";
    std::thread sleeper([&] { EXPECT_EQ(futex(word, FUTEX_WAIT, 7, nullptr), 0); });
    long woken = 0;
    while (woken == 0) woken = futex(word, FUTEX_WAKE, 1, nullptr);
    EXPECT_EQ(woken, 1);
    sleeper.join();
    std::atomic<bool> is_awake{false};
    std::thread another([&] {
        EXPECT_EQ(futex(word, FUTEX_WAIT, 7, nullptr), 0);
        is_awake.store(true);
    });
    while (!is_awake.load()) futex_wake_all(word);  // for ever, if it wakes nobody
    another.join();
}

TEST(FUTEX, SaysWhyItFailed) {
    const std::atomic<uint32_t> word{7};
    EXPECT_EQ(futex(word, FUTEX_CMD_MASK, 7, nullptr), -ENOSYS) << "no such operation";
}

}  // namespace
}  // namespace camtap
