// A stream of camtap with this process as publisher and other processes as taps.
#pragma once

#include <optional>

#include "../system/daemon_fixture.h"
#include "lane.h"

namespace camtap::bench {

struct FrameSize {
    const char* name;    // of the stream
    const char* format;  // for people
    uint32_t width;
    uint32_t height;

    uint64_t bytes() const { return uint64_t{width} * height * 3; }
};
inline constexpr FrameSize kVga{"vga", "640x480", 640, 480};
inline constexpr FrameSize kFullHd{"fullhd", "1920x1080", 1920, 1080};
inline constexpr FrameSize kUhd{"uhd", "3840x2160", 3840, 2160};
inline constexpr FrameSize kSizes[] = {kVga, kFullHd, kUhd};

// How a tap spends its time.
enum class Habit {
    glance,  // looks at the first bytes and lets go
    read     // reads every cache line before it lets go
};

class FrameStream : public Lane {
  public:
    struct Settings {
        FrameSize size;
        std::string stream;
        uint32_t stock = 3;
        size_t readers = 1;
        Habit habit = Habit::glance;
        Placement placement = Placement::free;
    };

    FrameStream(const test::Daemon& daemon, const Cores& cores, const Settings& settings);
    Readers& readers() override { return *readers_; }
    // From now on each frame is copied from here into its slot; nullptr: the slot is left as it is, as if a
    // camera had filled it.
    void copy_from(const std::byte* picture) { picture_ = picture; }

  private:
    void send(Stamp stamp) override;

    const FrameSize size_;
    const std::byte* picture_ = nullptr;
    Publisher publisher_;
    std::unique_ptr<Readers> readers_;
};

}  // namespace camtap::bench
