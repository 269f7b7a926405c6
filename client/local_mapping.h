// A mapping of shared memory that children of fork() don't get.
#pragma once

#include <utility>

#include "client/process_mark.h"
#include "common/sealed_memory.h"

namespace camtap::client {

// Owns: the mapping, in the process that made it. In a child it is inert: nothing is mapped there, so that
// nothing may be touched, and nothing unmapped either, for the address may be in use again.
class LocalMapping {
  public:
    LocalMapping(ProcessMark mark, Mapping mapping) : mark_(mark), mapping_(std::move(mapping)) {
        mapping_.keep_from_children();
    }
    LocalMapping(LocalMapping&&) = default;
    LocalMapping& operator=(LocalMapping&&) = delete;
    ~LocalMapping() {
        if (!mark_.here()) mapping_.disown();
    }

    bool here() const { return mark_.here(); }
    std::byte* data() const { return mapping_.data(); }
    size_t bytes() const { return mapping_.bytes(); }

  private:
    ProcessMark mark_;
    Mapping mapping_;
};

}  // namespace camtap::client
