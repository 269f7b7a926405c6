// Eight programs that look at a stream while its daemon is killed, restarted or upgraded under them.
//
//     service_taps STREAM TIMES kill|COMMAND
//
// `kill`: SIGKILL to the service's main process. Prints how long it took from there to the next frame in each
// tap. Exit status 0 if every tap went on, on the same Tap object, with later frames only, and its ledger
// balances; it prints what didn't.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <camtap/camtap.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"

namespace {

using namespace std::chrono_literals;

constexpr int kTaps = 8;
constexpr auto kGuard = 60s;

struct Shared {
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> attachments{0};
    std::atomic<int64_t> attached_ns{0};  // when the first frame after the newest attachment came
    std::atomic<bool> failed{false};
};

uint64_t total(const camtap_missed& m) {
    return m.source_gap + m.decode_error + m.no_slot + m.too_slow + m.skipped + m.restart;
}

std::string_view bytes_of(const camtap::Frame& frame) {
    return {reinterpret_cast<const char*>(frame.data()), frame.info().image.bytes};
}

void look(const std::string& stream, Shared& shared) try {
    camtap::TapOptions options;
    options.attach_timeout = kGuard;
    camtap::Tap tap(stream, options);
    std::optional<camtap::Frame> held;  // over every disturbance
    std::string copy;
    uint64_t last = 0;
    uint64_t frames = 0;
    uint64_t missed = 0;
    while (!shared.stop) {
        auto frame = tap.next(kGuard);
        const int64_t now = camtap::monotonic_ns();
        if (!frame || frame->sequence() <= last) throw std::runtime_error("no frame, or an older one again");
        last = frame->sequence();
        ++frames;
        missed += total(frame->info().missed);
        const uint64_t attachments = tap.status().attachments;
        if (attachments == shared.attachments) continue;
        if (held && bytes_of(*held) != copy) throw std::runtime_error("the frame that it held has changed");
        held = std::move(*frame);
        copy = bytes_of(*held);
        shared.attached_ns = now;
        shared.attachments = attachments;
    }
    const camtap_tap_status status = tap.status();
    if (status.delivered != frames || total(status.missed) != missed || status.expected != frames + missed)
        throw std::runtime_error("the ledger doesn't balance");
} catch (const std::exception& e) {
    std::printf("a tap: %s\n", e.what());
    shared.failed = true;
}

pid_t main_process() {
    std::FILE* answer = popen("systemctl show --property MainPID --value camtapd", "r");
    int pid = 0;
    if (answer == nullptr || std::fscanf(answer, "%d", &pid) != 1) pid = 0;
    if (answer != nullptr) pclose(answer);
    return pid;
}

template <class Condition>
bool eventually(Condition condition) {
    const int64_t give_up = camtap::monotonic_ns() + std::chrono::nanoseconds(kGuard).count();
    while (!condition()) {
        if (camtap::monotonic_ns() > give_up) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

bool disturb(const std::string& how) {
    if (how != "kill") return std::system(how.c_str()) == 0;
    pid_t pid = 0;
    return eventually([&] { return (pid = main_process()) > 0; }) && kill(pid, SIGKILL) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const int times = std::atoi(argv[2]);
    Shared shared[kTaps];
    std::vector<std::thread> threads;
    for (Shared& s : shared) threads.emplace_back([&, stream = std::string(argv[1])] { look(stream, s); });
    std::vector<double> pauses_ms;
    std::mt19937 random;
    std::uniform_int_distribution<int> moment(0, 250);
    bool well = true;
    uint64_t before[kTaps] = {};
    const auto all_went_on = [&] {
        for (int i = 0; i < kTaps; ++i) {
            if (!shared[i].failed && shared[i].attachments <= before[i]) return false;
        }
        return true;
    };
    for (int n = 0; well && eventually(all_went_on) && n < times; ++n) {
        for (int i = 0; i < kTaps; ++i) before[i] = shared[i].attachments;
        // At any moment between two ticks of systemd's timers, 250 ms apart; right after one, as the taps are now,
        // each would be as late as the others
        std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
        const int64_t start = camtap::monotonic_ns();
        well = disturb(argv[3]) && eventually(all_went_on);
        for (const Shared& s : shared) pauses_ms.push_back(static_cast<double>(s.attached_ns - start) / 1e6);
    }
    for (Shared& s : shared) s.stop = true;
    for (std::thread& t : threads) t.join();
    for (const Shared& s : shared) well = well && !s.failed;
    std::sort(pauses_ms.begin(), pauses_ms.end());
    if (!pauses_ms.empty()) {
        std::printf("%d × %s under %d taps: the next frame after %.0f ms (median), %.0f ms (worst)\n", times,
                    argv[3], kTaps, pauses_ms[pauses_ms.size() / 2], pauses_ms.back());
    }
    return well ? 0 : 1;
}
