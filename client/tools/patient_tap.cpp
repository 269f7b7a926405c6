#include "patient_tap.h"

#include <algorithm>

#include "format.h"

namespace camtap::tools {
namespace {

using Clock = std::chrono::steady_clock;

// How long ^C may have to wait. The tap itself wakes at once when there is a frame.
constexpr std::chrono::milliseconds kSlice{100};
constexpr std::chrono::seconds kPatience{1};  // before the state is told

std::chrono::nanoseconds to_timeout(double seconds) {
    constexpr double kForEver = 1e9;  // seconds; more would overflow
    if (seconds < 0 || seconds > kForEver) return kForever;
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
}

TapOptions tap_options(const Asked& asked) {
    TapOptions options;
    options.socket_path = asked.socket;
    return options;
}

}  // namespace

PatientTap::PatientTap(const Asked& asked, double timeout_seconds)
    : tap_(asked.stream, tap_options(asked)), timeout_(to_timeout(timeout_seconds)) {}

template <class Take>
std::optional<Frame> PatientTap::wait(Take take, const std::function<bool()>& leave) {
    const Clock::time_point start = Clock::now();
    while (!signals_.stop_requested()) {
        if (signals_.pause_requested()) pause_process();
        const auto waited = Clock::now() - start;
        const bool is_last = timeout_ != kForever && waited + kSlice >= timeout_;
        std::optional<Frame> frame =
            take(is_last ? std::max(timeout_ - waited, Clock::duration::zero()) : kSlice);
        if (frame) {
            told_.clear();
            return frame;
        }
        if (tap_.last() == CAMTAP_ERROR_ENDED || tap_.last() == CAMTAP_ERROR_GONE) {
            end_ = tap_.last() == CAMTAP_ERROR_ENDED ? End::ended : End::gone;
            return std::nullopt;
        }
        if (is_last) {
            end_ = End::timeout;
            return std::nullopt;
        }
        if (leave && leave()) break;
        if (waited > kPatience) tell_state();
    }
    end_ = End::stopped;
    return std::nullopt;
}

std::optional<Frame> PatientTap::next() {
    return wait([&](std::chrono::nanoseconds timeout) { return tap_.next(timeout); }, {});
}

std::optional<Frame> PatientTap::latest(const std::function<bool()>& leave) {
    return wait([&](std::chrono::nanoseconds timeout) { return tap_.latest(timeout); }, leave);
}

void PatientTap::tell_state() {
    const camtap_tap_status status = tap_.status();
    std::string text = camtap_tap_state_name(status.state);
    if (status.reason[0] != '\0') text += std::string(": ") + status.reason;
    if (text == told_) return;
    complain("waiting for a frame; the stream is " + text);
    told_ = text;
}

int PatientTap::verdict(const Asked& asked, uint64_t got, uint64_t wanted) {
    const bool is_enough = wanted == 0 ? got > 0 : got >= wanted;
    if (end_ == End::none || end_ == End::stopped) return kOk;
    if (end_ == End::gone)
        return fail(asked, CAMTAP_ERROR_GONE, "the stream was removed from the configuration");
    if (end_ == End::ended) {
        if (is_enough) return kOk;
        complain("the recording ended after " + std::to_string(got) + " frames");
        return kNoFrame;
    }
    const camtap_tap_status status = tap_.status();
    complain("no frame of '" + asked.stream + "' came for " + format_duration(timeout_.count()) +
             "; the stream is " + camtap_tap_state_name(status.state) +
             (status.reason[0] != '\0' ? ": " : "") + status.reason);
    return kNoFrame;
}

}  // namespace camtap::tools
