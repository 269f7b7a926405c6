// camtap-source: reads frames from a directory, a video, a camera or a test pattern, and publishes them as
// one stream.
//
// camtapd starts one process per configured stream (--broker-fd 3). By hand it feeds a stream with source =
// "publisher":
//     camtap-source --stream test pattern --width 1920 --height 1080 --fps 60
// Exit status: 0 the end, or the daemon went away; 1 failed, and said why; 2 bad arguments.
#include <fcntl.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "common/unique_fd.h"
#include "daemon/source/confinement.h"
#include "daemon/source/images.h"
#include "daemon/source/log.h"
#include "daemon/source/options.h"
#include "daemon/source/pattern.h"
#include "daemon/source/publish_loop.h"
#include "daemon/source/redact.h"
#include "daemon/source/spawned.h"
#include "daemon/source/video.h"

namespace {

using namespace camtap;
using namespace camtap::source;

constexpr int64_t kAttachTimeoutNs = 5'000'000'000;

std::unique_ptr<Source> make_source(const Options& options) {
    if (const auto* images = std::get_if<ImagesOptions>(&options.source))
        return std::make_unique<ImagesSource>(*images);
    if (const auto* video = std::get_if<VideoOptions>(&options.source))
        return std::make_unique<VideoSource>(*video);
    return std::make_unique<PatternSource>(std::get<PatternOptions>(options.source));
}

PublisherHandle attach(const std::string& stream, const std::string& socket, int connection) {
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.attach_timeout_ns = kAttachTimeoutNs;
    options.socket_path = socket.empty() ? nullptr : socket.c_str();
    options.connection = connection;
    camtap_publisher* publisher = nullptr;
    if (camtap_publisher_open(stream.c_str(), &options, &publisher) != CAMTAP_OK) {
        spdlog::error("{}", redact(camtap_last_error()));
    }
    return PublisherHandle(publisher);
}

int give_up(camtap_publisher* publisher, const std::string& why) {
    spdlog::error("{}", why);
    if (camtap_publisher_report(publisher, CAMTAP_FAILED, why.c_str()) != CAMTAP_OK)
        spdlog::error("{}", camtap_last_error());
    return static_cast<int>(Outcome::failed);
}

int publish(const Options& options, int connection) {
    log_as(options.stream, connection >= 0);
    // One's own descriptor of the same socket, to see the daemon's hang-up while there is nothing to be
    // published.
    const UniqueFd watched(connection < 0 ? -1 : fcntl(connection, F_DUPFD_CLOEXEC, 0));
    const PublisherHandle publisher = attach(options.stream, options.socket, connection);
    if (!publisher) return static_cast<int>(Outcome::failed);
    LoopOptions loop_options;
    loop_options.max_frame_bytes = options.max_frame_bytes;
    loop_options.sizes_differ = std::holds_alternative<ImagesOptions>(options.source);
    loop_options.spawned = connection >= 0;
    if (options.confined) {
        if (Status confined = confine(options.max_memory); !confined)
            return give_up(publisher.get(), "the source can't be confined: " + confined.error().message);
    }
    const std::unique_ptr<Source> source = make_source(options);
    PublishLoop loop(*source, publisher.get(), Waiter(watched.get()), loop_options);
    return static_cast<int>(loop.run());
}

int refuse(const Error& error) {
    std::fprintf(stderr, "camtap-source: %s\n(--help lists the arguments)\n", redact(error.message).c_str());
    return static_cast<int>(Outcome::bad_arguments);
}

// Orders that make no sense are camtapd's fault or an operator's; either way the stream's reason should say
// so.
int refuse_orders(const std::vector<std::string>& arguments, const Error& error, int connection) {
    const auto name = std::find(arguments.begin(), arguments.end(), "--stream");
    if (name != arguments.end() && name + 1 != arguments.end()) {
        log_as(*(name + 1), true);
        if (const PublisherHandle publisher = attach(*(name + 1), {}, connection)) {
            const std::string text = "bad arguments: " + redact(error.message);
            if (camtap_publisher_report(publisher.get(), CAMTAP_FAILED, text.c_str()) != CAMTAP_OK) {
                spdlog::error("{}", camtap_last_error());
            }
        }
    }
    return refuse(error);
}

int run_spawned(int connection) {
    begin_as_child();
    const Result<std::vector<std::string>> arguments = receive_arguments(connection);
    if (!arguments && arguments.error().code == Code::gone) {
        std::fprintf(stderr, "camtap-source: %s\n", arguments.error().message.c_str());
        return static_cast<int>(Outcome::ended);
    }
    if (!arguments) return refuse(arguments.error());
    const Result<Parsed> parsed = parse_options(*arguments);
    if (!parsed) return refuse_orders(*arguments, parsed.error(), connection);
    if (!parsed->help.empty() || parsed->options.broker_fd >= 0) {
        return refuse_orders(*arguments, Error{Code::invalid, 0, "these are no orders"}, connection);
    }
    return publish(parsed->options, connection);
}

int run(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);  // network libraries write to sockets that the other side closed
    const Result<Parsed> parsed = parse_options({argv + 1, argv + argc});
    if (!parsed) return refuse(parsed.error());
    if (!parsed->help.empty()) {
        std::fputs(parsed->help.c_str(), stdout);
        return static_cast<int>(Outcome::ended);
    }
    if (parsed->options.broker_fd >= 0) return run_spawned(parsed->options.broker_fd);
    return publish(parsed->options, -1);
}

}  // namespace

int main(int argc, char** argv) try {
    say_when_memory_runs_out();
    return run(argc, argv);
} catch (const std::exception& e) {  // out of memory, in the end
    std::fprintf(stderr, "camtap-source: %s\n", e.what());
    return static_cast<int>(Outcome::failed);
}
