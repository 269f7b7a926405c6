// camtap ls: the streams that there are.
#include <camtap/camtap.hpp>
#include <cstdio>
#include <memory>

#include "commands.h"
#include "describe.h"
#include "format.h"
#include "table.h"

namespace camtap::tools {
namespace {

std::string as_json(const std::vector<camtap_stream_info>& streams) {
    JsonWriter json;
    json.begin_array();
    for (const camtap_stream_info& stream : streams) {
        json.begin_object();
        describe_members(json, stream, now_ns());
        json.end();
    }
    return json.end().text() + "\n";
}

std::string as_table(const std::vector<camtap_stream_info>& streams) {
    Table table({{"STREAM"},
                 {"STATE"},
                 {"SOURCE"},
                 {"SIZE"},
                 {"FORMAT"},
                 {"AGE", Align::right},
                 {"TAPS", Align::right},
                 {"REASON"}});
    for (const camtap_stream_info& s : streams) {
        table.add({s.name, camtap_stream_state_name(s.state), s.source, format_size(s.image),
                   format_pixels(s.image),
                   s.image.width == 0 ? kNothing : format_duration(now_ns() - s.newest_capture_ns),
                   std::to_string(s.taps), s.reason});
    }
    return table.text();
}

int list(const Asked& asked, bool wants_json) {
    const std::vector<camtap_stream_info> streams = list_streams(asked.socket);
    if (streams.empty() && !wants_json) complain("the daemon's configuration has no streams");
    const std::string text = wants_json ? as_json(streams) : as_table(streams);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kOk;
}

}  // namespace

void add_ls(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("ls", "list the streams");
    const auto wants_json = std::make_shared<bool>(false);
    sub->add_flag("--json", *wants_json, "an array of objects, one a stream");
    sub->callback(
        [&tool, wants_json] { tool.run = [&tool, wants_json] { return list(tool.asked, *wants_json); }; });
}

}  // namespace camtap::tools
