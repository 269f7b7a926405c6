// A daemon with one stream that the test publishes and taps itself, and frames that say which they are.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "tests/system/daemon_fixture.h"

namespace camtap::test {

// The configuration of the stream "test"; `settings` are further lines of it.
inline std::string published(const std::string& settings = "") {
    return "[[stream]]\nname = \"test\"\nsource = \"publisher\"\n" + settings;
}

// One row of `bytes` bytes.
inline camtap_publish_info row_of(uint64_t bytes) {
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.source_sequence = UINT64_MAX;
    info.image = CAMTAP_INIT(camtap_image);
    info.image.width = static_cast<uint32_t>(bytes);
    info.image.height = info.image.channels = 1;
    info.image.stride = bytes;
    return info;
}

inline uint64_t publish(Publisher& publisher, uint64_t bytes, uint8_t value) {
    Slot slot = publisher.acquire(bytes, kGuard);
    std::memset(slot.data(), value, bytes);
    return publisher.publish(std::move(slot), row_of(bytes));
}

inline bool filled_with(const Frame& frame, uint8_t value) {
    const auto* bytes = static_cast<const uint8_t*>(frame.data());
    for (uint64_t i = 0; i < frame.image().bytes; ++i) {
        if (bytes[i] != value) return false;
    }
    return true;
}

inline uint64_t sum(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

// What `call` throws: the code, and the words in `words`. CAMTAP_OK if it throws nothing.
template <class Call>
camtap_error refusal_of(const Call& call, std::string& words) {
    try {
        (void)call();
    } catch (const Error& error) {
        words = error.what();
        return error.code();
    }
    return CAMTAP_OK;
}

}  // namespace camtap::test
