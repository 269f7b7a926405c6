// One operation of one thread on one shared location, as it stands in an execution graph.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace camtap::weak {

constexpr uint8_t kMaxThreads = 8;  // thread 0 is the initial state: one write to each location

// How many events of each thread.
using Clock = std::array<uint8_t, kMaxThreads>;

inline void join(Clock& clock, const Clock& other) {
    for (size_t t = 0; t < kMaxThreads; ++t) clock[t] = clock[t] < other[t] ? other[t] : clock[t];
}

struct EventId {
    uint8_t thread = 0;
    uint8_t index = 0;
    friend bool operator==(const EventId&, const EventId&) = default;
};

inline bool contains(const Clock& clock, EventId e) {
    return e.index < clock[e.thread];
}

// What a memory order asks for, taken apart: so a test can also take away a part that no std::memory_order
// takes away alone.
struct Order {
    bool acquire = false;
    bool release = false;
    bool seq_cst = false;

    static constexpr Order of(std::memory_order order) {
        using enum std::memory_order;
        return {order == acquire || order == acq_rel || order == seq_cst || order == consume,
                order == release || order == acq_rel || order == seq_cst, order == seq_cst};
    }
};

enum class Kind : uint8_t {
    load,
    store,
    exchange,
    fetch_add,
    plain_read,  // not atomic: unordered with a write, it is a data race
    plain_write,
    send,  // a message: never lost, never overtaken, and everything before it happens before its receipt
    receive,
};

// What a thread is about to do.
struct Label {
    Kind kind = Kind::load;
    Order order;
    uint8_t location = 0;
    uint64_t operand = 0;       // what is written, added or sent; of a receipt: which message, from 1 on
    const char* function = "";  // whose code it is

    bool updates() const { return kind == Kind::exchange || kind == Kind::fetch_add; }
    bool writes() const {
        return kind == Kind::store || kind == Kind::plain_write || kind == Kind::send || updates();
    }
    bool reads() const {
        return kind == Kind::load || kind == Kind::plain_read || kind == Kind::receive || updates();
    }
    bool plain() const { return kind == Kind::plain_read || kind == Kind::plain_write; }
};

struct Event : Label {
    EventId id;
    EventId source;  // of a read: the write that it reads from
    uint64_t value_read = 0;
    uint64_t value_written = 0;
    uint32_t stamp = 0;  // when it was added to the graph
    Clock before{};      // what happens before it, itself included
    Clock causes{};      // the same for sequenced-before and reads-from, whatever the orders
    Clock message{};     // of a write: what happens before an acquire load that reads it
};

}  // namespace camtap::weak
