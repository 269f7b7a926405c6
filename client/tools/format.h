// Quantities in words, for people.
#pragma once

#include <camtap/camtap.h>

#include <cstdint>
#include <optional>
#include <string>

namespace camtap::tools {

inline constexpr const char* kNothing = "-";  // stands where there is nothing to say

std::string format_bytes(double bytes);                          // "10.6 MiB"
std::string format_duration(int64_t ns);                         // "3.2 ms", "1.5 s", "4 min", "7 h", "3 d"
std::string format_rate(std::optional<double> per_second);       // "9.98"
std::string format_byte_rate(std::optional<double> per_second);  // "12.7 MiB/s"
std::string format_size(const camtap_image& image);              // "768x576"
std::string format_pixels(const camtap_image& image);            // "bgr8"
std::string format_origin(uint32_t origin);                      // "driver": who says when it was captured
std::string format_missed(const camtap_missed& missed);          // "skipped 3, restart 1"
std::string format_user(uint32_t uid);  // the name if there is one, remembered; may ask the name service
std::string format_fixed(double value, int decimals);

uint64_t total(const camtap_missed& missed);
int64_t now_ns();  // CLOCK_MONOTONIC, as the times of frames

}  // namespace camtap::tools
