#include "common/sealed_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "common/layout.h"

namespace camtap {

using layout::kHugePage;
using layout::kPage;

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static Error memory_error(const char* what, int err) {
    Error error = system_error(what, err);
    if (err == ENOMEM || err == ENOSPC || err == EFAULT) error.code = Code::no_memory;
    if (err == EMFILE || err == ENFILE) error.code = Code::limit;
    return error;
}

// At an address where huge pages of the file can be mapped as such.
static void* map_aligned(int fd, size_t bytes, int protection) {
    if (bytes < kHugePage) return mmap(nullptr, bytes, protection, MAP_SHARED, fd, 0);
    const size_t more = bytes + kHugePage;
    void* const reserved = mmap(nullptr, more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) return MAP_FAILED;
    auto* const begin = static_cast<std::byte*>(reserved);
    const size_t before = -reinterpret_cast<uintptr_t>(begin) % kHugePage;
    void* const data = mmap(begin + before, bytes, protection, MAP_SHARED | MAP_FIXED, fd, 0);
    const int err = errno;
    if (data == MAP_FAILED) {
        munmap(begin, more);
    } else {
        const size_t after = layout::round_up(before + bytes, kPage);
        if (before > 0) munmap(begin, before);
        munmap(begin + after, more - after);  // never empty: `before` is less than a huge page
    }
    errno = err;
    return data;
}

Result<Mapping> Mapping::map(int fd, size_t bytes, Access access) {
    struct stat st {};
    if (fstat(fd, &st) != 0) return memory_error("fstat of shared memory", errno);
    if (std::cmp_less(st.st_size, bytes)) {
        return Error{Code::malformed, 0, "the shared memory is shorter than it was said to be"};
    }
    const int protection = access == Access::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
    void* data = map_aligned(fd, bytes, protection);
    if (data == MAP_FAILED) return memory_error("mmap of shared memory", errno);
    madvise(data, bytes, MADV_DONTDUMP);  // best effort: only core dumps get bigger without it
    Mapping mapping;
    mapping.data_ = static_cast<std::byte*>(data);
    mapping.bytes_ = bytes;
    return mapping;
}

Mapping::~Mapping() {
    if (data_ != nullptr) munmap(data_, bytes_);
}

void Mapping::keep_from_children() const {
    madvise(data_, bytes_, MADV_DONTFORK);
}

Result<UniqueFd> create_memfd(const char* name, uint64_t bytes) {
    UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return memory_error("memfd_create", errno);
    if (fchmod(fd.get(), 0600) != 0) return memory_error("fchmod of a memfd", errno);
    if (ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0)
        return memory_error("ftruncate of a memfd", errno);
    if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        return memory_error("sealing the size of a memfd", errno);
    }
    return fd;
}

Status seal_against_writers(int fd) {
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
        return memory_error("sealing a memfd against writers", errno);
    }
    if (fchmod(fd, 0400) != 0) return memory_error("fchmod of a sealed memfd", errno);
    return Done{};
}

// Huge pages, where whole ones fit: fewer of them are to be had, filled and walked to, for the writer and for
// every reader. Best effort: before Linux 6.1, or with memory in pieces, there are none. The kernel makes one
// of what is there, so of one small page and a hole: that is a third of the work of backing the small ones.
static void collect_huge_pages(std::byte* data, size_t bytes) {
    std::byte* const end = data + bytes;
    data += -reinterpret_cast<uintptr_t>(data) % kHugePage;
    for (; data < end && static_cast<size_t>(end - data) >= kHugePage; data += kHugePage) {
        if (madvise(data, kPage, MADV_POPULATE_WRITE) != 0) return;
        if (madvise(data, kHugePage, MADV_COLLAPSE) != 0) return;
    }
}

Status back_with_memory(std::byte* data, size_t bytes) {
    collect_huge_pages(data, bytes);
    while (madvise(data, bytes, MADV_POPULATE_WRITE) != 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return memory_error("backing a slot with memory", errno);
    }
    return Done{};
}

}  // namespace camtap
