#include "daemon/event_log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <system_error>
#include <vector>

#include "daemon/background_sink.h"
// The line in the journal is about a stream, not about a place in our code
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace camtap {
namespace {

int priority(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::critical:
            return LOG_CRIT;
        case spdlog::level::err:
            return LOG_ERR;
        case spdlog::level::warn:
            return LOG_WARNING;
        case spdlog::level::info:
            return LOG_INFO;
        default:
            return LOG_DEBUG;
    }
}

class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
  private:
    void sink_it_(const spdlog::details::log_msg& line) override {
        std::vector<std::string> fields;
        fields.push_back("MESSAGE=" + std::string(line.payload.data(), line.payload.size()));
        fields.push_back("PRIORITY=" + std::to_string(priority(line.level)));
        const LineFields& more = fields_of_this_thread();
        if (!more.stream.empty()) fields.push_back("CAMTAP_STREAM=" + std::string(more.stream));
        if (more.kind != nullptr) {
            fields.push_back(std::string("CAMTAP_EVENT=") + more.kind->name);
            fields.push_back(std::string("MESSAGE_ID=") + more.kind->message_id);
        }
        std::vector<iovec> parts;
        for (std::string& field : fields) parts.push_back({field.data(), field.size()});
        sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
    }
    void flush_() override {}
};

// systemd says in $JOURNAL_STREAM which file that is; a child whose stderr was redirected has the variable
// too.
bool stderr_is_the_journal() {
    const char* stream = getenv("JOURNAL_STREAM");
    struct stat st {};
    return stream != nullptr && fstat(STDERR_FILENO, &st) == 0 &&
           std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino) == stream;
}

}  // namespace

void log_event(spdlog::level::level_enum level, const EventKind* kind, std::string_view stream,
               const std::string& line) {
    fields_of_this_thread() = {kind, stream};
    spdlog::log(level, "{}", line);
    fields_of_this_thread() = {};
}

static std::shared_ptr<spdlog::sinks::sink> in_the_background(std::shared_ptr<spdlog::sinks::sink> sink) {
    try {
        return std::make_shared<BackgroundSink>(sink);
    } catch (const std::system_error&) {  // no thread is to be had: better now and then late than silent
        return sink;
    }
}

void set_up_logging(const std::string& level) {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (stderr_is_the_journal()) {
        sink = std::make_shared<JournalSink>();
    } else {
        unsetenv("JOURNAL_STREAM");  // so that the sources, which inherit both, know it too
        sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    }
    const auto logger = std::make_shared<spdlog::logger>("camtapd", in_the_background(sink));
    logger->set_pattern("%H:%M:%S.%e camtapd %^%l%$: %v");
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(logger);
}

}  // namespace camtap
