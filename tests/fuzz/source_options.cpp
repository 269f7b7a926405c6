// The command line of camtap-source, which is also what the daemon sends it: any words whatsoever are refused
// with a sentence, or accepted, and then everything in them is in range.
#include "daemon/source/options.h"

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/stream_name.h"

namespace camtap::fuzz {
namespace {

using namespace camtap::source;

// The input's lines.
std::vector<std::string> arguments_in(std::string_view text) {
    std::vector<std::string> arguments;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        arguments.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return arguments;
}

bool is_rate(double fps) {
    return std::isfinite(fps) && fps >= 0 && fps <= 100'000;
}

void check(const ImagesOptions& o) {
    CAMTAP_CHECK(is_rate(o.fps) && o.fps > 0 && o.max_pixels > 0 && o.max_file_bytes > 0);
    CAMTAP_CHECK(o.times.empty() || !o.watch);
}
void check(const VideoOptions& o) {
    CAMTAP_CHECK(!o.where.empty() && is_rate(o.fps));
    CAMTAP_CHECK(o.backend >= Backend::any && o.backend <= Backend::v4l2);
    CAMTAP_CHECK(o.realtime >= VideoOptions::Realtime::automatic &&
                 o.realtime <= VideoOptions::Realtime::off);
}
void check(const PatternOptions& o) {
    CAMTAP_CHECK(o.width >= 1 && o.width <= 65535 && o.height >= 1 && o.height <= 65535 && is_rate(o.fps));
    CAMTAP_CHECK(o.format >= PatternFormat::bgr8 && o.format <= PatternFormat::gray16);
}
void check(std::monostate) {
    std::abort();  // a source is needed
}

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    using namespace camtap::fuzz;
    const auto parsed =
        camtap::source::parse_options(arguments_in({reinterpret_cast<const char*>(data), bytes}));
    if (!parsed) {
        CAMTAP_CHECK(parsed.error().code == camtap::Code::invalid && !parsed.error().message.empty());
    } else if (parsed->help.empty() && parsed->options.broker_fd < 0) {
        CAMTAP_CHECK(camtap::stream_name_fault(parsed->options.stream).empty());
        CAMTAP_CHECK(parsed->options.max_frame_bytes > 0);
        std::visit([](const auto& source) { check(source); }, parsed->options.source);
    }
    return 0;
}
