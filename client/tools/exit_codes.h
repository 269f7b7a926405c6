// The exit statuses of the camtap command: part of its interface, so numbers never change meaning.
#pragma once

#include <camtap/camtap.h>

namespace camtap::tools {

enum ExitCode : int {
    kOk = 0,
    kFailed = 1,
    kUsage = 2,
    kNoDaemon = 3,
    kUnknownStream = 4,
    kNotAllowed = 5,
    kNoFrame = 6,
    kBadConfiguration = 7,
};

inline constexpr const char* kExitCodesHelp =
    "Exit status:\n"
    "  0  done, or ended by ^C\n"
    "  1  failed; stderr says why\n"
    "  2  wrong usage\n"
    "  3  no daemon answers\n"
    "  4  no such stream\n"
    "  5  not allowed\n"
    "  6  no frame, or fewer than asked for, before the timeout or the end of the recording\n"
    "  7  reload: the configuration has an error; the daemon runs on with the old one\n";

constexpr ExitCode exit_code(camtap_error error) {
    switch (error) {
        case CAMTAP_OK:
            return kOk;
        case CAMTAP_ERROR_BAD_NAME:
            return kUsage;
        case CAMTAP_ERROR_NO_DAEMON:
        case CAMTAP_ERROR_TIMEOUT:  // of an answer; PatientTap looks after those of frames
            return kNoDaemon;
        case CAMTAP_ERROR_UNKNOWN_STREAM:
        case CAMTAP_ERROR_GONE:
            return kUnknownStream;
        case CAMTAP_ERROR_NOT_ALLOWED:
            return kNotAllowed;
        case CAMTAP_ERROR_STALE:
        case CAMTAP_ERROR_ENDED:
            return kNoFrame;
        default:
            return kFailed;
    }
}

}  // namespace camtap::tools
