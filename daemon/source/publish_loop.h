// From a source into a stream: the loop that waits, finds slots, counts what is lost, and tells the daemon
// and the log.
#pragma once

#include <camtap/camtap.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/source/log_limit.h"
#include "daemon/source/source.h"
#include "daemon/source/waiter.h"

namespace camtap::source {

struct PublisherCloser {
    void operator()(camtap_publisher* publisher) const { camtap_publisher_close(publisher); }
};
using PublisherHandle = std::unique_ptr<camtap_publisher, PublisherCloser>;

struct LoopOptions {
    uint64_t max_frame_bytes = UINT64_MAX;
    bool sizes_differ = false;  // one frame that is too large says nothing of the next
    bool spawned = false;       // by the daemon: no life without it. Otherwise it is waited for
};

// The exit status of the process.
enum class Outcome : int { ended = 0, failed = 1, bad_arguments = 2 };

// Threads: one. Invariant: it never spins. What can't be done at once is followed by a wait, by the source's
// schedule or its own.
class PublishLoop {
  public:
    PublishLoop(Source& source, camtap_publisher* publisher, const Waiter& waiter, const LoopOptions& options)
        : source_(source), publisher_(publisher), waiter_(waiter), options_(options) {}

    // Until the source ends, fails, or the daemon hangs up. Blocks. Logs and reports everything itself.
    Outcome run();

  private:
    using Exit = std::optional<Outcome>;  // nothing: go on

    Exit step();
    Exit wait(const Next& next);
    Exit publish(uint64_t bytes);
    Exit publish_whole(const camtap_slot& slot, const Frame& frame);
    Exit no_slot(camtap_error error, const std::string& text);
    Exit back_off();
    camtap_error acquire(uint64_t bytes, camtap_slot& slot, std::string& text);
    void decode_error(const std::string& text);
    void note(const std::string& text);
    bool report(camtap_activity activity, const std::string& text);
    Outcome fail(const std::string& text);

    Source& source_;
    camtap_publisher* publisher_;
    Waiter waiter_;
    LoopOptions options_;
    LogLimit limit_;
    camtap_activity activity_ = CAMTAP_OPENING;
    int64_t back_off_ns_ = 0;
    bool had_slot_ = false;
    int64_t sign_of_life_ns_ = 0;
};

}  // namespace camtap::source
