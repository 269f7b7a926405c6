// Many programs on one video: what does it cost when each decodes for itself, and what when camtap does it
// once?
#include <camtap/camtap.hpp>
#include <optional>

#include "common/clock.h"
#include "lane.h"
#include "measurements.h"
#include "pace.h"

namespace camtap::bench {
namespace {

constexpr uint32_t kPrograms = 8;
constexpr int64_t kPatienceNs = 30 * kNsPerSecond;

// Owns: the directory and memory that programs want, although no writer of the bench's is among them. (So the
// pictures carry no stamps, and what the readers note on the board means nothing here.)
class Cinema {
  public:
    Cinema() : lane_(*peers_.find(kFutex), Work{.readers = 0}, 0) {}

    Program program(const char* name, Role role, const std::string& video, FrameSize size) const {
        Assignment a;
        a.role = role;
        a.work.size = size;
        a.work.readers = kPrograms;
        a.depth = 4;
        lane_.directory().copy(a.directory, sizeof a.directory - 1);
        video.copy(a.video, sizeof a.video - 1);
        return lane_.program(name, a);
    }
    std::string file(const char* name) const { return lane_.directory() + "/" + name; }

  private:
    const Peers peers_{false};
    const Lane lane_;
};

double cpu_percent(const std::vector<pid_t>& processes, double seconds) {
    const auto sum = [&] {
        int64_t ns = 0;
        for (const pid_t process : processes) ns += cpu_ns_of(process);
        return ns;
    };
    const int64_t before = sum();
    const int64_t start = monotonic_ns();
    sleep_for(static_cast<int64_t>(seconds * 1e9));
    return static_cast<double>(sum() - before) * 100 / static_cast<double>(monotonic_ns() - start);
}

std::vector<Program> readers(const Cinema& cinema, const char* peer, uint32_t count, const std::string& video,
                             FrameSize size) {
    std::vector<Program> all;
    Account ready;
    for (uint32_t i = 0; i < count; ++i) all.push_back(cinema.program(peer, Role::reader, video, size));
    for (const Program& program : all) {
        if (!program.hear(ready, kPatienceNs)) throw std::runtime_error("a program doesn't get ready");
    }
    return all;
}

double decoding_each(const Bench& bench, const Cinema& cinema, uint32_t count, const std::string& video,
                     FrameSize size) {
    const std::vector<Program> programs = readers(cinema, "opencv", count, video, size);
    std::vector<pid_t> processes;
    for (const Program& program : programs) processes.push_back(program.pid());
    sleep_for(kNsPerSecond / 2);
    return cpu_percent(processes, bench.extent.decoding_seconds);
}

double shared(const Bench& bench, const Cinema& cinema, uint32_t count, const std::string& video,
              FrameSize size) {
    Program daemon = cinema.program("camtap", Role::daemon, video, size);
    double percent = 0;
    {
        const std::vector<Program> taps = readers(cinema, "camtap", count, video, size);
        std::vector<pid_t> processes{daemon.pid()};
        for (const Program& tap : taps) processes.push_back(tap.pid());
        sleep_for(3 * kNsPerSecond / 2);  // until the source has opened the video
        const auto streams = list_streams(cinema.file("camtap.sock"));
        processes.push_back(streams.at(0).publisher_pid);
        percent = cpu_percent(processes, bench.extent.decoding_seconds);
    }
    daemon.end_in_order();
    return percent;
}

void measure(Bench& bench, const Cinema& cinema, const std::string& video, FrameSize size, Table& table) {
    struct Row {
        const char* words;
        double (*measure)(const Bench&, const Cinema&, uint32_t, const std::string&, FrameSize);
        uint32_t programs;
    };
    const Row rows[] = {{"decodes for itself", decoding_each, 1},
                        {"decode each for itself", decoding_each, kPrograms},
                        {"tap camtap", shared, 1},
                        {"tap camtap", shared, kPrograms}};
    double one = 0;
    for (const Row& row : rows) {
        const double percent = row.measure(bench, cinema, row.programs, video, size);
        if (one == 0) one = percent;
        const Case c{.lane = row.words, .size = size, .readers = row.programs};
        bench.figures.add("video-cpu-percent", c, percent);
        bench.figures.add("video-cpu-ratio", c, percent / one);
        table.row({size.name(), std::to_string(row.programs) + " " + row.words, fixed(percent, 1),
                   fixed(percent / one, 2)});
    }
}

}  // namespace

void measure_decoding(Bench& bench) {
    if (access(Peers::program_path("opencv").c_str(), X_OK) != 0) {
        bench.note("decoding is left out; to have it, install: libopencv-dev");
        return;
    }
    Report::progress("decoding");
    constexpr FrameSize kOriginal{768, 576};
    const Cinema cinema;
    Table table("Programs on one video (Motion JPEG, 10 pictures/s), CPU time of all in % of a core",
                {"video", "programs", "CPU", "× one that decodes"});
    const std::string video = CAMTAP_TEST_VIDEO;
    measure(bench, cinema, video, kOriginal, table);
    {
        const Program enlarger = cinema.program("opencv", Role::writer, video, kFullHd);
        Account ready;
        if (!enlarger.hear(ready, 2 * kPatienceNs)) return bench.note("the video can't be enlarged");
    }
    measure(bench, cinema, cinema.file("enlarged.avi"), kFullHd, table);
    bench.report.table(table);
}

}  // namespace camtap::bench
