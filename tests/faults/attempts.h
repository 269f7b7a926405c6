// Steps of a life in which one call fails: each may be refused, in words, and must work when it is tried
// again.
#pragma once

#include <camtap/camtap.h>
#include <poll.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace camtap::faults {

inline constexpr int64_t kGuardNs = 10'000'000'000;  // for what must happen; no promise about time

inline int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

class Attempts {
  public:
    // `alive`: whether it makes sense to try again.
    explicit Attempts(std::function<bool()> alive = [] { return true; }) : alive_(std::move(alive)) {}

    // Tries `step` until it works. `whose` stream or client it is; `step` is a call of the library's, or
    // some.
    bool make(const std::string& whose, const std::string& what, const std::function<camtap_error()>& step) {
        const int64_t deadline = now_ns() + kGuardNs;
        while (fault_.empty()) {
            const camtap_error error = step();
            if (error == CAMTAP_OK) return true;
            const std::string words = camtap_last_error();
            ++refusals_[whose];
            log_ += whose + ": " + what + ": " + words + "\n";
            if (words.empty() || words == camtap_error_name(error)) blame(what + ": no reason is given");
            if (!alive_()) blame(what + ": the daemon has ended");
            if (now_ns() > deadline) blame(what + ": still refused after the one failure: " + words);
            poll(nullptr, 0, 1);
        }
        return false;
    }
    void blame(const std::string& fault) { fault_ += (fault_.empty() ? "" : "; ") + fault; }
    void refused(const std::string& whose, const std::string& why) {
        ++refusals_[whose];
        log_ += whose + ": " + why + "\n";
    }

    const std::string& fault() const { return fault_; }
    const std::string& log() const { return log_; }
    // Streams and clients that were refused something. One call failed: it may be one at most.
    size_t victims() const { return refusals_.size(); }
    bool undisturbed(const std::string& who) const { return refusals_.count(who) == 0; }

  private:
    std::function<bool()> alive_;
    std::map<std::string, unsigned> refusals_;
    std::string fault_;
    std::string log_;
};

}  // namespace camtap::faults
