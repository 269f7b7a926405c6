// The stage that hostile programs enter: a daemon, two streams, and on each an honest publisher and an honest
// tap that must not notice them.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <vector>

#include "hostile_program.h"
#include "tests/hostile/honest.h"
#include "tests/system/daemon_process.h"

namespace camtap::test {

inline constexpr const char* kStageConfig = R"(
[daemon]
max_connections = 200
max_connections_per_user = 60
max_requests_per_second = 500
max_memory = "128 MiB"
[[stream]]
name = "test"
source = "publisher"
depth = 8
max_taps = 4
max_pins = 4
max_memory = "64 MiB"
max_frame_bytes = "32 MiB"
allow_users = ["*"]
publish_users = ["*"]
[[stream]]
name = "beside"
source = "publisher"
depth = 8
max_pins = 4
)";

inline constexpr uint32_t kMaxTaps = 4;

// What a daemon has of descriptors and of camtap's memory.
struct Footprint {
    size_t descriptors = 0;
    size_t mappings = 0;

    static Footprint of(pid_t pid) {
        const std::string proc = "/proc/" + std::to_string(pid);
        Footprint result;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
            ++result.descriptors;
        }
        std::ifstream maps(proc + "/maps");
        for (std::string line; std::getline(maps, line);) {
            if (line.find("memfd:camtap") != std::string::npos) ++result.mappings;
        }
        return result;
    }
};

inline uint64_t resident_kib(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
        if (word == "VmRSS:") {
            uint64_t kib = 0;
            status >> kib;
            return kib;
        }
    }
    return 0;
}

class Stage : public testing::Test {
  protected:
    explicit Stage(const std::string& config = kStageConfig) : daemon(config) {
        chmod(daemon.directory().path().c_str(), 0711);  // another user finds the socket too
    }

    void SetUp() override { beside = std::make_unique<Lane>(daemon.socket_path(), "beside"); }
    void open_test_lane() { test = std::make_unique<Lane>(daemon.socket_path(), "test"); }

    void TearDown() override {
        if (beside) paced(5);
        test.reset();
        beside.reset();
        EXPECT_EQ(daemon.stop(), 0);
    }

    // Publishes a frame and has the honest tap confirm it, again and again: whatever else the machine does,
    // there is no reason to miss one.
    void paced(int frames) const {
        for (int i = 0; i < frames && !HasFailure(); ++i) {
            if (test) test->one_frame();
            beside->one_frame();
        }
    }

    // Some frames by the clock, beside whatever runs; only recorded.
    void free_run(const std::string& when) const {
        constexpr int kFrames = 100;
        for (Lane* lane : {test.get(), beside.get()}) {
            if (lane == nullptr) continue;
            const FreeRun run = lane->free_run(kFrames);
            const std::string key = when + "_" + lane->stream();
            RecordProperty(key + "_frames_per_second", static_cast<int>(run.frames_per_second));
            RecordProperty(key + "_missed", static_cast<int>(run.missed));
            RecordProperty(key + "_longest_wait_for_a_slot_us", static_cast<int>(run.longest_wait_us));
            std::printf(
                "[  hostile ] %-16s %-8s %7.0f frames/s, %llu missed, longest wait for a slot %lld us\n",
                when.c_str(), lane->stream().c_str(), run.frames_per_second,
                static_cast<unsigned long long>(run.missed), static_cast<long long>(run.longest_wait_us));
        }
    }

    // The programs do what they do for ever; nobody notices, neither meanwhile nor afterwards.
    void withstand(const std::vector<HostileProgram::Body>& bodies, User user = User::another) {
        const Footprint before = Footprint::of(daemon.pid());
        free_run("alone");
        {
            std::vector<std::unique_ptr<HostileProgram>> programs;
            for (const auto& body : bodies) programs.push_back(std::make_unique<HostileProgram>(body, user));
            for (const auto& program : programs) program->wait_until_at_it();
            const auto until = std::chrono::steady_clock::now() + hostile_seconds();
            do {
                paced(300 * rounds);
            } while (std::chrono::steady_clock::now() < until && !HasFailure());
            free_run("beside_hostile");
            for (const auto& program : programs) EXPECT_TRUE(program->runs()) << "it gave up";
        }
        expect_footprint(before);
        paced(20);
    }

    // The program does what it does and checks what comes of it; nobody else notices.
    void play(const HostileProgram::Body& body, User user = User::another) {
        const Footprint before = Footprint::of(daemon.pid());
        HostileProgram program(body, user);
        const auto guard = std::chrono::steady_clock::now() + 3 * kGuard;
        while (program.runs() && !HasFailure()) {
            paced(1);
            if (std::chrono::steady_clock::now() > guard) ADD_FAILURE() << "it goes on and on";
        }
        if (HasFailure())
            program.end();
        else
            EXPECT_EQ(program.join(), 0);
        expect_footprint(before);
        paced(20);
    }

    // No more than before. (Less is possible: a question that the test asked may have been among them.)
    void expect_footprint(const Footprint& before) const {
        Footprint now;
        const bool back = eventually([&] {
            now = Footprint::of(daemon.pid());
            return now.descriptors <= before.descriptors && now.mappings <= before.mappings;
        });
        EXPECT_TRUE(back) << "descriptors " << before.descriptors << " -> " << now.descriptors
                          << ", mappings " << before.mappings << " -> " << now.mappings;
    }

    DaemonProcess daemon;
    int rounds = 1;              // of frames beside hostile programs
    std::unique_ptr<Lane> test;  // of the stream that the hostile program is on too
    std::unique_ptr<Lane> beside;
};

}  // namespace camtap::test
