// camtap-media: those commands of `camtap` that need OpenCV. See main.cpp.
#include "commands.h"

int main(int argc, char** argv) {
    using namespace camtap::tools;
    CLI::App app("The commands of camtap that decode, encode and show pictures.", "camtap");
    Tool tool;
    add_common_options(app, tool);
    add_save(app, tool);
    add_view(app, tool);
    add_publish(app, tool);
    return parse_and_run(app, tool, argc, argv);
}
