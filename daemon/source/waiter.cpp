#include "daemon/source/waiter.h"

#include <poll.h>

#include <algorithm>

#include "common/clock.h"
#include "daemon/source/source.h"

namespace camtap::source {

Waiter::Woken Waiter::wait(int64_t until_ns, int fd) const {
    while (true) {
        pollfd fds[2] = {{connection_, 0, 0}, {fd, POLLIN, 0}};
        const int64_t left_ns = until_ns == kNever ? kNever : std::max<int64_t>(0, until_ns - monotonic_ns());
        const timespec timeout = to_timespec(left_ns);
        const int n = ppoll(fds, 2, until_ns == kNever ? nullptr : &timeout, nullptr);
        if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 && n > 0) return Woken::hang_up;
        if (n > 0) return Woken::ready;
        if (n == 0) return Woken::due;
        // a signal: once more
    }
}

}  // namespace camtap::source
