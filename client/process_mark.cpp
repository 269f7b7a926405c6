#include "client/process_mark.h"

#include <errno.h>
#include <sys/mman.h>

#include <new>

namespace camtap::client {
namespace {

constexpr size_t kPageBytes = 4096;

// Lock-free, because a mutex could be held by another thread in the moment of fork(), and for ever in the
// child.
std::atomic<std::atomic<uint32_t>*> newest_word{nullptr};

Result<std::atomic<uint32_t>*> make_word() {
    void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return Error{Code::no_memory, errno, "no memory for the mark of the process"};
    if (madvise(page, kPageBytes, MADV_WIPEONFORK) != 0) {
        const int err = errno;
        munmap(page, kPageBytes);
        return system_error("madvise(MADV_WIPEONFORK)", err);
    }
    return new (page) std::atomic<uint32_t>(1);
}

}  // namespace

Result<ProcessMark> ProcessMark::current() {
    std::atomic<uint32_t>* word = newest_word.load(std::memory_order_acquire);
    if (word != nullptr && word->load(std::memory_order_relaxed) != 0) return ProcessMark(word);
    // The first call, or the first one in a child: the parent's page stays, its objects look at it.
    Result<std::atomic<uint32_t>*> made = make_word();
    if (!made.ok()) return made.error();
    if (newest_word.compare_exchange_strong(word, *made, std::memory_order_acq_rel))
        return ProcessMark(*made);
    munmap(*made, kPageBytes);  // another thread was faster
    return ProcessMark(word);
}

Error forked_error(const char* what) {
    return Error{Code::forked, 0,
                 std::string("this ") + what + " was opened by the parent process; open one after fork()"};
}

}  // namespace camtap::client
