#include "floor.h"

#include <sys/mman.h>

#include <stdexcept>

#include "common/clock.h"
#include "common/futex.h"
#include "common/unique_fd.h"

namespace camtap::bench {

constexpr size_t kPageBytes = 4096;

Floor::Floor(size_t readers, const Cores& cores, Placement placement) {
    const UniqueFd memory(memfd_create("bench-floor", MFD_CLOEXEC));
    if (!memory || ftruncate(memory.get(), kPageBytes) != 0) throw std::runtime_error("memfd_create failed");
    void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (page == MAP_FAILED) throw std::bad_alloc();
    page_ = new (page) Page{};
    readers_ = std::make_unique<Readers>(
        readers, cores, placement,
        [this](Sheet& sheet, const Readers::Process::Child& child) { read(*page_, sheet, child); });
}

Floor::~Floor() {
    readers_.reset();
    munmap(page_, kPageBytes);
}

void Floor::send(Stamp stamp) {
    page_->number.store(stamp.number, std::memory_order_relaxed);
    page_->recorded.store(stamp.recorded, std::memory_order_relaxed);
    page_->at_ns.store(monotonic_ns(), std::memory_order_relaxed);
    page_->wake.fetch_add(1);
    futex_wake_all(page_->wake);
}

void Floor::read(const Page& page, Sheet& sheet, const Readers::Process::Child& child) {
    uint32_t seen = page.wake.load();
    child.say();
    for (;;) {
        // without a timeout, which is a timer to be set and taken back: barer than futex_wait()
        syscall(SYS_futex, &page.wake, FUTEX_WAIT, seen, nullptr, nullptr, 0);
        const uint32_t now_there = page.wake.load(std::memory_order_acquire);
        if (now_there == seen) continue;
        const int64_t now = monotonic_ns();
        seen = now_there;
        const Stamp stamp{page.at_ns.load(std::memory_order_relaxed),
                          page.number.load(std::memory_order_relaxed),
                          page.recorded.load(std::memory_order_relaxed)};
        sheet.note(stamp, now);
    }
}

}  // namespace camtap::bench
