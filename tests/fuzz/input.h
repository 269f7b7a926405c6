// The bytes of one execution of a fuzzer, taken from the front as numbers, texts and choices. When they are
// used up everything is 0, so that every input is a valid one.
//
// No expression may take twice where the order isn't fixed (arguments of one call, operands of +): compilers
// differ in it, and an input has to mean the same to the fuzzer, built by clang, and to the replay, built by
// any compiler.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace camtap::fuzz {

class Input {
  public:
    Input(const uint8_t* data, size_t bytes) : at_(data), left_(bytes) {}

    bool used_up() const { return left_ == 0; }

    template <class T>
    T take() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        fill(&value, sizeof value);
        return value;
    }
    void fill(void* to, size_t bytes) {
        const size_t n = std::min(bytes, left_);
        if (n > 0) std::memcpy(to, at_, n);
        at_ += n;
        left_ -= n;
    }
    bool flag() { return (take<uint8_t>() & 1) != 0; }
    // One of 0 … n − 1.
    uint32_t below(uint32_t n) { return (n <= 256 ? take<uint8_t>() : take<uint32_t>()) % n; }
    std::string text(size_t most) {
        std::string text(std::min<size_t>(take<uint8_t>(), most), '\0');
        fill(text.data(), text.size());
        return text;
    }
    // Everything that is left.
    std::string rest() {
        std::string text(left_, '\0');
        fill(text.data(), text.size());
        return text;
    }
    // Mostly `right` itself, else a number that is just beside it, or at an edge of its type, or any.
    template <class T>
    T about(T right) {
        static_assert(std::is_unsigned_v<T>);
        const auto choice = take<uint8_t>();
        switch (choice) {
            case 1:
                return static_cast<T>(right + 1);
            case 2:
                return static_cast<T>(right - 1);
            case 3:
                return 0;
            case 4:
                return static_cast<T>(~T{0});
            case 5:
                return static_cast<T>(T{1} << (8 * sizeof(T) - 1));
            case 6:
                return static_cast<T>(T{1} << (4 * sizeof(T)));
            case 7:
                return take<uint8_t>();
            case 8:
                return take<T>();
            default:
                return right;
        }
    }
    // Leaves most things as they are, and overwrites 1 to 8 bytes somewhere in the others.
    void spoil(void* thing, size_t bytes) {
        for (auto choice = take<uint8_t>(); choice >= 0xe0; choice = take<uint8_t>()) {
            const size_t width = size_t{1} << (choice % 4);
            const uint16_t place = take<uint16_t>();
            const uint64_t value = take<uint64_t>();
            if (bytes < width) continue;
            std::memcpy(static_cast<std::byte*>(thing) + place % (bytes - width + 1), &value, width);
        }
    }

  private:
    const uint8_t* at_;
    size_t left_;
};

}  // namespace camtap::fuzz
