// What the operator changes about a stream: another configuration, its end, its return.
#include "daemon/stream.h"

namespace camtap {

using wire::StreamState;

// What can change under a running source. Everything else ends its run, and begins a new generation.
static bool same_but_for_rights_and_clocks(StreamConfig a, const StreamConfig& b) {
    a.tap_access = b.tap_access;
    a.publish_access = b.publish_access;
    a.stall_timeout = b.stall_timeout;
    a.open_timeout = b.open_timeout;
    a.stale_after = b.stale_after;
    a.linger = b.linger;
    a.on_demand = b.on_demand;
    return a == b;
}

std::vector<Session*> Stream::reconfigure(const StreamConfig& config) {
    // What it has done by now counts before its clocks may be shorter
    if (Status taken = take_in_published(); !taken) publisher_broke_protocol(taken.error());
    const bool keep_running = same_but_for_rights_and_clocks(config_, config);
    config_ = config;
    supervisor_.configure(config_);
    std::vector<Session*> without_rights;
    for (Session* session : taps_) {
        if (!session->tap.dismissed && !session->peer.may(config_.tap_access))
            without_rights.push_back(session);
    }
    if (publisher_ != nullptr && !publisher_->spawned) {
        if (!keep_running || !publisher_->peer.may(config_.publish_access))
            end_publisher("the configuration changed");
    }
    if (!keep_running) {
        begin_anew();
    } else if (!wanted()) {
        linger_if_unwanted();
    } else if (!external() &&
               !supervisor_.is_wanted()) {  // it waits for a tap, or is being ended for want of one
        start();
    }
    schedule_check();
    return without_rights;
}

// With a configuration that a running source, or a frame that is published already, knows nothing of.
void Stream::begin_anew() {
    if (external() || !wanted()) {
        supervisor_.stop();
        if (supervisor_.idle()) start();  // else when it is reaped
    } else {
        supervisor_.restart();
        if (supervisor_.running()) set_state(StreamState::opening, "");
    }
}

void Stream::shut_down() {
    shutting_down_ = true;
    supervisor_.stop();
}

void Stream::remove() {
    set_state(StreamState::gone, "removed from the configuration");
    supervisor_.stop();
    // Before its taps lose their seats, so that it never hears of it: it looks at their pins as long as it lives
    if (publisher_ != nullptr) end_publisher(reason_);
    check_timer_.off();
    linger_timer_.off();
}

void Stream::restore(const StreamConfig& config) {
    config_ = config;
    supervisor_.configure(config_);
    start();
}

}  // namespace camtap
