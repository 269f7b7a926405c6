// camtap view: a stream in a window.
#include <unistd.h>

#include <array>
#include <camtap/opencv.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <opencv2/highgui.hpp>
#include <optional>

#include "commands.h"
#include "patient_tap.h"
#include "text.h"

namespace camtap::tools {
namespace {

constexpr int kEscape = 27;

bool has_display() {
    for (const char* variable : {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}) {
        const char* value = std::getenv(variable);
        if (value != nullptr && *value != '\0') return true;
    }
    return false;
}

// A window toolkit that can't reach its display doesn't return an error: it aborts the process.
void on_abort(int /*signal*/) {
    static constexpr char kText[] =
        "camtap: opening a window failed: is the display of $DISPLAY there, and may you use it?\n";
    const ssize_t written = write(STDERR_FILENO, kText, sizeof kText - 1);
    _exit(written < 0 ? kFailed : kFailed);
}

bool is_open(const std::string& window) {
    return cv::getWindowProperty(window, cv::WND_PROP_VISIBLE) >= 1;
}

bool key_says_leave() {
    const int key = cv::waitKey(1);
    return key == 'q' || key == kEscape;
}

int show(const Asked& asked, double timeout_seconds) {
    if (!has_display()) {
        complain("there is no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set");
        complain("Without one, 'camtap save' writes the frames into files.");
        return kFailed;
    }
    PatientTap tap(asked, timeout_seconds);
    const std::string window = "camtap: " + asked.stream;
    std::signal(SIGABRT, on_abort);
    cv::namedWindow(window, cv::WINDOW_NORMAL | cv::WINDOW_KEEPRATIO);
    std::signal(SIGABRT, SIG_DFL);
    cv::Mat shown;
    uint64_t frames = 0;
    while (!key_says_leave() && (frames == 0 || is_open(window))) {
        std::optional<Frame> frame = tap.latest([&] { return key_says_leave() || !is_open(window); });
        if (!frame) break;
        if (shown.empty() || frames == 0) cv::resizeWindow(window, mat(*frame).size());
        frame->copy_to(shown);  // the window keeps what it shows longer than the frame is ours
        frame.reset();
        cv::imshow(window, shown);
        ++frames;
    }
    return tap.verdict(asked, frames, 0);
}

int view(const Asked& asked, double timeout_seconds) {
    try {
        return show(asked, timeout_seconds);
    } catch (const cv::Exception& error) {
        complain(std::string("showing the window failed: ") + error.what());
        return kFailed;
    }
}

}  // namespace

void add_view(CLI::App& app, Tool& tool) {
    CLI::App* sub = app.add_subcommand("view", "show a stream in a window; q, Esc or closing it ends");
    sub->add_option("name", tool.asked.stream, "the stream")->required();
    const auto timeout_seconds = std::make_shared<double>(-1);
    sub->add_option("--timeout", *timeout_seconds, "give up when no frame has come for so many seconds")
        ->check(CLI::NonNegativeNumber);
    sub->callback([&tool, timeout_seconds] {
        tool.run = [&tool, timeout_seconds] { return view(tool.asked, *timeout_seconds); };
    });
}

}  // namespace camtap::tools
