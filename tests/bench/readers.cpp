#include "readers.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

namespace camtap::bench {

void Sheet::note(const Stamp& stamp, int64_t now_ns) {
    if (stamp.recorded != 0) {
        const uint32_t i = samples.load(std::memory_order_relaxed);
        if (i < kMaxSamples) {
            latency_ns[i] = now_ns - stamp.at_ns;
            samples.store(i + 1, std::memory_order_relaxed);
        }
    }
    received.fetch_add(1, std::memory_order_relaxed);
    newest.store(stamp.number, std::memory_order_release);
}

static int run(const Readers::Body& body, Sheet& sheet, const Readers::Process::Child& child) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        body(sheet, child);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "a reader: %s\n", e.what());
    }
    sheet.failed.store(1);
    child.say();
    return 1;
}

Readers::Readers(size_t count, const Cores& cores, Placement placement, const Body& body)
    : bytes_(count * sizeof(Sheet)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    sheets_ = new (memory) Sheet[count]{};
    for (size_t i = 0; i < count; ++i) {
        processes_.push_back(std::make_unique<Process>([&](const Process::Child& child) {
            cores.place(0, placement, 1 + i);
            return run(body, sheets_[i], child);
        }));
    }
    wait_for_word();
}

Readers::~Readers() {
    processes_.clear();
    munmap(sheets_, bytes_);
}

void Readers::wait_for_word() const {
    for (const auto& process : processes_) process->wait();
}

bool Readers::have(uint64_t number) const {
    bool all = true;
    for (size_t i = 0; i < count(); ++i) {
        if (sheets_[i].failed.load() != 0) throw std::runtime_error("a reader has failed");
        all = all && sheets_[i].newest.load(std::memory_order_acquire) >= number;
    }
    return all;
}

int64_t Readers::cpu_ns() const {
    int64_t sum = 0;
    for (const auto& process : processes_) sum += cpu_ns_of(process->pid());
    return sum;
}

std::vector<double> Readers::take_latencies_us() {
    std::vector<double> all;
    for (size_t i = 0; i < count(); ++i) {
        const uint32_t n = sheets_[i].samples.exchange(0);
        for (uint32_t k = 0; k < n; ++k) all.push_back(static_cast<double>(sheets_[i].latency_ns[k]) / 1e3);
    }
    return all;
}

}  // namespace camtap::bench
