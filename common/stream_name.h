// The grammar of stream names: [a-z0-9_-]+ joined by '/', at most 63 bytes ("front", "front/obstacles").
#pragma once

#include <cstddef>
#include <string_view>

namespace camtap {

inline constexpr size_t kMaxStreamName = 63;  // so that a name and its NUL fit 64 bytes in every message

// Empty if `name` is a stream name, else one sentence that says what is wrong with it.
constexpr std::string_view stream_name_fault(std::string_view name) {
    if (name.empty()) return "a stream name can't be empty";
    if (name.size() > kMaxStreamName) return "a stream name has at most 63 bytes";
    bool part_is_empty = true;
    for (const char c : name) {
        if (c == '/') {
            if (part_is_empty) return "a part of a stream name, between '/', can't be empty";
            part_is_empty = true;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-') {
            part_is_empty = false;
        } else {
            return "a stream name consists of a-z, 0-9, '_' and '-', in parts joined by '/'";
        }
    }
    return part_is_empty ? "a stream name can't end with '/'" : std::string_view{};
}

}  // namespace camtap
