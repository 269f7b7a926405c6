// A tap in a program's own event loop: event_loop STREAM [FRAMES]. Ends after so many frames, or on a key and
// Enter.
#include <sys/epoll.h>
#include <unistd.h>
#include <camtap/camtap.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

void add(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        std::perror("epoll_ctl");  // a file as stdin, say: no matter
}

// Takes every frame that is there: the descriptor tells of news once try_next() has said that there is no
// more. False: enough, or the recording is at its end.
bool drain(camtap::Tap& tap, long& left) {
    while (const auto frame = tap.try_next()) {
        std::cout << "frame " << frame->sequence() << ", "
                  << std::chrono::duration<double, std::milli>(frame->age()).count() << " ms old"
                  << std::endl;
        if (left > 0 && --left == 0) return false;
    }
    return tap.last() == CAMTAP_ERROR_TIMEOUT;  // no more for now
}

}  // namespace

int main(int argc, char** argv) try {
    camtap::Tap tap(argc > 1 ? argv[1] : "front");
    long left = argc > 2 ? std::atol(argv[2]) : -1;
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    add(epoll, tap.fd());  // stays the same when daemon or source come and go
    if (isatty(STDIN_FILENO) != 0) add(epoll, STDIN_FILENO);
    while (drain(tap, left)) {
        epoll_event event{};
        if (epoll_wait(epoll, &event, 1, -1) == 1 && event.data.fd == STDIN_FILENO) break;
    }
    close(epoll);
} catch (const camtap::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
