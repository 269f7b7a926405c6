// The phases of a victim's life, and the trap that stands at the beginning of each and at the end of the
// last. A program that meets it without a tracer dies of SIGTRAP.
#pragma once

#include <camtap/camtap.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdio>

namespace camtap::test {

#ifdef __x86_64__
inline void marker() {
    asm volatile("int3" ::: "memory");
}
#else
inline void marker() {}  // nobody steps it: see kill_test.cpp
#endif

inline constexpr const char* kTapPhases[] = {"attach", "pin",    "read", "unpin", "wait",
                                             "watch",  "latest", "move", "detach"};
inline constexpr const char* kPublisherPhases[] = {"attach", "acquire", "fill", "publish",
                                                   "go_on",  "discard", "grow", "close"};

inline constexpr uint32_t kFrameBytes = 64;        // as many as a PatternCertificate has
inline constexpr uint32_t kGrownBytes = 3 * 4096;  // more than a slot of the first generation holds

inline camtap_image tiny_image() {
    camtap_image image = CAMTAP_INIT(camtap_image);
    image.width = kFrameBytes;
    image.height = 1;
    image.channels = 1;
    image.stride = kFrameBytes;
    image.bytes = kFrameBytes;
    return image;
}

// A victim lives until it is killed; one that ends by itself has found a fault, and says which.
inline void must(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "the victim couldn't go on: %s: %s\n", what, camtap_last_error());
    std::_Exit(1);
}

}  // namespace camtap::test
