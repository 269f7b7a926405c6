#include "tests/fuzz/broker_in_process.h"

#include <spdlog/sinks/null_sink.h>
#include <stdlib.h>

#include <filesystem>

#include "daemon/memory_reserve.h"

namespace camtap::fuzz {
namespace {

namespace fs = std::filesystem;

// What is dear to make anew, and keeps nothing of an execution.
struct Place {
    Place() {
        CAMTAP_CHECK(MemoryReserve::set_up());
        spdlog::set_default_logger(spdlog::null_logger_mt("camtapd"));  // formats every line, and shows none
        std::string pattern = fs::temp_directory_path() / "camtap-fuzz-XXXXXX";
        CAMTAP_CHECK(mkdtemp(pattern.data()) != nullptr);
        directory = pattern;
        listen.emplace(std::move(*ListenSocket::open(directory + "/camtap.sock")));
    }
    ~Place() {
        listen.reset();
        std::error_code ignored;
        fs::remove_all(directory, ignored);
    }
    std::string directory;
    std::optional<ListenSocket> listen;
};

Place& place() {
    static Place one;
    return one;
}

}  // namespace

BrokerInProcess::BrokerInProcess(const DaemonConfig& config, const std::vector<StreamConfig>& streams)
    : loop_(std::move(*EventLoop::create())),
      context_{.loop = loop_,
               .config = config,
               // where nothing can be kept, so that the next execution knows nothing of this one
               .sequences = std::move(*SequenceStore::open(place().directory + "/missing/sequences")),
               .instance = 1,
               .source_program = "/nonexistent/camtap-source"} {
    broker_.emplace(context_, *place().listen,
                    Broker::Hooks{.reload_wanted = [this](uint64_t session) { waiting_.push_back(session); },
                                  .status_changed = [] {}});
    CAMTAP_CHECK(broker_->start(streams).ok());
}

BrokerInProcess::~BrokerInProcess() {
    broker_.reset();
    CAMTAP_CHECK(context_.segment_bytes == 0);
}

const std::string& BrokerInProcess::socket_path() {
    return place().listen->path();
}

void BrokerInProcess::run(std::function<bool()> turn) {
    turn_ = std::move(turn);
    const auto on_idle = [](sd_event_source*, void* userdata) noexcept {
        auto& self = *static_cast<BrokerInProcess*>(userdata);
        if (!self.turn_()) self.loop_.stop();
        return 0;
    };
    sd_event_source* idle = nullptr;
    CAMTAP_CHECK(sd_event_add_defer(loop_.get(), &idle, on_idle, this) >= 0);
    CAMTAP_CHECK(sd_event_source_set_priority(idle, SD_EVENT_PRIORITY_IDLE) >= 0);
    CAMTAP_CHECK(sd_event_source_set_enabled(idle, SD_EVENT_ON) >= 0);
    CAMTAP_CHECK(loop_.run().ok());
    sd_event_source_disable_unref(idle);
}

}  // namespace camtap::fuzz
