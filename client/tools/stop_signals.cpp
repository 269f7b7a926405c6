#include "stop_signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <utility>

namespace camtap::tools {

StopSignals::StopSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGTSTP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd_ < 0) pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // then they end the process in their own way
}

StopSignals::~StopSignals() {
    if (fd_ >= 0) close(fd_);
}

void StopSignals::read_pending() {
    signalfd_siginfo info{};
    while (fd_ >= 0 && read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        (info.ssi_signo == SIGTSTP ? pause_ : stop_) = true;
    }
}

bool StopSignals::stop_requested() {
    read_pending();
    return stop_;
}

bool StopSignals::pause_requested() {
    read_pending();
    return std::exchange(pause_, false);
}

bool StopSignals::wait_until(std::chrono::steady_clock::time_point deadline) {
    while (!stop_requested()) {
        if (pause_requested()) pause_process();
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) return false;
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        pollfd news{fd_, POLLIN, 0};
        poll(&news, 1, static_cast<int>(std::min<int64_t>(ms, 60'000)));
    }
    return true;
}

void pause_process() {
    kill(getpid(), SIGSTOP);
}

}  // namespace camtap::tools
