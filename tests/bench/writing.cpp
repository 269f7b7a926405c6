#include "writing.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "common/clock.h"
#include "pace.h"
#include "report.h"

namespace camtap::bench {
namespace {

constexpr uint64_t kPage = 4096;

// Where a page says whose it is; the first page's place is inside the stamp.
constexpr uint64_t kMark = offsetof(Stamp, number);

}  // namespace

Writer::Writer(const Assignment& assignment, const Board& board, Sender& sender)
    : work_(assignment.work), depth_(assignment.depth), board_(board), sender_(sender) {
    if (work_.filled) return;
    std::vector<std::byte> picture(work_.size.bytes());
    for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<std::byte>(i * 31);
    if (sender_.copies()) {
        std::memcpy(sender_.acquire(), picture.data(), picture.size());
    } else {
        picture_ = std::move(picture);
    }
}

Account Writer::carry_out(const Order& order) {
    Account account;
    const int64_t all_before = cpu_ns_of(0);
    const int64_t mine_before = thread_cpu_ns();
    const int64_t start = monotonic_ns();
    Spent spent;
    switch (order.kind) {
        case Order::Kind::paced:
            spent = paced(order);
            break;
        case Order::Kind::flat_out:
            spent = flat_out(order);
            break;
        case Order::Kind::bare:
            spent = bare(order, account.publish_call_ns);
            break;
    }
    account.elapsed_ns = monotonic_ns() - start;
    const int64_t mine = thread_cpu_ns() - mine_before;
    const int64_t other_threads = std::max<int64_t>(0, cpu_ns_of(0) - all_before - mine);
    account.cpu_ns = spent.cpu_ns + other_threads;
    account.frames = spent.frames;
    account.newest = number_;
    account.old_frames_held = spent.old_frames_held;
    return account;
}

Writer::Spent Writer::paced(const Order& order) {
    Spent spent;
    Pace pace(order.period_ns);
    for (; spent.frames < order.frames; ++spent.frames) {
        pace.wait();
        const int64_t before = thread_cpu_ns();
        publish(order.recorded != 0, 0);
        spent.cpu_ns += thread_cpu_ns() - before;
        spent.old_frames_held = std::max(spent.old_frames_held, old_frames_held());
    }
    const int64_t overhead = thread_cpu_overhead_ns() * static_cast<int64_t>(order.frames);
    spent.cpu_ns = std::max<int64_t>(0, spent.cpu_ns - overhead);
    return spent;
}

Writer::Spent Writer::flat_out(const Order& order) {
    Spent spent;
    const int64_t before = thread_cpu_ns();
    const int64_t end = monotonic_ns() + order.duration_ns;
    for (; monotonic_ns() < end; ++spent.frames) publish(order.recorded != 0, order.window);
    spent.cpu_ns = thread_cpu_ns() - before;
    return spent;
}

Writer::Spent Writer::bare(const Order& order, int64_t& publish_call_ns) {
    Spent spent;
    std::vector<double> calls;
    calls.reserve(order.frames);
    const int64_t before = thread_cpu_ns();
    for (; spent.frames < order.frames; ++spent.frames) {
        sender_.acquire();
        const int64_t start = monotonic_ns();
        sender_.publish();
        calls.push_back(static_cast<double>(monotonic_ns() - start));
    }
    spent.cpu_ns = thread_cpu_ns() - before;
    std::vector<double> clock;
    for (int i = 0; i < 1000; ++i) {
        const int64_t start = monotonic_ns();
        clock.push_back(static_cast<double>(monotonic_ns() - start));
    }
    publish_call_ns = static_cast<int64_t>(median(calls) - median(clock));
    return spent;
}

void Writer::publish(bool recorded, uint64_t window) {
    Stamp stamp;
    stamp.number = ++number_;
    stamp.recorded = recorded ? 1 : 0;
    stamp.source_ns = monotonic_ns();
    std::byte* const frame = sender_.acquire();
    if (!picture_.empty()) sender_.fill(frame, picture_.data(), picture_.size());
    if (work_.certified) certify(frame, stamp);
    if (window != 0) wait_for_readers(window);
    stamp.publish_ns = monotonic_ns();
    std::memcpy(frame, &stamp, sizeof stamp);
    sender_.publish();
}

void Writer::certify(std::byte* frame, const Stamp& stamp) const {
    for (uint64_t at = kMark; at + sizeof stamp.number <= work_.size.bytes(); at += kPage)
        std::memcpy(frame + at, &stamp.number, sizeof stamp.number);
}

// Until frame `number_` can be published with at most `window` frames that not everybody has had. By
// yielding, which costs the least where a core is to spare and doesn't hold up readers where it isn't.
void Writer::wait_for_readers(uint64_t window) {
    while (number_ > had_by_all_ + window) {
        uint64_t least = number_;
        for (uint32_t i = 0; i < board_.counted.load(std::memory_order_relaxed); ++i)
            least = std::min(least, board_.sheets[i].newest.load(std::memory_order_acquire));
        had_by_all_ = least;
        if (number_ > had_by_all_ + window) sched_yield();
    }
}

uint64_t Writer::old_frames_held() const {
    std::set<uint64_t> old;
    for (uint32_t i = 0; i < board_.counted.load(std::memory_order_relaxed); ++i) {
        const uint64_t held = board_.sheets[i].holding.load(std::memory_order_relaxed);
        if (held != 0 && held + depth_ <= number_) old.insert(held);
    }
    return old.size();
}

bool is_whole(const std::byte* frame, FrameSize size, uint64_t number) {
    for (uint64_t at = kMark; at + sizeof number <= size.bytes(); at += kPage) {
        uint64_t there;
        std::memcpy(&there, frame + at, sizeof there);
        if (there != number) return false;
    }
    return true;
}

}  // namespace camtap::bench
