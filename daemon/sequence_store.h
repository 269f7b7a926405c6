// Sequence numbers that outlive the daemon: a small file in its runtime directory says how far each stream
// may have come.
//
// Numbers are reserved in blocks, so the file is written once per million frames, and before any of them is
// used: after a crash the next daemon begins where the reserved block ends, and no number is ever used twice.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/result.h"

namespace camtap {

class SequenceStore {
  public:
    static constexpr uint64_t kBlock = uint64_t{1} << 20;

    // A file that isn't there is an empty one. Errors: malformed (not such a file), system.
    static Result<SequenceStore> open(std::string path);

    // In place of one that can't be read: cameras shouldn't stay dark for want of it. Every stream begins far
    // above what it can have come to, at a number made of the time of day.
    static SequenceStore begin_anew(std::string path);

    // The first number of `stream` that nobody can have used before this daemon started. At least 1; one
    // beyond layout::kLastSequence when there is none left.
    uint64_t first_unused(const std::string& stream) const;

    // On return every number ≤ `through` is reserved. Writes the file once per block. Errors: limit (there
    // are no such numbers); system: then the numbers count as reserved all the same, and the file is tried
    // again at the next block.
    Status reserve(const std::string& stream, uint64_t through);

  private:
    explicit SequenceStore(std::string path) : path_(std::move(path)) {}
    Status write() const;

    std::string path_;
    uint64_t floor_ = 0;  // every number up to it may have been used
    std::map<std::string, uint64_t> at_start_;
    std::map<std::string, uint64_t> reserved_;
};

}  // namespace camtap
