// A clock that a test moves, for all processes of a scene at once: a machine that was suspended or carried to
// another host, or whose time of day was set.
#pragma once

#include <cstdint>
#include <string>

namespace camtap::test {

// How it works: every program of the scene is linked with moved_clock.cpp, whose clock_gettime() stands
// before glibc's, and adds what stands in a file: "clock" in the program's own folder, or the one above.
//
// Owns: that file, and this process's share in it.
class MovedClock {
  public:
    explicit MovedClock(const std::string& folder);
    ~MovedClock();
    MovedClock(const MovedClock&) = delete;
    MovedClock& operator=(const MovedClock&) = delete;

    // CLOCK_MONOTONIC and CLOCK_BOOTTIME; it never goes back.
    void forward(int64_t ns);
    // CLOCK_REALTIME, forward or back.
    void set_time_of_day(int64_t ns_from_true);

  private:
    std::string path_;
};

}  // namespace camtap::test
