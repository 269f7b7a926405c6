// A program that does with libcamtap what there is to do, once: the victim whose calls fail. Exit status 0:
// whatever was refused was refused in words, worked when tried again, and nothing is left behind. 1: it says
// what is wrong.
#include <dirent.h>
#include <malloc.h>

#include <cstdio>
#include <fstream>

#include "frames.h"

namespace camtap::faults {
namespace {

// What the library may have left behind.
struct Belongings {
    size_t descriptors = 0;
    size_t mappings = 0;  // of shared memory
    size_t heap_bytes =
        0;  // exact if the allocator keeps no cache: GLIBC_TUNABLES=glibc.malloc.tcache_count=0

    static Belongings now() {
        Belongings all;
        all.heap_bytes = mallinfo2().uordblks;
        if (DIR* const directory = opendir("/proc/self/fd")) {
            while (readdir(directory) != nullptr) ++all.descriptors;
            closedir(directory);
        }
        std::ifstream maps("/proc/self/maps");
        for (std::string line; std::getline(maps, line);)
            if (line.find("memfd:camtap") != std::string::npos) ++all.mappings;
        return all;
    }
};

void ask(Attempts& attempts, const std::string& socket) {
    attempts.make("control", "list_streams", [&] {
        camtap_stream_info* streams = nullptr;
        size_t count = 0;
        const camtap_error error = camtap_list_streams(socket.c_str(), nullptr, kGuardNs, &streams, &count);
        camtap_free(streams);
        return error;
    });
    attempts.make("control", "list_taps", [&] {
        camtap_tap_info* taps = nullptr;
        size_t count = 0;
        const camtap_error error = camtap_list_taps(socket.c_str(), nullptr, kGuardNs, &taps, &count);
        camtap_free(taps);
        return error;
    });
    attempts.make("control", "reload", [&] {
        camtap_reload_result result = CAMTAP_INIT(camtap_reload_result);
        return camtap_reload(socket.c_str(), kGuardNs, &result);
    });
}

void share_frames(Attempts& attempts, Pair& pair) {
    pair.open();
    pair.publish(16);
    pair.next();
    pair.publish(16);
    pair.latest();
    pair.make_descriptor();
    pair.arm();
    pair.publish(16);
    pair.wait_for_descriptor();
    pair.arm();
    pair.publish(10'000);  // a larger segment
    pair.wait_for_descriptor();
    pair.close_tap();
    pair.open_tap();
    pair.publish(16);
    pair.next();
    attempts.make("out", "status", [&] {
        camtap_tap_status status = CAMTAP_INIT(camtap_tap_status);
        return camtap_tap_get_status(pair.tap(), &status);
    });
    attempts.make("out", "report",
                  [&] { return camtap_publisher_report(pair.publisher(), CAMTAP_IDLE, "a rest"); });
}

// Room for words that outlive everything on the heap.
char report[16 * 1024];

void live(const std::string& socket) {
    Attempts attempts;
    {
        Pair pair(attempts, socket, "out");
        share_frames(attempts, pair);
        ask(attempts, socket);
    }
    const char* const title = attempts.fault().empty() ? "" : "FAULT: ";
    std::snprintf(report, sizeof report, "%s%s%s", attempts.log().c_str(), title, attempts.fault().c_str());
}

bool nothing_is_left(const Belongings& before, const Belongings& after) {
    if (after.descriptors != before.descriptors) std::fputs("FAULT: descriptors are left open\n", stderr);
    if (after.mappings != before.mappings) std::fputs("FAULT: shared memory is left mapped\n", stderr);
    if (after.heap_bytes != before.heap_bytes) {
        std::fprintf(stderr, "FAULT: the heap had %zu bytes, and has %zu\n", before.heap_bytes,
                     after.heap_bytes);
    }
    return after.descriptors == before.descriptors && after.mappings == before.mappings &&
           after.heap_bytes == before.heap_bytes;
}

}  // namespace
}  // namespace camtap::faults

int main(int argc, char** argv) {
    using namespace camtap::faults;
    if (argc != 2) return 2;
    const std::string socket = argv[1];
    (void)Belongings::now();
    const Belongings before = Belongings::now();
    live(socket);
    const Belongings after = Belongings::now();
    std::fprintf(stderr, "%s\n", report);
    const bool clean = nothing_is_left(before, after);
    return clean && std::strstr(report, "FAULT") == nullptr ? 0 : 1;
}
