// The commands, each in a file of its own: each adds its subcommand, which leaves in Tool::run what is to be
// done.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "failure.h"

namespace camtap::tools {

struct Tool {
    Asked asked;
    std::function<int()> run;  // returns the exit status; may throw camtap::Error
};

// In the `camtap` program, which links nothing but libcamtap and starts at once.
void add_ls(CLI::App& app, Tool& tool);
void add_info(CLI::App& app, Tool& tool);
void add_top(CLI::App& app, Tool& tool);
void add_watch(CLI::App& app, Tool& tool);
void add_reload(CLI::App& app, Tool& tool);

// In the `camtap-media` program, which links OpenCV with all its codecs and windows; `camtap` becomes it when
// needed.
void add_save(CLI::App& app, Tool& tool);
void add_view(CLI::App& app, Tool& tool);
void add_publish(CLI::App& app, Tool& tool);

// What both programs do: the common options, parsing, running, telling of failure. Returns the exit status.
void add_common_options(CLI::App& app, Tool& tool);
int parse_and_run(CLI::App& app, Tool& tool, int argc, char** argv);

}  // namespace camtap::tools
