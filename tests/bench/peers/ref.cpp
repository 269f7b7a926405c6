// A floor: the barest ring that shares frames without a copy. A memfd, a count of pins for each slot, one
// futex for all readers, and the writer takes the lowest slot that is free. A reader that dies keeps its
// slots for ever, and may write where it likes: what camtap adds is what it costs to do without that.
#include "common/futex.h"

#include <algorithm>

#include "../peer.h"
#include "shared_memory.h"

namespace camtap::bench {
namespace {

constexpr size_t kPage = 4096;
constexpr uint32_t kIndex = 64;  // a power of two, at least the largest depth
constexpr uint32_t kNone = ~uint32_t{0};

struct Ring {
    struct alignas(64) Slot {
        std::atomic<uint64_t> number;  // of the frame in it, 0 = not to be pinned any more; writer
        std::atomic<uint32_t> pins;    // readers
    };
    alignas(64) std::atomic<uint64_t> head;  // number of the newest frame
    alignas(64) std::atomic<uint32_t> wake;
    std::atomic<uint32_t> index[kIndex];  // slot of a recent frame
    Slot slots[kIndex];
};

constexpr size_t page_aligned(size_t bytes) {
    return (bytes + kPage - 1) / kPage * kPage;
}

// What both sides make of the lane's memory.
struct Mapped {
    explicit Mapped(const Assignment& a)
        : depth(a.depth),
          slots(a.depth + a.work.readers + a.work.visitors + 1),  // each may hold one; one is written
          slot_bytes(page_aligned(a.work.size.bytes())),
          memory(page_aligned(sizeof(Ring)) + slots * slot_bytes),
          ring(memory.at<Ring>(0)) {}
    std::byte* payload(uint32_t slot) const {
        return &memory.at<std::byte>(page_aligned(sizeof(Ring)) + slot * slot_bytes);
    }

    const uint32_t depth;
    const uint32_t slots;
    const size_t slot_bytes;
    const SharedMemory memory;
    Ring& ring;
};

class RefSender : public Sender {
  public:
    explicit RefSender(const Assignment& a) : m_(a) {}

    std::byte* acquire() override {
        while ((slot_ = find_free()) == kNone) {  // readers hold everything: only after some have died
        }
        return m_.payload(slot_);
    }
    void publish() override {
        Ring& ring = m_.ring;
        const uint64_t n = ring.head.load(std::memory_order_relaxed) + 1;
        ring.slots[slot_].number.store(n, std::memory_order_release);
        ring.index[n % kIndex].store(slot_, std::memory_order_relaxed);
        ring.head.store(n, std::memory_order_release);
        ring.wake.fetch_add(1);
        futex_wake_all(ring.wake);
    }

  private:
    uint32_t find_free() {
        const uint64_t head = m_.ring.head.load(std::memory_order_relaxed);
        for (uint32_t s = 0; s < m_.slots; ++s) {
            Ring::Slot& slot = m_.ring.slots[s];
            const uint64_t n = slot.number.load(std::memory_order_relaxed);
            if (n != 0 && n + m_.depth > head) continue;  // one of the newest
            if (n != 0) slot.number.store(0);             // seq_cst, against a reader's pin
            if (slot.pins.load() == 0) return s;
        }
        return kNone;
    }

    Mapped m_;
    uint32_t slot_ = kNone;
};

class RefReceiver : public Receiver {
  public:
    // The newest frame that is there is the first one that it gets.
    explicit RefReceiver(const Assignment& a)
        : m_(a), last_(std::max<uint64_t>(m_.ring.head.load(), 1) - 1) {}

    const std::byte* next() override {
        for (;;) {
            const uint32_t wake = m_.ring.wake.load(std::memory_order_acquire);
            const uint64_t head = m_.ring.head.load(std::memory_order_acquire);
            if (head == last_) {
                syscall(SYS_futex, &m_.ring.wake, FUTEX_WAIT, wake, nullptr, nullptr, 0);
                continue;
            }
            const uint64_t oldest = head < m_.depth ? 1 : head - m_.depth + 1;
            if (try_pin(std::max(last_ + 1, oldest))) return m_.payload(slot_);
        }
    }
    void release() override { m_.ring.slots[slot_].pins.fetch_sub(1, std::memory_order_release); }

  private:
    bool try_pin(uint64_t n) {
        const uint32_t s = m_.ring.index[n % kIndex].load(std::memory_order_acquire);
        Ring::Slot& slot = m_.ring.slots[s];
        slot.pins.fetch_add(1);
        if (slot.number.load() == n) {
            slot_ = s;
            last_ = n;
            return true;
        }
        slot.pins.fetch_sub(1);
        return false;
    }

    Mapped m_;
    uint32_t slot_ = 0;
    uint64_t last_;
};

}  // namespace

std::unique_ptr<Sender> open_sender(const Assignment& a) {
    return std::make_unique<RefSender>(a);
}

std::unique_ptr<Receiver> open_receiver(const Assignment& a) {
    return std::make_unique<RefReceiver>(a);
}

void become_daemon(const Assignment&) {}

}  // namespace camtap::bench
