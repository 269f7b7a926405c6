#include "daemon/source/times.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string_view>

#include "common/clock.h"

namespace camtap::source {

namespace {

constexpr size_t kMaxTimes = 10'000'000;
constexpr double kMaxSeconds = 4e9;  // Unix time fits, and so do the nanoseconds between any two

std::string_view trimmed(std::string_view s) {
    constexpr std::string_view kSpace = " \t\r\n";
    const size_t begin = s.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return s.substr(begin, s.find_last_not_of(kSpace) - begin + 1);
}

bool to_seconds(std::string_view s, double& seconds) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), seconds);
    return error == std::errc{} && end == s.data() + s.size() && std::abs(seconds) <= kMaxSeconds;
}

}  // namespace

Result<std::vector<int64_t>> read_times(const std::string& path) {
    std::ifstream file(path);
    if (!file) return system_error("images: can't open the times \"" + path + "\"", errno);
    std::vector<int64_t> times;
    double first = 0;
    std::string text;
    for (size_t line = 1; std::getline(file, text); ++line) {
        const auto fault = [&](const char* what) {
            return Error{Code::invalid, 0, path + ":" + std::to_string(line) + ": " + what};
        };
        const std::string_view word = trimmed(text);
        if (word.empty() || word.front() == '#') continue;
        double seconds = 0;
        if (!to_seconds(word, seconds)) return fault("this is no number of seconds");
        if (times.empty()) first = seconds;
        const int64_t offset_ns = std::llround((seconds - first) * static_cast<double>(kNsPerSecond));
        if (!times.empty() && offset_ns <= times.back())
            return fault("this time is not later than the one before it");
        if (times.size() == kMaxTimes) return fault("these are too many times");
        times.push_back(offset_ns);
    }
    if (!file.eof()) return system_error("images: can't read the times \"" + path + "\"", EIO);
    return times;
}

}  // namespace camtap::source
