// Tells a process from its forks: the word behind it reads 0 in every child of fork().
#pragma once

#include <atomic>
#include <cstdint>

#include "common/result.h"

namespace camtap::client {

// Which process made an object. Whatever shares something with the daemon holds one, and asks before it
// touches that: a child must not send on its parent's socket, clear its pins, or read mappings that it didn't
// inherit. Owns: nothing; the page behind it stays for the life of the process. Threads: any.
class ProcessMark {
  public:
    // The mark of the calling process. Errors: no_memory, system.
    static Result<ProcessMark> current();

    // False in a child of the process that called current().
    bool here() const { return word_->load(std::memory_order_relaxed) != 0; }

  private:
    explicit ProcessMark(const std::atomic<uint32_t>* word) : word_(word) {}

    const std::atomic<uint32_t>* word_;  // in a page that the kernel wipes in children
};

Error forked_error(const char* what);

}  // namespace camtap::client
