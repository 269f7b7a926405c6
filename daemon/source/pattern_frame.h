// The test picture certifies itself: its first 64 bytes say which frame it is and hold a checksum over all
// the rest, so that whoever gets hold of one, in any process, can tell a whole frame from a torn, stale or
// shifted one. Header-only, and of camtap.h alone, so that tests and tools may use it.
//
// A packed payload begins with a PatternCertificate, laid over the pixels that would be there. Payloads below
// 64 bytes have no room for it. They begin with the low bytes of the number, as many as fit of 8, and go on
// with bytes made from those: up to 8 bytes any contents pass and only the number's low bytes are known; from
// 9 on a wrong byte is noticed.
#pragma once

#include <camtap/camtap.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace camtap::source {

struct PatternCertificate {
    uint64_t magic;
    uint64_t number;  // of the frame, from 0 on
    int64_t capture_ns;
    uint64_t bytes;  // of the payload
    uint64_t reserved[3];
    uint64_t checksum;  // pattern_checksum of everything before and after these 8 bytes
};
static_assert(sizeof(PatternCertificate) == 64 && offsetof(PatternCertificate, checksum) == 56);
static_assert(std::endian::native == std::endian::little, "all of camtap's machines are little-endian");

inline constexpr uint64_t kPatternMagic = 0x4e52'5454'4150'5443;  // "CTPATTRN" in memory

// A 64-bit checksum at the speed of memory: four lanes take a word each in turn. Every step is a bijection of
// its lane for a given word, and of the word for a given lane, so that no single changed word can go
// unnoticed.
class PatternChecksum {
  public:
    explicit PatternChecksum(uint64_t seed) : lanes_{seed ^ kA, seed ^ kB, seed ^ kC, seed ^ kD} {}

    // What is not the last part must be a multiple of 32 bytes long.
    void add(const void* data, size_t bytes) {
        const auto* p = static_cast<const unsigned char*>(data);
        uint64_t a = lanes_[0], b = lanes_[1], c = lanes_[2], d = lanes_[3];
        for (; bytes >= 32; bytes -= 32, p += 32) {
            uint64_t w[4];
            std::memcpy(w, p, sizeof w);
            a = mixed(a, w[0]);
            b = mixed(b, w[1]);
            c = mixed(c, w[2]);
            d = mixed(d, w[3]);
        }
        lanes_[0] = a, lanes_[1] = b, lanes_[2] = c, lanes_[3] = d;
        for (size_t lane = 0; bytes > 0; ++lane) {
            const size_t n = bytes < 8 ? bytes : 8;
            uint64_t w = 0;
            std::memcpy(&w, p, n);
            lanes_[lane] = mixed(lanes_[lane], w);
            p += n;
            bytes -= n;
        }
    }

    uint64_t value() const {
        uint64_t sum = kA;
        for (const uint64_t lane : lanes_) sum = mixed(sum, lane ^ (lane >> 32));
        return sum ^ (sum >> 29);
    }

  private:
    // Odd, and otherwise of no meaning.
    static constexpr uint64_t kA = 0x9e6c'63d0'876a'3f6b, kB = 0xd1b5'4a32'd192'ed03;
    static constexpr uint64_t kC = 0x8bb8'4b93'962e'acc9, kD = 0xe703'7ed1'a0b4'28db;

    static uint64_t mixed(uint64_t lane, uint64_t word) { return std::rotl(lane ^ word, 27) * kD; }

    uint64_t lanes_[4];
};

namespace detail {

inline uint64_t pattern_seed(const camtap_image& image) {
    return uint64_t{image.width} << 32 ^ uint64_t { image.height } << 8 ^ uint64_t { image.depth } << 4 ^
           image.channels;
}

inline uint64_t pattern_checksum(const camtap_image& image, const unsigned char* data, size_t bytes) {
    unsigned char head[64] = {};
    std::memcpy(head, data, offsetof(PatternCertificate, checksum));
    PatternChecksum sum(pattern_seed(image) ^ image.fourcc);
    sum.add(head, sizeof head);
    sum.add(data + sizeof head, bytes - sizeof head);
    return sum.value();
}

// Byte `i` ≥ 8 of a payload below 64 bytes.
inline unsigned char pattern_tiny_byte(uint64_t number, size_t i) {
    const uint64_t mixed = (number + i) * 0x9e6c'63d0'876a'3f6b;
    return static_cast<unsigned char>(mixed >> 56);
}

inline bool pattern_is_packed(const camtap_image& image) {
    constexpr uint64_t kDepthBytes[] = {1, 1, 2, 2, 4, 4, 8, 2};  // of camtap_depth
    const uint64_t row = uint64_t{image.width} * image.channels * kDepthBytes[image.depth & 7];
    return row > 0 && image.height > 0 && image.stride == row && image.bytes == row * image.height;
}

}  // namespace detail

// Writes the certificate over a picture that is otherwise complete. `image` is packed.
inline void certify_pattern(const camtap_image& image, void* data, uint64_t number, int64_t capture_ns) {
    auto* bytes = static_cast<unsigned char*>(data);
    if (image.bytes < sizeof(PatternCertificate)) {
        for (size_t i = 0; i < image.bytes; ++i) {
            bytes[i] =
                i < 8 ? static_cast<unsigned char>(number >> (8 * i)) : detail::pattern_tiny_byte(number, i);
        }
        return;
    }
    PatternCertificate certificate{kPatternMagic, number, capture_ns, image.bytes, {}, 0};
    std::memcpy(bytes, &certificate, sizeof certificate);
    certificate.checksum = detail::pattern_checksum(image, bytes, image.bytes);
    std::memcpy(bytes, &certificate, sizeof certificate);
}

// Is this a whole frame of the test picture? Then `number` (may be null) is which one.
inline bool pattern_frame_ok(const camtap_image& image, const void* data, uint64_t* number) {
    if (!detail::pattern_is_packed(image)) return false;
    const auto* bytes = static_cast<const unsigned char*>(data);
    uint64_t n = 0;
    if (image.bytes < sizeof(PatternCertificate)) {
        std::memcpy(&n, bytes, image.bytes < 8 ? image.bytes : 8);
        for (size_t i = 8; i < image.bytes; ++i) {
            if (bytes[i] != detail::pattern_tiny_byte(n, i)) return false;
        }
    } else {
        PatternCertificate certificate;
        std::memcpy(&certificate, bytes, sizeof certificate);
        if (certificate.magic != kPatternMagic || certificate.bytes != image.bytes) return false;
        if (certificate.checksum != detail::pattern_checksum(image, bytes, image.bytes)) return false;
        n = certificate.number;
    }
    if (number != nullptr) *number = n;
    return true;
}

}  // namespace camtap::source
