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

struct Cost {
    double source = 0, daemon = 0, programs = 0;  // CPU time in % of a core
    double all() const { return source + daemon + programs; }
};

// Of the programs, and of the daemon and its source where there are any (pids, 0: none).
Cost measure_cost(const Bench& bench, pid_t source, pid_t daemon, const std::vector<Program>& programs) {
    const auto cpu_ns = [&] {
        Cost sum;
        if (source != 0) sum.source = static_cast<double>(cpu_ns_of(source));
        if (daemon != 0) sum.daemon = static_cast<double>(cpu_ns_of(daemon));
        for (const Program& program : programs) sum.programs += static_cast<double>(cpu_ns_of(program.pid()));
        return sum;
    };
    const Cost before = cpu_ns();
    const int64_t start = monotonic_ns();
    sleep_for(static_cast<int64_t>(bench.extent.decoding_seconds * 1e9));
    const Cost after = cpu_ns();
    const double percent_of = 100 / static_cast<double>(monotonic_ns() - start);
    return {(after.source - before.source) * percent_of, (after.daemon - before.daemon) * percent_of,
            (after.programs - before.programs) * percent_of};
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

Cost decoding_each(const Bench& bench, const Cinema& cinema, uint32_t count, const std::string& video,
                   FrameSize size) {
    const std::vector<Program> programs = readers(cinema, "opencv", count, video, size);
    sleep_for(kNsPerSecond / 2);
    return measure_cost(bench, 0, 0, programs);
}

Cost shared(const Bench& bench, const Cinema& cinema, uint32_t count, const std::string& video,
            FrameSize size) {
    Program daemon = cinema.program("camtap", Role::daemon, video, size);
    Cost cost;
    {
        const std::vector<Program> taps = readers(cinema, "camtap", count, video, size);
        sleep_for(3 * kNsPerSecond / 2);  // until the source has opened the video
        const auto streams = list_streams(cinema.file("camtap.sock"));
        cost = measure_cost(bench, streams.at(0).publisher_pid, daemon.pid(), taps);
    }
    daemon.end_in_order();
    return cost;
}

struct Row {
    const char* words;
    Cost (*measure)(const Bench&, const Cinema&, uint32_t, const std::string&, FrameSize);
    uint32_t programs;
};
constexpr Row kRows[] = {{"decodes for itself", decoding_each, 1},
                         {"decode each for itself", decoding_each, kPrograms},
                         {"tap camtap", shared, 1},
                         {"tap camtap", shared, kPrograms}};

void measure(Bench& bench, const Cinema& cinema, const std::string& video, FrameSize size, Table& table) {
    const auto at = [&](const Row& row) {
        return Case{.lane = row.words, .size = size, .readers = row.programs};
    };
    for (size_t r = 0; r < bench.extent.decoding_repetitions; ++r) {
        double one = 0;
        for (const Row& row : kRows) {
            const Cost cost = row.measure(bench, cinema, row.programs, video, size);
            if (one == 0) one = cost.all();
            bench.figures.add("video-cpu-percent", at(row), cost.all());
            bench.figures.add("video-source-cpu-percent", at(row), cost.source);
            bench.figures.add("video-daemon-cpu-percent", at(row), cost.daemon);
            bench.figures.add("video-programs-cpu-percent", at(row), cost.programs);
            bench.figures.add("video-cpu-ratio", at(row), cost.all() / one);
        }
    }
    for (const Row& row : kRows) {
        const auto cell = [&](const char* what, int digits) {
            return with_range(bench.figures.of(what, at(row)), digits);
        };
        const bool shares = row.measure == shared;
        table.row({size.name(), std::to_string(row.programs) + " " + row.words, cell("video-cpu-percent", 1),
                   cell("video-cpu-ratio", 2), shares ? cell("video-source-cpu-percent", 2) : "–",
                   shares ? cell("video-daemon-cpu-percent", 2) : "–",
                   cell("video-programs-cpu-percent", 2)});
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
    Table table(
        "Programs on one video (Motion JPEG, 10 pictures/s), CPU time in % of a core (repetitions: " +
            std::to_string(bench.extent.decoding_repetitions) + ")",
        {"video", "programs", "all", "× one that decodes", "its source", "its daemon", "the programs"});
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
