// Prints what sharing frames costs on this machine, as Markdown; see tests/RESULTS.md. Promises nothing and
// fails only when something doesn't work: other programs on the machine disturb every figure.
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "measurements.h"

namespace camtap::bench {
namespace {

std::string configuration() {
    std::ostringstream text;
    const auto stream = [&](const std::string& name, int depth) {
        text << "[[stream]]\nname = \"" << name
             << "\"\nsource = \"publisher\"\nmax_taps = 10\ndepth = " << depth << "\n";
    };
    for (const char* name : {"vga", "fullhd", "uhd", "flat"}) stream(name, 4);
    for (const int depth : {1, 4}) {
        for (const int readers : {1, 8})
            stream("memory-" + std::to_string(depth) + "-" + std::to_string(readers), depth);
    }
    return text.str();
}

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

void print_machine(const Cores& cores) {
    utsname system{};
    uname(&system);
    char date[32];
    const std::time_t now = std::time(nullptr);
    std::strftime(date, sizeof date, "%Y-%m-%d", std::localtime(&now));
    std::printf("%s, %s %s, %zu × %s, load average %s at the start.\n", date, system.sysname, system.release,
                cores.count(), processor().c_str(), load().c_str());
    std::printf("Each figure is the median of the repetitions, in brackets the smallest and the largest.\n");
}

struct Measurement {
    const char* name;
    void (*run)(const Bench&);
};
constexpr Measurement kMeasurements[] = {{"latency", measure_latency}, {"cpu", measure_cpu},
                                         {"silence", measure_silence}, {"isolation", measure_isolation},
                                         {"memory", measure_memory},   {"flat-out", measure_flat_out}};

}  // namespace
}  // namespace camtap::bench

int main(int argc, char** argv) {
    using namespace camtap::bench;
    CLI::App app("What sharing frames costs on this machine");
    bool quick = false;
    std::vector<std::string> only;
    std::vector<std::string> names;
    for (const Measurement& m : kMeasurements) names.emplace_back(m.name);
    app.add_flag("--quick", quick, "A tenth of the repetitions: 20 seconds instead of 3 minutes");
    app.add_option("--only", only, "Only these: latency, cpu, silence, isolation, memory, flat-out")
        ->check(CLI::IsMember(names));
    uint32_t stock = 3;
    app.add_option("--stock", stock, "Slots that the publisher holds at once")->check(CLI::Range(1, 32));
    CLI11_PARSE(app, argc, argv);
    try {
        const camtap::test::Daemon daemon(configuration());
        Bench bench{daemon};
        bench.stock = stock;
        if (quick) bench.shorten();
        print_machine(bench.cores);
        for (const Measurement& m : kMeasurements) {
            const bool wanted = only.empty() || std::count(only.begin(), only.end(), m.name) > 0;
            if (wanted) m.run(bench);
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "camtap_bench: %s\n", e.what());
        return 1;
    }
    return 0;
}
