// What nobody can be faster than: a memcpy, and the system call that wakes.
#include <cstring>

#include "common/clock.h"
#include "common/futex.h"
#include "measurements.h"

namespace camtap::bench {
namespace {

constexpr size_t kLine = 64;

// Out of every cache, where the processor lets a program do that; elsewhere nothing.
void chill([[maybe_unused]] const std::vector<std::byte>& memory) {
#ifdef __x86_64__
    for (size_t i = 0; i < memory.size(); i += kLine) __builtin_ia32_clflush(memory.data() + i);
    __builtin_ia32_mfence();
#endif
}

double memcpy_us(std::vector<std::byte>& to, const std::vector<std::byte>& from) {
    const int64_t start = monotonic_ns();
    std::memcpy(to.data(), from.data(), to.size());
    return static_cast<double>(monotonic_ns() - start) / 1e3;
}

void measure_memcpy(Bench& bench, const FrameSize& size, Table& table) {
    const std::vector<std::byte> from(size.bytes(), std::byte{1});
    std::vector<std::byte> to(size.bytes(), std::byte{2});
    std::vector<double> hot;
    std::vector<double> cold;
    for (size_t r = 0; r < 5 * bench.extent.repetitions; ++r) {
        memcpy_us(to, from);
        hot.push_back(memcpy_us(to, from));
        chill(from);
        chill(to);
        cold.push_back(memcpy_us(to, from));
    }
    Case c;
    c.size = size;
    c.lane = "memcpy";
    for (const double us : hot) bench.figures.add("memcpy-hot-us", c, us);
    for (const double us : cold) bench.figures.add("memcpy-cold-us", c, us);
    table.row({"memcpy of " + size.name(), with_range(hot, 0), with_range(cold, 0)});
}

// Of a word that nobody sleeps on.
double empty_wake_us() {
    constexpr int kCalls = 10'000;
    std::atomic<uint32_t> word{0};
    const int64_t start = monotonic_ns();
    for (int i = 0; i < kCalls; ++i) futex_wake_all(word);
    return static_cast<double>(monotonic_ns() - start) / 1e3 / kCalls;
}

}  // namespace

void measure_floors(Bench& bench) {
    Report::progress("floors");
    bench.cores.place(0, Placement::together, 0);
    Table table("Floors, in µs", {"", "in cache", "in no cache"});
    for (const FrameSize& size : bench.extent.sizes) measure_memcpy(bench, size, table);
    std::vector<double> wakes;
    for (size_t r = 0; r < bench.extent.repetitions; ++r) wakes.push_back(empty_wake_us());
    bench.cores.place(0, Placement::free, 0);
    table.row({"FUTEX_WAKE when nobody sleeps", with_range(wakes, 2), "–"});
    bench.report.table(table);
}

}  // namespace camtap::bench
