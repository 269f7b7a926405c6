// An always-on assertion for bugs of our own. Nothing that a peer, a file or a device sends may ever trip
// one.
#pragma once

#include <cstdio>
#include <cstdlib>

#define CAMTAP_CHECK(condition)                                                                \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            std::fprintf(stderr, "camtap: bug: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
            std::abort();                                                                      \
        }                                                                                      \
    } while (false)
