// A page that the test shares with a victim and the children that it forks: which call is to fail, and how
// often each has been made.
#pragma once

#include <atomic>

#include "fault_points.h"

namespace camtap::faults {

struct Board {
    // The order, written by the test before the victim starts.
    Point point;    // none: nothing fails, everything is counted
    uint32_t nth;   // call of `point`, from 1
    int32_t error;  // errno
    uint32_t reserved;
    // The report, written by the victim.
    std::atomic<uint32_t> hits;            // 1 once the call has failed
    std::atomic<uint32_t> calls[kPoints];  // if the order is none, of all; otherwise of `point` alone
    char where[512];  // the calls in camtap's code that led to the failure, innermost first
};
static_assert(sizeof(Board) <= 4096);

inline constexpr const char* kBoardVariable = "CAMTAP_FAULT_BOARD";  // path of a file of one page

}  // namespace camtap::faults
