// What the kernel must do for those who wait in an event loop: epoll inside epoll, timers, and one clock for
// all.
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <cerrno>

#include "assumption.h"
#include "common/clock.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr const char* kWatch =
    "client/watch.cpp: camtap_tap_fd() is an epoll descriptor in the program's own";

UniqueFd epoll_with(int fd) {
    UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    EXPECT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event), 0) << WITH_ERRNO;
    return epoll;
}

int ready(const UniqueFd& epoll, int timeout_ms) {
    epoll_event event{};
    return epoll_wait(epoll.get(), &event, 1, timeout_ms);
}

void set_timer(int timer, int64_t at_ns) {
    itimerspec when{};
    when.it_value = to_timespec(at_ns);
    ASSERT_EQ(timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr), 0) << WITH_ERRNO;
}

TEST(EpollInEpoll, IsReadableAsLongAsSomethingInsideIs) {
    CAMTAP_ASSUMES(
        "an epoll descriptor is readable, level-triggered, while something in it is, for poll() and for "
        "another epoll",
        kWatch);
    SocketPair pair;
    const UniqueFd inner = epoll_with(pair.b.get());
    const UniqueFd outer = epoll_with(inner.get());
    EXPECT_EQ(ready(outer, 0), 0);
    ASSERT_EQ(send(pair.a.get(), "x", 1, 0), 1);
    EXPECT_EQ(ready(outer, kGuardMs), 1);
    EXPECT_EQ(ready(outer, 0), 1) << "it is told of once only: not level-triggered";
    EXPECT_EQ(poll_one(inner.get(), POLLIN), POLLIN);
    char c = 0;
    ASSERT_EQ(recv(pair.b.get(), &c, 1, 0), 1);
    EXPECT_EQ(ready(outer, 0), 0);
    EXPECT_EQ(poll_one(inner.get(), POLLIN, 0), 0);
}

TEST(EpollInEpoll, FollowsWhatIsAddedAndRemovedLater) {
    CAMTAP_ASSUMES("what is added to an inner epoll later is waited for by those who wait already", kWatch);
    SocketPair first;
    SocketPair second;
    const UniqueFd inner = epoll_with(first.b.get());
    const UniqueFd outer = epoll_with(inner.get());
    Forked waiter([&](Forked::Child& c) {
        c.say();
        return ready(outer, kGuardMs) == 1 ? 0 : 1;
    });
    waiter.wait();
    ASSERT_EQ(epoll_ctl(inner.get(), EPOLL_CTL_DEL, first.b.get(), nullptr), 0);
    epoll_event event{};
    event.events = EPOLLIN;
    ASSERT_EQ(epoll_ctl(inner.get(), EPOLL_CTL_ADD, second.b.get(), &event), 0);
    ASSERT_EQ(send(first.a.get(), "x", 1, 0), 1);
    EXPECT_EQ(ready(outer, 0), 0) << "what was taken out still counts";
    ASSERT_EQ(send(second.a.get(), "x", 1, 0), 1);
    EXPECT_EQ(waiter.join(), 0);
}

TEST(EpollInEpoll, GoesOnWatchingASocketThatAForkHolds) {
    CAMTAP_ASSUMES(
        "a socket that is closed while a fork has it must be taken out of an epoll before, and then it is "
        "out",
        "client/watch.h, remove()");
    SocketPair pair;
    const UniqueFd epoll = epoll_with(pair.b.get());
    Forked child([](Forked::Child& c) {
        c.wait();
        return 0;
    });
    ASSERT_EQ(epoll_ctl(epoll.get(), EPOLL_CTL_DEL, pair.b.get(), nullptr), 0);
    pair.b.reset();
    ASSERT_EQ(send(pair.a.get(), "x", 1, MSG_NOSIGNAL), 1) << WITH_ERRNO;
    EXPECT_EQ(ready(epoll, 0), 0);
    child.say();
    child.join();
}

TEST(Timer, ThatIsSetAnewTakesBackThatItHasExpired) {
    CAMTAP_ASSUMES(
        "a timerfd that has expired is readable until it is read or set anew, and silent when set to 0",
        "client/watch.cpp, wake_at()");
    const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    ASSERT_TRUE(timer) << WITH_ERRNO;
    set_timer(timer.get(), 1);
    EXPECT_EQ(poll_one(timer.get(), POLLIN), POLLIN) << "a time that has passed doesn't expire at once";
    EXPECT_EQ(poll_one(timer.get(), POLLIN), POLLIN);
    set_timer(timer.get(), monotonic_ns() + 3600 * kNsPerSecond);
    EXPECT_EQ(poll_one(timer.get(), POLLIN, 0), 0);
    set_timer(timer.get(), 1);
    EXPECT_EQ(poll_one(timer.get(), POLLIN), POLLIN);
    set_timer(timer.get(), 0);
    EXPECT_EQ(poll_one(timer.get(), POLLIN, 0), 0);
}

TEST(Timer, GoesByTheClockThatCallersRead) {
    CAMTAP_ASSUMES("TFD_TIMER_ABSTIME takes a time of the same CLOCK_MONOTONIC that clock_gettime() tells",
                   "client/watch.cpp, wake_at()");
    const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    const int64_t at = monotonic_ns() + 20 * kNsPerMs;
    set_timer(timer.get(), at);
    EXPECT_EQ(poll_one(timer.get(), POLLIN), POLLIN);
    EXPECT_GE(monotonic_ns(), at);
}

TEST(Clock, IsTheSameInEveryProcess) {
    CAMTAP_ASSUMES("CLOCK_MONOTONIC is one clock for all processes, and never goes back",
                   "common/clock.h: the age of a frame is the tap's clock less the publisher's");
    SocketPair pair;
    for (int i = 0; i < 100; ++i) {
        const int64_t before = monotonic_ns();
        Forked child([&](Forked::Child&) {
            const int64_t now = monotonic_ns();
            return send(pair.b.get(), &now, sizeof now, 0) == sizeof now ? 0 : 1;
        });
        ASSERT_EQ(child.join(), 0);
        int64_t between = 0;
        ASSERT_EQ(recv(pair.a.get(), &between, sizeof between, 0), static_cast<ssize_t>(sizeof between));
        const int64_t after = monotonic_ns();
        ASSERT_LE(before, between);
        ASSERT_LE(between, after);
    }
}

}  // namespace
}  // namespace camtap::test
