#include "daemon/source/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>

namespace camtap::source {
namespace {

// "<4>" for a warning: see sd-daemon(3).
class Priority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& to) override {
        static constexpr char kDigit[] = {'7', '7', '6', '4', '3', '2', '6'};  // by spdlog's levels
        const char prefix[] = {'<', kDigit[line.level], '>'};
        to.append(prefix, prefix + sizeof prefix);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }
};

}  // namespace

void log_as(const std::string& stream, bool spawned) {
    auto logger = spdlog::stderr_color_mt("camtap-source");
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    const bool journal = spawned && getenv("JOURNAL_STREAM") != nullptr;  // which has its own times
    formatter->add_flag<Priority>('*').set_pattern((journal ? "%*" : "%H:%M:%S.%e camtap-source %^%l%$: ") +
                                                   stream + ": %v");
    logger->set_formatter(std::move(formatter));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void say_when_memory_runs_out() {
    std::set_terminate([] {
        try {
            if (const std::exception_ptr why = std::current_exception()) std::rethrow_exception(why);
        } catch (const std::bad_alloc&) {
            std::fputs("camtap-source: out of memory\n", stderr);
            _exit(1);
        } catch (...) {  // what it is, a core dump tells
        }
        std::abort();
    });
}

}  // namespace camtap::source
