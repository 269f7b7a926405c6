// A hostile program: a process of its own that speaks the wire protocol by itself, as another user where the
// test may choose one.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "common/layout.h"
#include "tests/system/forked.h"

namespace camtap::test {

// Long form: how long each random test goes on. 0: the short form.
inline std::chrono::seconds hostile_seconds() {
    const char* text = getenv("CAMTAP_HOSTILE_SECONDS");
    return std::chrono::seconds(text != nullptr ? atol(text) : 0);
}

// xorshift64: the same words in every run.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 0x9e37'79b9'7f4a'7c15u + 1) {}
    uint64_t operator()() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    uint64_t below(uint64_t limit) { return (*this)() % limit; }
    // A word that programs trip over: an end of a range, a power of two or beside one, or anything.
    uint64_t nasty() {
        const uint64_t r = (*this)();
        const uint64_t power = uint64_t{1} << (r >> 8) % 64;
        switch (r % 8) {
            case 0:
                return 0;
            case 1:
                return ~uint64_t{0};
            case 2:
                return power;
            case 3:
                return power - 1;
            case 4:
                return 0 - power;
            case 5:
                return r >> 58;  // small
            case 6:
                return r >> (r >> 16) % 64;
            default:
                return (*this)();
        }
    }

  private:
    uint64_t state_;
};

enum class User { same, another };

inline bool may_change_user() {
    return geteuid() == 0;
}

// Owns: the process, killed at the end. It has no descriptor and no right of the test's.
class HostileProgram {
  public:
    // The child may say() once that it is at it; its result is its exit status, and 1 if an EXPECT of its own
    // failed.
    using Body = std::function<int(Forked::Child&)>;

    explicit HostileProgram(const Body& body, User user = User::another)
        : forked_([&body, user](Forked::Child& child) {
              forget_everything(child);
              if (user == User::another) become_another_user();
              prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which clears it
              const int result = body(child);
              return result != 0 || testing::Test::HasFailure() ? std::max(result, 1) : 0;
          }) {}

    void wait_until_at_it() const { forked_.wait(); }
    pid_t pid() const { return forked_.pid(); }
    bool runs() const {
        siginfo_t info{};
        return waitid(P_PID, static_cast<id_t>(forked_.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == 0;
    }
    void end() {
        forked_.kill(SIGKILL);
        forked_.join();
    }
    int join() { return forked_.join(); }
    void say() const { forked_.say(); }

  private:
    static void forget_everything(const Forked::Child& child) {
        const auto low = static_cast<unsigned>(std::min(child.to_parent, child.from_parent));
        const auto high = static_cast<unsigned>(std::max(child.to_parent, child.from_parent));
        const auto close_from_to = [](unsigned first, unsigned last) {
            if (first <= last) syscall(SYS_close_range, first, last, 0);
        };
        close_from_to(3, low - 1);
        close_from_to(low + 1, high - 1);
        close_from_to(high + 1, ~0u);
    }
    static void become_another_user() {
        if (!may_change_user()) return;
        constexpr unsigned kNobody = 65534;
        if (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(99);
        prctl(PR_SET_DUMPABLE, 1);  // or it couldn't even open its own /proc/self/fd
    }

    Forked forked_;
};

}  // namespace camtap::test
