// What the daemon tells its operator: a line for people and, where stderr is the journal, fields for
// programs.
//
// Everything logs through spdlog; what concerns a stream goes through log_event(), so that the journal can be
// asked for it: journalctl CAMTAP_STREAM=front, journalctl MESSAGE_ID=….
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

namespace camtap {

// A kind of event that an operator may want to watch for. The message id is for good: programs search by it.
struct EventKind {
    const char* name;        // CAMTAP_EVENT=
    const char* message_id;  // MESSAGE_ID=
};
namespace event {
inline constexpr EventKind kStreamUp{"stream-up", "a0cfd1f70959466997fd333c35a268b8"};
inline constexpr EventKind kStreamDown{"stream-down", "437d29b9c5bf4eebb6b06808d153e18b"};
inline constexpr EventKind kClientRefused{"client-refused", "f553875add50491e8308655ac7eb337f"};
inline constexpr EventKind kSourceRestarted{"source-restarted", "71d9271c2a4542e99174d2b1826306a2"};
inline constexpr EventKind kReloadFailed{"reload-failed", "bf1ae18a19b94fc89743dd97b20d18ec"};
}  // namespace event

// One line. `kind` may be nullptr and `stream` empty: then it has fewer fields.
void log_event(spdlog::level::level_enum level, const EventKind* kind, std::string_view stream,
               const std::string& line);

// Sends everything to the journal if stderr is connected to it, else to stderr with times and colours.
void set_up_logging(const std::string& level);

}  // namespace camtap
