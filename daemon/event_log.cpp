#include "daemon/event_log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <vector>
// The line in the journal is about a stream, not about a place in our code
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace camtap {
namespace {

// Of the line that is being logged: spdlog has no fields of its own. Per thread, because the reloader logs
// too.
thread_local const EventKind* current_kind = nullptr;
thread_local std::string_view current_stream;

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
        if (!current_stream.empty()) fields.push_back("CAMTAP_STREAM=" + std::string(current_stream));
        if (current_kind != nullptr) {
            fields.push_back(std::string("CAMTAP_EVENT=") + current_kind->name);
            fields.push_back(std::string("MESSAGE_ID=") + current_kind->message_id);
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
    current_kind = kind;
    current_stream = stream;
    spdlog::log(level, "{}", line);
    current_kind = nullptr;
    current_stream = {};
}

void set_up_logging(const std::string& level) {
    std::shared_ptr<spdlog::logger> logger;
    if (stderr_is_the_journal()) {
        logger = std::make_shared<spdlog::logger>("camtapd", std::make_shared<JournalSink>());
    } else {
        unsetenv("JOURNAL_STREAM");  // so that the sources, which inherit both, know it too
        logger = spdlog::stderr_color_mt("camtapd");
        logger->set_pattern("%H:%M:%S.%e camtapd %^%l%$: %v");
    }
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace camtap
