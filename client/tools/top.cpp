// camtap top: the streams and their taps, again and again.
#include <unistd.h>

#include <algorithm>
#include <camtap/camtap.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "commands.h"
#include "format.h"
#include "screen.h"
#include "stop_signals.h"
#include "text.h"
#include "top_view.h"

namespace camtap::tools {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kAnswerTimeout{2};

struct Options {
    double interval_seconds = 1;
    uint64_t refreshes = 0;  // 0: until told to stop
    bool once = false;
};

Snapshot take_snapshot(const Asked& asked) {
    Snapshot now;
    now.streams = list_streams(asked.socket, {}, kAnswerTimeout);
    now.taps = list_taps(asked.socket, {}, kAnswerTimeout);
    now.at_ns = now_ns();
    return now;
}

// Keeps the newest two snapshots, and the error if the newest couldn't be had.
class Watcher {
  public:
    explicit Watcher(const Asked& asked) : asked_(asked) {}

    void look() {
        before_ = std::move(now_);
        now_.reset();
        try {
            now_ = take_snapshot(asked_);
            error_.reset();
        } catch (const Error& error) {
            error_ = error;
        }
    }

    const std::optional<Error>& error() const { return error_; }

    std::vector<std::string> lines() const {
        if (now_) return top_view(before_ ? &*before_ : nullptr, *now_);
        const bool is_down = error_->code() == CAMTAP_ERROR_NO_DAEMON;
        return {std::string(is_down ? "no daemon; waiting for it: " : "waiting: ") +
                printable(error_->what())};
    }

  private:
    const Asked& asked_;
    std::optional<Snapshot> before_;
    std::optional<Snapshot> now_;
    std::optional<Error> error_;
};

int show_on_screen(Watcher& watcher, const Options& options, Clock::duration interval) {
    StopSignals signals;
    Screen screen;
    Clock::time_point next = Clock::now();
    for (uint64_t n = 0; options.refreshes == 0 || n <= options.refreshes; ++n) {
        if (n > 0) watcher.look();
        std::vector<std::string> lines = watcher.lines();
        lines.front() += "    (q ends)";
        screen.draw(lines);
        next = std::max(next + interval, Clock::now());
        if (!screen.wait_until(next, signals)) break;
    }
    return kOk;
}

// Without a terminal: one table after the other, from the first one on with rates.
int append_tables(const Asked& asked, Watcher& watcher, const Options& options, Clock::duration interval) {
    StopSignals signals;
    const uint64_t refreshes = options.once ? 1 : options.refreshes;
    Clock::time_point next = Clock::now();
    for (uint64_t n = 0; refreshes == 0 || n < refreshes; ++n) {
        next = std::max(next + interval, Clock::now());
        if (signals.wait_until(next)) return kOk;
        watcher.look();
        if (options.once && watcher.error())
            return fail(asked, watcher.error()->code(), watcher.error()->what());
        if (n > 0) std::fputc('\n', stdout);
        for (const std::string& line : watcher.lines()) std::printf("%s\n", line.c_str());
        if (std::fflush(stdout) != 0) return kFailed;
    }
    return watcher.error() ? exit_code(watcher.error()->code()) : kOk;
}

int top(const Asked& asked, const Options& options) {
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.interval_seconds));
    Watcher watcher(asked);
    watcher.look();
    const bool is_down = watcher.error() && watcher.error()->code() == CAMTAP_ERROR_NO_DAEMON;
    if (watcher.error() && (options.once || !is_down)) {
        return fail(asked, watcher.error()->code(), watcher.error()->what());
    }
    if (!options.once && isatty(STDOUT_FILENO) != 0) return show_on_screen(watcher, options, interval);
    return append_tables(asked, watcher, options, interval);
}

}  // namespace

void add_top(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("top", "show streams and taps with their rates, again and again");
    const auto options = std::make_shared<Options>();
    sub->add_option("--interval", options->interval_seconds, "seconds between two tables")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    sub->add_option("-n", options->refreshes, "end after so many tables")->check(CLI::PositiveNumber);
    sub->add_flag("--once", options->once, "measure for one interval, print one table, end");
    sub->callback([&tool, options] { tool.run = [&tool, options] { return top(tool.asked, *options); }; });
}

}  // namespace camtap::tools
