// The lane's own piece of shared memory, for peers that have no other.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "../control.h"

namespace camtap::bench {

// Owns: a mapping of the lane's memory, which is made as large as that. All zeros at first.
class SharedMemory {
  public:
    explicit SharedMemory(size_t bytes) : bytes_(bytes) {
        if (ftruncate(kMemoryFd, static_cast<off_t>(bytes)) != 0) throw std::bad_alloc();
        memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kMemoryFd, 0);
        if (memory_ == MAP_FAILED) throw std::bad_alloc();
    }
    ~SharedMemory() { munmap(memory_, bytes_); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    template <class T>
    T& at(size_t offset) const {
        return *reinterpret_cast<T*>(static_cast<std::byte*>(memory_) + offset);
    }

  private:
    size_t bytes_;
    void* memory_;
};

}  // namespace camtap::bench
