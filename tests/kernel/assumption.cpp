// The sentence of the test that runs, told even where the kernel answers with a signal.
#include "assumption.h"

#include <csignal>

namespace camtap::test {
namespace {

std::string current;  // whole before a signal can come: signals come from the lines after CAMTAP_ASSUMES

extern "C" void tell_and_die(int signal) {
    (void)!write(STDERR_FILENO, current.data(), current.size());
    raise(signal);  // SA_RESETHAND: this time it ends the process
}

struct SignalsTold {
    SignalsTold() {
        struct sigaction action {};
        action.sa_handler = tell_and_die;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        for (const int signal : {SIGBUS, SIGSEGV, SIGPIPE, SIGABRT}) sigaction(signal, &action, nullptr);
    }
} signals_told;

}  // namespace

std::string assumption(const char* sentence, const char* where) {
    const std::string text =
        std::string("camtap assumes that ") + sentence + " (relied upon by " + where + ")";
    current = "Failure: a signal, where " + text + "\n";
    return text;
}

}  // namespace camtap::test
