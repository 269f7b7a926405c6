// What the kernel must do for those who sleep on a word that they can't write.
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <climits>
#include <fstream>
#include <list>

#include "assumption.h"
#include "common/futex.h"
#include "common/layout.h"
#include "common/sealed_memory.h"
#include "tests/system/forked.h"

namespace camtap::test {
namespace {

constexpr int64_t kGuardNs = int64_t{kGuardMs} * kNsPerMs;
constexpr const char* kWhere = "common/futex.h: taps sleep on SegmentHeader::wake";

// 'S': it sleeps in a system call.
char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const size_t name_end = line.rfind(") ");
    return name_end == std::string::npos ? '?' : line[name_end + 2];
}

bool falls_asleep(pid_t pid) {
    for (int i = 0; i < kGuardMs; ++i) {
        if (state_of(pid) == 'S') return true;
        poll(nullptr, 0, 1);
    }
    return false;
}

struct WakeWord : testing::Test {
    UniqueFd fd = std::move(*create_memfd("camtap-kernel-futex", layout::kPage));
    Mapping writable = std::move(*Mapping::map(fd.get(), layout::kPage, Mapping::Access::read_write));
    std::atomic<uint32_t>& word = *reinterpret_cast<std::atomic<uint32_t>*>(writable.data());

    void SetUp() override { ASSERT_TRUE(seal_against_writers(fd.get()).ok()); }

    // In a child: sleeps on a read-only mapping of its own until the word isn't `seen` any more. 0: it was
    // woken.
    int sleep_once(Forked::Child& child, uint32_t seen) {
        auto mapping = Mapping::map(fd.get(), layout::kPage, Mapping::Access::read_only);
        if (!mapping.ok()) return 1;
        const auto& same = *reinterpret_cast<const std::atomic<uint32_t>*>(mapping->data());
        child.say();
        while (same.load(std::memory_order_acquire) == seen) {
            const int64_t start = monotonic_ns();
            futex_wait(same, seen, kGuardNs);
            if (monotonic_ns() - start >= kGuardNs) return 2;
        }
        return 0;
    }
    void wait_until_asleep(Forked& sleeper) {
        sleeper.wait();
        ASSERT_TRUE(falls_asleep(sleeper.pid())) << "it doesn't sleep: state " << state_of(sleeper.pid());
    }
};

TEST_F(WakeWord, SleepsOnAReadOnlyMappingAndIsWokenThroughAnotherOne) {
    CAMTAP_ASSUMES(
        "a shared FUTEX_WAIT works on a read-only mapping of a sealed memfd, and is woken by another process "
        "through another mapping of it",
        kWhere);
    Forked sleeper([this](Forked::Child& child) { return sleep_once(child, 0); });
    wait_until_asleep(sleeper);
    word.fetch_add(1);
    futex_wake_all(word);
    EXPECT_EQ(sleeper.join(), 0) << "1: it couldn't map, 2: it slept for the whole guard";
}

TEST_F(WakeWord, OneCallWakesAll) {
    CAMTAP_ASSUMES("FUTEX_WAKE with INT_MAX wakes every sleeper with one system call, and counts them",
                   kWhere);
    std::list<Forked> sleepers;
    constexpr int kSleepers = 8;
    for (int i = 0; i < kSleepers; ++i) {
        sleepers.emplace_back([this](Forked::Child& child) { return sleep_once(child, 0); });
        wait_until_asleep(sleepers.back());
    }
    word.fetch_add(1);
    EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0), kSleepers);
    for (Forked& sleeper : sleepers) EXPECT_EQ(sleeper.join(), 0);
}

TEST_F(WakeWord, DoesntFallAsleepOnAWordThatHasChanged) {
    CAMTAP_ASSUMES(
        "FUTEX_WAIT compares the word and falls asleep in one step, so that no wake-up between is lost",
        "client/tap.cpp, sleep()");
    word.store(7);
    EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAIT, 6, nullptr, nullptr, 0), -1);
    EXPECT_EQ(errno, EAGAIN) << WITH_ERRNO;
}

TEST_F(WakeWord, WrapsAroundAsNumbersDo) {
    CAMTAP_ASSUMES("FUTEX_WAIT compares all 32 bits, as unsigned or signed makes no difference", kWhere);
    word.store(UINT32_MAX);
    Forked sleeper([this](Forked::Child& child) { return sleep_once(child, UINT32_MAX); });
    wait_until_asleep(sleeper);
    word.fetch_add(1);
    EXPECT_EQ(word.load(), 0u);
    futex_wake_all(word);
    EXPECT_EQ(sleeper.join(), 0);
}

TEST_F(WakeWord, ASleeperThatIsKilledLeavesNothingBehind) {
    CAMTAP_ASSUMES("a process killed in FUTEX_WAIT is taken off the queue, and others are woken all the same",
                   kWhere);
    Forked killed([this](Forked::Child& child) { return sleep_once(child, 0); });
    wait_until_asleep(killed);
    Forked other([this](Forked::Child& child) { return sleep_once(child, 0); });
    wait_until_asleep(other);
    killed.kill(SIGKILL);
    EXPECT_EQ(killed.join(), -SIGKILL);
    word.fetch_add(1);
    EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0), 1);
    EXPECT_EQ(other.join(), 0);
}

TEST_F(WakeWord, GivesUpAtItsTimeout) {
    CAMTAP_ASSUMES("FUTEX_WAIT's timeout counts from now, by CLOCK_MONOTONIC",
                   "client/tap.cpp, sleep(): slices");
    const int64_t start = monotonic_ns();
    const timespec t = to_timespec(20 * kNsPerMs);
    EXPECT_EQ(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, nullptr, 0), -1);
    EXPECT_EQ(errno, ETIMEDOUT) << WITH_ERRNO;
    EXPECT_GE(monotonic_ns() - start, 20 * kNsPerMs);
}

}  // namespace
}  // namespace camtap::test
