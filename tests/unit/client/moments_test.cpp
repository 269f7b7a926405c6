// Promise: a frame that comes at any moment while a tap looks for one keeps it from going to sleep, or wakes it. A tap
// that slept through one would find it at the end of its slice, so that no other test would notice.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <functional>
#include <utility>

#include "tests/unit/client/c_handles.h"
#include "tests/unit/client/fake_daemon.h"

namespace {

// The moments of a thread: its looks at the clock, and at last when it goes to sleep.
struct Moments {
    uint32_t chosen = 0;
    std::function<void()> happens;
    uint32_t looks = 0;
    bool over = false;
    bool was_last = false;
    uint32_t slept_through = 0;  // sleeps that nobody ended

    void come(bool is_last) {
        if (over || (!is_last && looks++ < chosen)) return;
        over = true;
        was_last = is_last;
        happens();
    }
};
thread_local Moments* moments = nullptr;

void moment(bool is_last) {
    Moments* const mine = std::exchange(moments, nullptr);  // what happens looks at the clock, too
    if (mine != nullptr) mine->come(is_last);
    moments = mine;
}

}  // namespace

// In the place of the C library's.
extern "C" int clock_gettime(clockid_t clock, timespec* t) noexcept {
    moment(false);
    static const auto real =
        reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
    return real(clock, t);
}

extern "C" long syscall(long number, ...) noexcept {
    long a[6];
    va_list list;
    va_start(list, number);
    for (long& argument : a) argument = va_arg(list, long);
    va_end(list);
    const bool sleeps = number == SYS_futex && a[1] == FUTEX_WAIT;
    if (sleeps) moment(true);
    static const auto real = reinterpret_cast<long (*)(long, ...)>(dlsym(RTLD_NEXT, "syscall"));
    const long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (sleeps && result != 0 && errno == ETIMEDOUT && moments != nullptr) ++moments->slept_through;
    return result;
}

namespace camtap::test {
namespace {

TEST(ATap, IsNotPutToSleepByAFrameThatComesAtAnyMoment) {
    FakeDaemon daemon;
    const auto segment = daemon.begin_generation(1, 100);
    TapHandle tap;
    ASSERT_EQ(open_tap(daemon.socket_path(), tap), CAMTAP_OK);
    constexpr uint32_t kMostLooks = 8;
    uint32_t fewest_looks = kMostLooks;              // when it goes to sleep
    for (uint32_t i = 0; i < 5 * kMostLooks; ++i) {  // it looks more often in the beginning, and now and then
        Moments all;
        all.chosen = i % kMostLooks;
        uint64_t published = 0;
        all.happens = [&] { published = segment->publish(); };
        moments = &all;
        const Got got = next(tap);
        moments = nullptr;
        ASSERT_NE(published, 0u);
        EXPECT_EQ(got.sequence(), published);
        EXPECT_EQ(all.slept_through, 0u) << "the frame came at moment " << all.chosen;
        if (all.was_last) fewest_looks = std::min(fewest_looks, all.looks);
    }
    EXPECT_GE(fewest_looks, 3u) << "there is hardly a moment to choose";
    EXPECT_LT(fewest_looks, kMostLooks) << "it was never about to sleep";
}

}  // namespace
}  // namespace camtap::test
