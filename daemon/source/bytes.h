// A look at bytes that came from outside: every access is checked, what lies beyond the end reads as 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace camtap::source {

class Bytes {
  public:
    explicit Bytes(std::span<const uint8_t> all) : all_(all) {}

    size_t size() const { return all_.size(); }
    bool has(uint64_t offset, uint64_t count) const {
        return offset <= all_.size() && count <= all_.size() - offset;
    }
    const uint8_t* data() const { return all_.data(); }

    uint32_t u8(uint64_t at) const { return has(at, 1) ? all_[at] : 0; }
    uint32_t be16(uint64_t at) const { return u8(at) << 8 | u8(at + 1); }
    uint32_t be32(uint64_t at) const { return be16(at) << 16 | be16(at + 2); }
    uint32_t le16(uint64_t at) const { return u8(at) | u8(at + 1) << 8; }
    uint32_t le32(uint64_t at) const { return le16(at) | le16(at + 2) << 16; }

    bool says(uint64_t at, std::string_view text) const {
        return has(at, text.size()) && std::memcmp(all_.data() + at, text.data(), text.size()) == 0;
    }

  private:
    std::span<const uint8_t> all_;
};

}  // namespace camtap::source
