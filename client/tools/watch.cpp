// camtap watch: one line a frame, and what it came to in the end.
#include <camtap/camtap.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "commands.h"
#include "describe.h"
#include "format.h"
#include "patient_tap.h"
#include "statistics.h"

namespace camtap::tools {
namespace {

struct Options {
    uint64_t frames = 0;  // 0: until told to stop
    double timeout_seconds = -1;
    bool latest = false;
    bool json = false;
};

double ms(double ns) {
    return ns / 1e6;
}

struct Summary {
    uint64_t frames = 0;
    int64_t first_ns = 0;  // arrival
    int64_t last_ns = 0;
    Quantiles ages;
    Spread intervals_ns;

    void add(int64_t arrival_ns, int64_t age_ns) {
        if (frames == 0) {
            first_ns = arrival_ns;
        } else {
            intervals_ns.add(static_cast<double>(arrival_ns - last_ns));
        }
        last_ns = arrival_ns;
        ages.add(age_ns);
        ++frames;
    }

    double rate() const { return intervals_ns.mean() > 0 ? 1e9 / intervals_ns.mean() : 0; }
};

void print_line(const camtap_frame_info& info, int64_t age_ns, int64_t interval_ns, bool is_first) {
    std::printf("%llu  %s %s  age %s  after %s", static_cast<unsigned long long>(info.sequence),
                format_size(info.image).c_str(), format_pixels(info.image).c_str(),
                format_duration(age_ns).c_str(), is_first ? kNothing : format_duration(interval_ns).c_str());
    if (total(info.missed) > 0) std::printf("  missed %s", format_missed(info.missed).c_str());
    std::fputc('\n', stdout);
}

void print_json(const camtap_frame_info& info, int64_t age_ns) {
    JsonWriter json;
    json.begin_object()
        .member("sequence", info.sequence)
        .member("capture_ns", info.capture_ns)
        .member("capture_origin", format_origin(info.capture_origin))
        .member("publish_ns", info.publish_ns)
        .member("age_ms", ms(static_cast<double>(age_ns)))
        .member("width", info.image.width)
        .member("height", info.image.height)
        .member("format", format_pixels(info.image))
        .member("bytes", info.image.bytes);
    json.key("source_sequence");
    info.source_sequence == UINT64_MAX ? json.null() : json.value(info.source_sequence);
    json.key("missed");
    describe(json, info.missed);
    json.end();
    std::printf("%s\n", json.text().c_str());
}

void print_summary(const Summary& s, const camtap_tap_status& status, bool as_json) {
    const auto age = [&](double share) { return s.ages.at(share); };
    if (!as_json) {
        std::printf("%llu frames, %s/s, age p50 %s p99 %s, jitter %s, missed %s\n",
                    static_cast<unsigned long long>(s.frames), format_rate(s.rate()).c_str(),
                    format_duration(age(0.5)).c_str(), format_duration(age(0.99)).c_str(),
                    format_duration(static_cast<int64_t>(s.intervals_ns.deviation())).c_str(),
                    format_missed(status.missed).c_str());
        return;
    }
    JsonWriter json;
    json.begin_object().key("summary").begin_object();
    json.member("frames", s.frames)
        .member("frames_per_second", s.rate())
        .member("age_p50_ms", ms(static_cast<double>(age(0.5))))
        .member("age_p99_ms", ms(static_cast<double>(age(0.99))))
        .member("jitter_ms", ms(s.intervals_ns.deviation()))
        .member("expected", status.expected)
        .member("delivered", status.delivered)
        .key("missed");
    describe(json, status.missed);
    json.end().end();
    std::printf("%s\n", json.text().c_str());
}

int watch(const Asked& asked, const Options& options) {
    PatientTap tap(asked, options.timeout_seconds);
    Summary summary;
    while (options.frames == 0 || summary.frames < options.frames) {
        const std::optional<Frame> frame = options.latest ? tap.latest() : tap.next();
        if (!frame) break;
        const int64_t arrival_ns = now_ns();
        const int64_t age_ns = arrival_ns - frame->info().capture_ns;
        if (options.json) {
            print_json(frame->info(), age_ns);
        } else {
            print_line(frame->info(), age_ns, arrival_ns - summary.last_ns, summary.frames == 0);
        }
        summary.add(arrival_ns, age_ns);
        if (std::fflush(stdout) != 0) return kFailed;
    }
    print_summary(summary, tap.status(), options.json);
    return tap.verdict(asked, summary.frames, options.frames);
}

}  // namespace

void add_watch(CLI::App& app, Tool& tool) {
    CLI::App* sub =
        app.add_subcommand("watch", "print a line for each frame, and a summary at the end or on ^C");
    sub->add_option("name", tool.asked.stream, "the stream")->required();
    const auto options = std::make_shared<Options>();
    sub->add_option("-n", options->frames, "end after so many frames")->check(CLI::PositiveNumber);
    sub->add_flag("--latest", options->latest, "always take the newest frame, skip those between");
    sub->add_option("--timeout", options->timeout_seconds,
                    "give up when no frame has come for so many seconds")
        ->check(CLI::NonNegativeNumber);
    sub->add_flag("--json", options->json, "one object a line; the last one is {\"summary\": ...}");
    sub->callback([&tool, options] { tool.run = [&tool, options] { return watch(tool.asked, *options); }; });
}

}  // namespace camtap::tools
