// The order in which people number files: img2 before img10. Digits compare as numbers, everything else as
// bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace camtap::source {

namespace detail {

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Cuts the run of digits that `s` begins with, without its leading zeros.
inline std::string_view take_number(std::string_view& s) {
    size_t begin = 0;
    while (begin < s.size() && s[begin] == '0') ++begin;
    size_t end = begin;
    while (end < s.size() && is_digit(s[end])) ++end;
    const std::string_view digits = s.substr(begin, end - begin);
    s.remove_prefix(end);
    return digits;
}

}  // namespace detail

// A strict total order: names that differ only in leading zeros are ordered as bytes.
inline bool natural_less(std::string_view a, std::string_view b) {
    const std::string_view whole_a = a;
    const std::string_view whole_b = b;
    while (!a.empty() && !b.empty()) {
        if (detail::is_digit(a.front()) && detail::is_digit(b.front())) {
            const std::string_view x = detail::take_number(a);
            const std::string_view y = detail::take_number(b);
            if (x.size() != y.size()) return x.size() < y.size();
            if (x != y) return x < y;
        } else if (a.front() != b.front()) {
            return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
        } else {
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    if (a.empty() != b.empty()) return a.empty();
    return whole_a < whole_b;
}

}  // namespace camtap::source
