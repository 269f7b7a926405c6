// Prints what sharing frames costs on this machine, by camtap and by others, as Markdown; see
// tests/RESULTS.md. Fails only when something doesn't work, or with --check when a ratio falls behind its
// bound: other programs on the machine disturb every figure.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>

#include "bounds.h"
#include "bystanders.h"
#include "figures_file.h"

namespace camtap::bench {

Extent Extent::quick() {
    Extent e;
    e.sizes = {kFullHd, kUhd};
    e.readers = e.few_readers = {1, 4, 8};
    e.placements = {Placement::across};
    e.crashes_of_all = false;
    e.repetitions = 7;  // fewer, and a slow moment of the machine decides
    e.frames = 15;
    e.flat_out_seconds = 0.1;
    e.silence_seconds = 2;
    e.decoding_seconds = 1;
    e.decoding_repetitions = 1;
    e.by_size_repetitions = 7;
    return e;
}

namespace {

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    }
    return "unknown processor";
}

std::string load() {
    std::string one_minute = "?";
    std::ifstream("/proc/loadavg") >> one_minute;
    return one_minute;
}

void print_machine(Bench& bench) {
    utsname system{};
    uname(&system);
    char date[32];
    const std::time_t now = std::time(nullptr);
    std::strftime(date, sizeof date, "%Y-%m-%d", std::localtime(&now));
    bench.report.say(
        std::string(date) + ", " + system.sysname + " " + system.release + ", " +
        std::to_string(bench.cores.count()) + " × " + processor() + ", load average " + load() +
        " at the start. Each figure is the median of " + std::to_string(bench.extent.repetitions) +
        " repetitions, in brackets the smallest and the largest; all lanes of a column by turns.\n");
    if (!bench.peers.missing().empty()) bench.report.say("\n");
    for (const std::string& missing : bench.peers.missing()) bench.report.say("* " + missing + "\n");
}

struct Measurement {
    const char* name;
    void (*run)(Bench&);
};
constexpr Measurement kMeasurements[] = {
    {"floors", measure_floors},       {"latency", measure_latency}, {"filled", measure_filled},
    {"by-size", measure_by_size},     {"copies", measure_copies},   {"flat-out", measure_flat_out},
    {"idle", measure_idle},           {"attach", measure_attach},   {"crashes", measure_crashes},
    {"isolation", measure_isolation}, {"backing", measure_backing}, {"decoding", measure_decoding},
};
// That no bound speaks of.
constexpr const char* kUnbounded[] = {"floors", "crashes", "isolation", "backing"};

struct Options {
    bool quick = false;
    bool all = false;
    std::vector<std::string> only;
    std::string check;   // the file of bounds that are to be held
    std::string bounds;  // the same file, for its targets
    std::string output = ".";
    uint32_t stock = 3;
};

bool wanted(const Options& options, const std::string& name) {
    if (!options.only.empty())
        return std::find(options.only.begin(), options.only.end(), name) != options.only.end();
    return options.check.empty() ||
           std::find(std::begin(kUnbounded), std::end(kUnbounded), name) == std::end(kUnbounded);
}

void measure(Bench& bench, const Options& options) {
    for (const Measurement& m : kMeasurements) {
        if (!wanted(options, m.name)) continue;
        const Bystanders bystanders;
        try {
            m.run(bench);
        } catch (const std::exception& e) {
            bench.note(std::string(m.name) + " not measured to the end: " + e.what());
        }
        bench.report.say("\n(" + std::string(m.name) + ": meanwhile other programs took " +
                         fixed(bystanders.percent(), 0) + " % of the machine.)\n");
    }
}

// Whether all is well.
bool run(const Options& options) {
    std::filesystem::create_directories(options.output);
    Bench bench(options.all, options.output + "/bench.md");
    bench.stock = options.stock;
    if (options.quick || !options.check.empty()) bench.extent = Extent::quick();
    print_machine(bench);
    measure(bench, options);
    bool all_hold = true;
    if (!options.bounds.empty()) print_targets(bench, load_bounds(options.bounds));
    if (!options.check.empty()) all_hold = check_bounds(bench, load_bounds(options.check));
    if (!bench.notes.empty()) bench.report.say("\nWhat went wrong:\n\n");
    for (const std::string& note : bench.notes) bench.report.say("* " + note + "\n");
    bench.report.say("\nLoad average " + load() + " at the end.\n");
    write_csv(bench, options.output + "/figures.csv");
    write_markdown(bench, options.output + "/figures.md");
    return all_hold;
}

}  // namespace
}  // namespace camtap::bench

int main(int argc, char** argv) {
    using namespace camtap::bench;
    CLI::App app("What sharing frames costs on this machine, by camtap and by others");
    Options options;
    std::vector<std::string> names;
    std::string listed;
    for (const Measurement& m : kMeasurements) {
        names.emplace_back(m.name);
        listed += std::string(listed.empty() ? "" : ", ") + m.name;
    }
    app.add_flag("--quick", options.quick, "Fewer sizes, readers and repetitions: a few minutes");
    app.add_flag("--all", options.all, "Peers too that nobody would take for pictures");
    app.add_option("--only", options.only, "Only these: " + listed)->check(CLI::IsMember(names));
    app.add_option("--stock", options.stock, "Slots that the publisher holds at once")
        ->check(CLI::Range(1, 32));
    app.add_option("--bounds", options.bounds, "Say of this file's targets whether they are met")
        ->check(CLI::ExistingFile);
    app.add_option("--check", options.check, "Be quick, and fail if a bound of this file is broken")
        ->check(CLI::ExistingFile);
    app.add_option("--output", options.output, "Directory for bench.md, figures.md and figures.csv");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(options) ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "camtap_bench: %s\n", e.what());
        return 1;
    }
}
