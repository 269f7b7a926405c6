// Shared memory that the kernel itself keeps from changing: memfds, their seals, and mappings of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/result.h"
#include "common/unique_fd.h"

namespace camtap {

// Owns: one mapping, kept out of core dumps (a dump of 512 MiB delays the hang-up of a crashed process by 0.8
// s).
class Mapping {
  public:
    enum class Access { read_only, read_write };

    // Maps the first `bytes` of `fd`, which must be at least that long. Errors: no_memory, malformed (too
    // short), system.
    static Result<Mapping> map(int fd, size_t bytes, Access access);

    Mapping() = default;
    Mapping(Mapping&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    std::byte* data() const { return data_; }
    size_t bytes() const { return bytes_; }
    explicit operator bool() const { return data_ != nullptr; }

    // A child of fork() doesn't get the mapping.
    void keep_from_children() const;
    // For such a child: forgets the mapping without unmapping, because something else may lie at its address
    // by now.
    void disown() {
        data_ = nullptr;
        bytes_ = 0;
    }

  private:
    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
};

// A memfd of `bytes` zeros that already can't shrink or grow, mode 0600. Errors: no_memory, limit (EMFILE),
// system.
Result<UniqueFd> create_memfd(const char* name, uint64_t bytes);

// From here on the kernel refuses every new writable mapping, mprotect, write(), hole and further seal, to
// anybody; writable mappings that exist go on. Mode 0400.
Status seal_against_writers(int fd);

// Gives pages [data, data+bytes) memory now, or says no_memory: never a SIGBUS later.
Status back_with_memory(std::byte* data, size_t bytes);

}  // namespace camtap
