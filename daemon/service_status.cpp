#include "daemon/service_status.h"

#include <systemd/sd-daemon.h>

#include <algorithm>

#include "common/clock.h"

namespace camtap {

// A publisher can make states come and go as fast as it likes.
static constexpr int64_t kLeastPauseNs = kNsPerSecond / 4;

// One line, because what follows a line break would be another assignment, and a short one: systemd takes no
// message of more than 4096 bytes.
static std::string one_line(std::string text) {
    constexpr size_t kMost = 2000;
    if (text.size() > kMost) {
        size_t end = kMost;
        while ((text[end] & 0xc0) == 0x80) --end;  // not in the middle of a character
        text = text.substr(0, end) + " …";
    }
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    return text;
}

Status ServiceStatus::ready(EventLoop& loop) {
    auto timer = loop.on_timer([this] { tell(); });
    if (!timer) return timer.error();
    timer_ = std::move(*timer);
    sd_event_set_watchdog(loop.get(), 1);
    sd_notify(0, "READY=1");
    tell();
    return Done{};
}

void ServiceStatus::reloading() {
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(monotonic_ns() / 1000));
}

void ServiceStatus::reloaded(const std::string& trouble) {
    trouble_ = trouble;
    sd_notify(0, "READY=1");
    tell();
}

void ServiceStatus::stopping() {
    timer_.reset();
    sd_notify(0, "STOPPING=1");
}

void ServiceStatus::changed() {
    if (timer_) timer_.fire_at(told_ns_ + kLeastPauseNs);
}

void ServiceStatus::tell() {
    told_ns_ = monotonic_ns();
    const std::string words =
        trouble_.empty() ? words_() : words_() + "; the last reload failed: " + trouble_;
    sd_notifyf(0, "STATUS=%s", one_line(words).c_str());
}

}  // namespace camtap
