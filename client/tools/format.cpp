#include "format.h"

#include <pwd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

namespace camtap::tools {

std::string format_fixed(double value, int decimals) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string format_bytes(double bytes) {
    static constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < kUnits.size()) {
        bytes /= 1024;
        ++unit;
    }
    return format_fixed(bytes, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

std::string format_duration(int64_t ns) {
    const double seconds = static_cast<double>(ns) / 1e9;
    const double size = std::fabs(seconds);
    if (size < 1) return format_fixed(seconds * 1e3, 1) + " ms";
    if (size < 120) return format_fixed(seconds, 1) + " s";
    if (size < 120 * 60) return format_fixed(seconds / 60, 0) + " min";
    if (size < 48 * 3600) return format_fixed(seconds / 3600, 0) + " h";
    return format_fixed(seconds / 86400, 0) + " d";
}

std::string format_rate(std::optional<double> per_second) {
    return per_second ? format_fixed(*per_second, *per_second < 100 ? 1 : 0) : kNothing;
}

std::string format_byte_rate(std::optional<double> per_second) {
    return per_second ? format_bytes(*per_second) + "/s" : kNothing;
}

std::string format_size(const camtap_image& image) {
    if (image.width == 0) return kNothing;
    return std::to_string(image.width) + "x" + std::to_string(image.height);
}

std::string format_pixels(const camtap_image& image) {
    if (image.width == 0) return kNothing;
    std::array<char, 32> text{};
    camtap_format_name(&image, text.data(), text.size());
    return text.data();
}

std::string format_origin(uint32_t origin) {
    static constexpr std::array<const char*, 5> kNames = {"unknown", "driver", "read_return", "file",
                                                          "publisher"};
    return origin < kNames.size() ? kNames[origin] : kNames[0];
}

std::string format_missed(const camtap_missed& missed) {
    const std::array<std::pair<const char*, uint64_t>, 6> causes = {{{"source_gap", missed.source_gap},
                                                                     {"decode_error", missed.decode_error},
                                                                     {"no_slot", missed.no_slot},
                                                                     {"too_slow", missed.too_slow},
                                                                     {"skipped", missed.skipped},
                                                                     {"restart", missed.restart}}};
    std::string out;
    for (const auto& [cause, count] : causes) {
        if (count == 0) continue;
        if (!out.empty()) out += ", ";
        out += std::string(cause) + " " + std::to_string(count);
    }
    return out.empty() ? kNothing : out;
}

uint64_t total(const camtap_missed& missed) {
    return missed.source_gap + missed.decode_error + missed.no_slot + missed.too_slow + missed.skipped +
           missed.restart;
}

std::string format_user(uint32_t uid) {
    static std::map<uint32_t, std::string> names;
    const auto [entry, is_new] = names.try_emplace(uid, std::to_string(uid));
    if (!is_new) return entry->second;
    std::vector<char> buffer(16 * 1024);
    passwd record{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        entry->second = found->pw_name;
    }
    return entry->second;
}

int64_t now_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace camtap::tools
