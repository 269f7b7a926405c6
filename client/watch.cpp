#include "client/watch.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "common/clock.h"

namespace camtap::client {

Result<Watch> Watch::open() {
    Watch watch;
    watch.epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    if (!watch.epoll_) return system_error("epoll_create1", errno);
    watch.timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!watch.timer_) return system_error("timerfd_create", errno);
    if (Status added = watch.add(watch.timer_.get()); !added.ok()) return added.error();
    return watch;
}

Status Watch::add(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket, &event) != 0) return system_error("epoll_ctl", errno);
    return Done{};
}

void Watch::remove(int socket) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
}

void Watch::wake_at(int64_t at_ns, int64_t now_ns) {
    // setting it again also takes back that it has expired
    if (at_ns == at_ns_ && (at_ns == 0 || at_ns > now_ns)) return;
    at_ns_ = at_ns;
    itimerspec when{};
    if (at_ns != 0) when.it_value = to_timespec(at_ns);
    timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace camtap::client
