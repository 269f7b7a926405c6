// Reading every byte of something, so that a sanitizer, or the kernel, has a say in whether it is there.
#pragma once

#include <cstddef>

namespace camtap::fuzz {

inline void touch(const void* data, size_t bytes) {
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; ++i) sum += static_cast<const unsigned char*>(data)[i];
    asm volatile("" : : "r"(sum));  // somebody wants to know
}

}  // namespace camtap::fuzz
