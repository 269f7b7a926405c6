// What every program whose clock is moved is linked with; see moved_clock.h.
#include "tests/edges/moved_clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace camtap::test {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// In shared memory, read by all, written by the test.
struct Offsets {
    std::atomic<int64_t> monotonic_ns;
    std::atomic<int64_t> realtime_ns;
};
Offsets none;
std::atomic<Offsets*> offsets{nullptr};

Offsets* map_file(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return nullptr;
    void* data = mmap(nullptr, sizeof(Offsets), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return data == MAP_FAILED ? nullptr : static_cast<Offsets*>(data);
}

// Called by the first who asks for the time, threads and children included; two that do it at once find the
// same.
Offsets& moved() {
    if (Offsets* known = offsets.load()) return *known;
    std::error_code ignored;
    const std::filesystem::path folder =
        std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    Offsets* found = map_file((folder / "clock").string());
    if (found == nullptr) found = map_file((folder.parent_path() / "clock").string());
    offsets = found != nullptr ? found : &none;
    return *offsets;
}

timespec plus(const timespec& t, int64_t ns) {
    const int64_t sum = static_cast<int64_t>(t.tv_sec) * kNsPerSecond + t.tv_nsec + ns;
    return {static_cast<time_t>(sum / kNsPerSecond), static_cast<long>(sum % kNsPerSecond)};
}

}  // namespace

MovedClock::MovedClock(const std::string& folder) : path_(folder + "/clock") {
    std::ofstream(path_) << std::string(sizeof(Offsets), '\0');
    offsets = map_file(path_);
    if (offsets == nullptr) std::abort();
}

MovedClock::~MovedClock() {
    offsets = &none;  // the mapping stays: another thread may be about to read it
    unlink(path_.c_str());
}

void MovedClock::forward(int64_t ns) {
    moved().monotonic_ns += ns;
}

void MovedClock::set_time_of_day(int64_t ns_from_true) {
    moved().realtime_ns = ns_from_true;
}

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock,
                                                                    timespec* time) noexcept {
    const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
    if (result != 0) return result;
    const bool monotonic = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
                           clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC_RAW;
    if (monotonic) *time = plus(*time, moved().monotonic_ns);
    if (clock == CLOCK_REALTIME) *time = plus(*time, moved().realtime_ns);
    return 0;
}

// The kernel's timers go by the true clock. One that is set already fires by it, too: later than it would on
// a machine whose clock was moved, unless something else wakes its owner.
extern "C" __attribute__((visibility("default"))) int timerfd_settime(int fd, int flags,
                                                                      const itimerspec* value,
                                                                      itimerspec* old) noexcept {
    itimerspec set = *value;
    const bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
    const bool on = set.it_value.tv_sec != 0 || set.it_value.tv_nsec != 0;
    if (absolute && on) {
        set.it_value = plus(set.it_value, -moved().monotonic_ns);
        if (set.it_value.tv_sec < 0 || set.it_value.tv_nsec < 0) set.it_value = {0, 1};
    }
    return static_cast<int>(syscall(SYS_timerfd_settime, fd, flags, &set, old));
}

}  // namespace camtap::test
