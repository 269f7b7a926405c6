// Normal failure as a value: either a T, or an Error that says what was tried, on what, and why it failed.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "common/check.h"

namespace camtap {

// The codes are those of the public interface (camtap.h, enum camtap_error), which pins their values.
enum class Code : int {
    ok = 0,
    timeout = -1,           // nothing happened before the deadline
    stale = -2,             // no frame is as young as was asked
    ended = -3,             // the source came to its end and will not start again by itself
    gone = -4,              // the stream was removed from the configuration
    no_daemon = -5,         // nobody listens on the socket
    unknown_stream = -6,    // no such stream is configured
    not_allowed = -7,       // this user may not
    bad_name = -8,          // not a stream name
    version = -9,           // the other side speaks another major version
    limit = -10,            // a configured limit is reached (connections, taps, memory)
    too_many_frames = -11,  // the caller holds as many frames as max_pins allows
    no_memory = -12,        // the kernel refused memory
    invalid = -13,          // an argument makes no sense
    protocol = -14,         // the other side broke the protocol
    system = -15,           // a system call failed for a reason of its own; see errno in the text
    forked = -16,           // this object belongs to the parent process
    too_big = -17,          // larger than max_frame_bytes
    no_slot = -18,          // no slot is to be had at the moment
    busy = -19,             // somebody else has it (a second publisher, slots still held)
    malformed = -20,        // the publisher described a frame that does not fit its slot
};

struct Error {
    Code code = Code::system;
    int system_errno = 0;
    std::string message;
};

// Out of the way of what succeeds, like all that makes an error: where a frame goes, cold code is in the way.
struct DeleteError {
    [[gnu::cold]] void operator()(Error* error) const { std::default_delete<Error>()(error); }
};

inline Error system_error(std::string what, int err) {
    return Error{Code::system, err, std::move(what) + ": " + std::strerror(err)};
}

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as a return
    [[gnu::cold]] Result(Error error)              // NOLINT(google-explicit-constructor)
        : state_(ErrorPtr(new Error(std::move(error)))) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& operator*() {
        CAMTAP_CHECK(ok());
        return *std::get_if<0>(&state_);
    }
    const T& operator*() const {
        CAMTAP_CHECK(ok());
        return *std::get_if<0>(&state_);
    }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }
    [[gnu::cold]] const Error& error() const {
        CAMTAP_CHECK(!ok());
        return **std::get_if<1>(&state_);
    }

  private:
    using ErrorPtr = std::unique_ptr<Error, DeleteError>;
    std::variant<T, ErrorPtr> state_;
};

struct Done {};  // Result<Done>: nothing to return but success
using Status = Result<Done>;

}  // namespace camtap
