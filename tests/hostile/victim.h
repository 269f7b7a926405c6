// A tap of a hostile publisher's stream: it takes whatever the library hands out, touches every byte of it,
// and notes that none lies outside the segment.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/hostile/hostile_publisher.h"
#include "tests/unit/client/c_handles.h"

namespace camtap::test {

class Victim {
  public:
    enum class Way { next, latest };

    Victim(const std::string& path, Way way) : way_(way) {
        EXPECT_EQ(open_tap(path, tap_, false, kLong, "test"), CAMTAP_OK) << camtap_last_error();
    }

    // One call. The error, if no frame came; only such as the interface promises.
    camtap_error take(int64_t timeout_ns) {
        Got got = way_ == Way::next ? next(tap_, timeout_ns) : latest(tap_, timeout_ns);
        if (got.error == CAMTAP_OK) {
            use(got);
            ++frames_;
            held_[frames_ % held_.size()] = std::move(got);
            use(held_[(frames_ + 1) % held_.size()]);
        } else {
            ++errors_[got.error];
            EXPECT_TRUE(got.error == CAMTAP_ERROR_TIMEOUT || got.error == CAMTAP_ERROR_MALFORMED ||
                        got.error == CAMTAP_ERROR_ENDED)
                << got.error << ": " << camtap_last_error();
        }
        return got.error;
    }
    uint64_t frames() const { return frames_; }
    uint64_t malformed() { return errors_[CAMTAP_ERROR_MALFORMED]; }
    const TapHandle& handle() const { return tap_; }
    void touch_held() {
        for (const Got& got : held_) use(got);
    }
    void let_go() {
        for (Got& got : held_) got = {};
    }
    void expect_balance() const {
        const camtap_tap_status status = status_of(tap_);
        EXPECT_EQ(status.expected, status.delivered + sum(status.missed));
    }

  private:
    static void touch(const unsigned char* data, uint64_t bytes) {
        unsigned sum = 0;
        for (uint64_t i = 0; i < bytes; ++i) sum += data[i];
        volatile unsigned used = sum;
        (void)used;
    }
    void use(const Got& got) {
        if (!got.frame) return;
        const camtap_image& image = got.info().image;
        const auto* data = static_cast<const unsigned char*>(camtap_frame_data(got.frame.get()));
        const uint64_t row = uint64_t{image.width} * image.channels * camtap_depth_bytes(image.depth);
        ASSERT_LE(image.bytes, kHostileBytes);
        ASSERT_LE((image.height - uint64_t{1}) * image.stride + row, image.bytes);
        ASSERT_EQ(reinterpret_cast<uintptr_t>(data) % layout::kPage, 0u);
        ASSERT_TRUE(frames_ % 256 != 0 || in_segment(data, image.bytes));
        touch(data, image.bytes);
        for (uint64_t y = 0; y < image.height; ++y) touch(data + y * image.stride, row);
        char name[16];
        camtap_format_name(&image, name, sizeof name);
        std::vector<unsigned char> copy(row * image.height);  // no more than the slot: ASan knows its end
        EXPECT_EQ(camtap_frame_copy(got.frame.get(), copy.data(), copy.size(), 0), CAMTAP_OK);
    }
    static bool in_segment(const unsigned char* data, uint64_t bytes) {
        std::ifstream maps("/proc/self/maps");
        for (std::string line; std::getline(maps, line);) {
            uintptr_t begin = 0;
            uintptr_t end = 0;
            if (line.find("memfd:camtap-segment") == std::string::npos) continue;
            if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
            const auto at = reinterpret_cast<uintptr_t>(data);
            if (at >= begin && at + bytes <= end) return true;
        }
        return false;
    }

    Way way_;
    TapHandle tap_;
    std::array<Got, 2> held_;  // the last two: one pin word is left for the next
    uint64_t frames_ = 0;
    std::map<camtap_error, uint64_t> errors_;
};

}  // namespace camtap::test
