// The taps of a stream as its publisher knows them: whose pins are to be looked at before a slot is filled again.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "client/local_mapping.h"
#include "client/slot_pool.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "common/wire.h"

namespace camtap::client {

// Owns: a read-only mapping of each tap's pin page. Of one connection to the daemon. Threads: the publisher's.
class Seats {
  public:
    explicit Seats(ProcessMark mark) : mark_(mark) {}

    // The number of the newest change that is known; 0: nothing is.
    uint64_t known() const { return known_; }
    std::span<const PinWords> pins() const { return pins_; }

    // The daemon's answer to a question. Errors: protocol (it makes no sense); limit (no descriptors are left to take
    // the page with), no_memory, malformed, system: then nothing has changed.
    Status take(const wire::Seat& change, const UniqueFd& page);
    void forget();  // with the connection

  private:
    struct Taken {
        LocalMapping page;
        uint32_t words;
    };

    ProcessMark mark_;
    uint64_t known_ = 0;
    std::map<uint32_t, Taken> taken_;
    std::vector<PinWords> pins_;  // of all that are taken
};

}  // namespace camtap::client
