#include "screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "text.h"

namespace camtap::tools {
namespace {

constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";  // alternate screen, no cursor
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";

void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

winsize terminal_size() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_col = 80;
        size.ws_row = 24;
    }
    return size;
}

}  // namespace

Screen::Screen() {
    enter();
}
Screen::~Screen() {
    leave();
}

void Screen::enter() {
    has_keys_ = isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before_) == 0;
    if (has_keys_) {
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ISIG stays: ^C and ^Z are signals
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    put(kEnter);
}

void Screen::leave() {
    put(kLeave);
    if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

void Screen::draw(const std::vector<std::string>& lines) {
    const winsize size = terminal_size();
    std::string out = "\x1b[H";
    const size_t rows = std::min<size_t>(lines.size(), size.ws_row);
    for (size_t i = 0; i < rows; ++i) {
        const bool more = i + 1 == rows && rows < lines.size();
        const std::string line = more ? "... " + std::to_string(lines.size() - i) + " more lines" : lines[i];
        out +=
            cut(line, size.ws_col - 1U) + "\x1b[K";  // a full line would leave the cursor on its last column
        if (i + 1 < rows) out += "\r\n";
    }
    put(out + "\x1b[J");
}

bool Screen::key_says_leave() const {
    char key = 0;
    return has_keys_ && read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q');
}

bool Screen::wait_until(std::chrono::steady_clock::time_point deadline, StopSignals& signals) {
    while (!signals.stop_requested()) {
        if (signals.pause_requested()) {
            leave();
            pause_process();
            enter();
            return true;  // draws again
        }
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) return true;
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        pollfd news[2] = {{signals.fd(), POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
        poll(news, 2, static_cast<int>(std::min<int64_t>(ms, 60'000)));
        if ((news[1].revents & POLLIN) != 0 && key_says_leave()) return false;
        if ((news[1].revents & (POLLHUP | POLLERR)) != 0) return false;  // the terminal is gone
    }
    return false;
}

}  // namespace camtap::tools
