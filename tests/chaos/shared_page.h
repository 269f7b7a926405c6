// What the conductor and its processes tell each other: one page that they all have inherited.
#pragma once

#include <camtap/camtap.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

namespace camtap::chaos {

inline constexpr uint32_t kMaxTaps = 16;

// The last frame that a tap saw, for its successor after a SIGKILL. Two entries, so that whoever is killed
// while it writes one leaves the other. Threads: one writer.
class Seen {
  public:
    struct Frame {
        uint64_t sequence = 0;
        int64_t capture_ns = 0;
    };
    Frame frame() const { return frames_[current_.load() & 1]; }
    void set(const Frame& frame) {
        const uint32_t next = current_.load() + 1;
        frames_[next & 1] = frame;
        current_.store(next);
    }

  private:
    Frame frames_[2];
    std::atomic<uint32_t> current_{0};
};

// The tap writes all but fork_wanted; a tap that was killed is followed by one that goes on counting.
struct TapPage {
    std::atomic<uint32_t> fork_wanted{0};  // the conductor adds, the tap takes
    std::atomic<uint32_t> holds_all{0};    // as many frames as it may, as it was told to
    std::atomic<uint64_t> frames{0};       // delivered and found whole
    std::atomic<uint64_t> checks{0};       // of whole frames; each is looked at again before it is let go
    std::atomic<uint64_t> forks{0};        // children that have begun …
    std::atomic<uint64_t> forks_ended{0};  // … and come to their end
    std::atomic<uint64_t> balances{0};     // ledgers looked at
    std::atomic<uint64_t> missed{0};       // frames, by whatever cause
    Seen seen;
};

// Threads: the publisher's writes all but the orders.
struct PublisherPage {
    std::atomic<uint64_t> largest{0};         // conductor: bytes of a frame
    std::atomic<uint64_t> frames_a_burst{1};  // conductor: without a pause between them
    std::atomic<uint64_t> sprint_wanted{
        0};  // conductor: whole stocks to be published as fast as can be, in all
    std::atomic<uint64_t> sprint_done{0};
    // The publisher's, going on over its lives
    std::atomic<uint64_t> published{0};
    std::atomic<uint64_t> last_sequence{0};
    std::atomic<uint64_t> ordinal{0};
    std::atomic<uint64_t> run{0};
    std::atomic<uint64_t> no_slot{0};
    std::atomic<uint64_t> decode_error{0};
    std::atomic<uint64_t> source_gap{0};
    std::atomic<uint64_t> lost{0};  // slots that an end of the connection made worthless

    // Ordinal of the run's first frame; 0 if it isn't known.
    uint64_t first_of(uint64_t which) const {
        return which <= run && which + kRunsRemembered > run ? firsts[which % kRunsRemembered].load() : 0;
    }
    void begin_run() {
        firsts[(run + 1) % kRunsRemembered] = ordinal + 1;
        ++run;
    }
    // It went on where another run began, which was noticed too late.
    void forget_run() { firsts[run % kRunsRemembered] = 0; }

  private:
    static constexpr uint64_t kRunsRemembered = 1024;
    std::atomic<uint64_t> firsts[kRunsRemembered]{};
};

struct SharedPage {
    std::atomic<uint32_t> calm{0};  // conductor: no forks, nobody leaves
    // Conductor: this many of those who tap "published", in their order, hold as many frames as may be, and
    // no two of them the same one.
    std::atomic<uint32_t> holders{0};
    std::atomic<uint64_t> held_through{0};  // the newest frame that one of them holds
    std::atomic<uint32_t> failures{0};
    char words[1024] = {};  // of the first failure
    TapPage taps[kMaxTaps];
    PublisherPage publisher;

    // Of several failures the first one is told.
    void fail(const std::string& text) {
        if (failures.fetch_add(1) != 0) return;
        text.copy(words, sizeof words - 1);
        failures.fetch_add(1);  // the words are there
    }
    bool has_failed() const { return failures.load() >= 2; }
};

// Owns: the page, as the process has it that made it; its children have it too.
class SharedMemory {
  public:
    SharedMemory() {
        void* memory =
            mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        page_ = new (memory) SharedPage;
    }
    ~SharedMemory() { munmap(page_, sizeof(SharedPage)); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;
    SharedPage& operator*() const { return *page_; }
    SharedPage* operator->() const { return page_; }

  private:
    SharedPage* page_;
};

}  // namespace camtap::chaos
