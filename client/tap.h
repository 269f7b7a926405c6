// A tap: frames of one stream, in order or only the newest, over every restart of source and daemon.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "client/attachment.h"
#include "client/frame.h"
#include "client/ledger.h"
#include "client/timeline.h"

namespace camtap::client {

struct TapSettings {
    std::string socket_path;
    bool start_oldest = false;
    int64_t attach_timeout_ns = 0;
};

// Puts together: Attachment (what the daemon says), Timeline (what can be read), Ledger (what was missed).
// Cost of a frame, when nothing else happens: one futex wait, a pin, an unpin; nothing on the socket. No polling, but
// for a microsecond or two where the last frame was there without a sleep. What lies between a wake and a frame is hot:
// none of it is in the processor's caches after a sleep, so it is little, lies together, and what seldom happens lies
// elsewhere.
// Threads: one at a time. Blocking: open, next and latest, up to their timeout; never the others.
class Tap {
  public:
    static Result<std::unique_ptr<Tap>> open(const std::string& stream, const TapSettings& settings);

    [[gnu::hot]] Result<FramePtr> next(int64_t timeout_ns);
    Result<FramePtr> try_next();
    [[gnu::hot]] Result<FramePtr> latest(int64_t timeout_ns, int64_t max_age_ns);

    Result<int> fd();
    Result<camtap_tap_status> status();

  private:
    // What the caller is after.
    struct Want {
        bool newest = false;
        int64_t max_age_ns = 0;  // ≤ 0: any
    };
    // What a look found; a frame is in `blank_`. Words are made of it only when the caller hears of it: before each sleep
    // they would cost more than the look.
    enum class Found { frame, none, too_old, malformed, no_pin };

    Tap(ProcessMark mark, const std::string& stream, const TapSettings& settings,
        std::shared_ptr<PinsClaimed> pins_claimed);

    Status attach(int64_t timeout_ns);
    [[gnu::hot]] Result<FramePtr> wait_for(const Want& want, int64_t timeout_ns);
    [[gnu::hot]] uint32_t frames_held() const;
    [[gnu::hot]] Status may_take() const;
    Result<FramePtr> take_or_arm(const Want& want);
    [[gnu::hot]] Found look(const Want& want, bool slept = false);
    [[gnu::cold]] Found pass_malformed(std::string_view fault);
    [[gnu::cold]] Found pass_over_too_old();
    [[gnu::hot]] Status may_go_on(Found found) const;
    [[gnu::cold]] Status may_go_on_at_all(Found found) const;
    [[gnu::cold]] Error too_many_frames() const;
    [[gnu::cold]] Error why_none(Found found) const;
    void arm();
    [[gnu::hot]] void prepare_frame();
    [[gnu::hot]] void show_ledger();

    [[gnu::hot]] bool should_refresh(bool slept) const;
    [[gnu::cold]] void refresh();  // for one who sleeps, ten times a second: out of the way of frames
    [[gnu::hot]] void sleep(uint64_t generation_seen, uint32_t wake_seen, int64_t until_ns);
    void await_daemon(int64_t until_ns);
    [[gnu::hot]] uint32_t wake_word() const;
    camtap_tap_state state(std::string& reason) const;

    const ProcessMark mark_;
    const std::string stream_;
    const bool start_oldest_;
    const std::shared_ptr<PinsClaimed> pins_claimed_;
    uint64_t adopted_ = 0;  // the attachment whose session the timeline uses
    uint32_t max_pins_ = 0;
    uint64_t too_old_ = 0;  // the newest frame that was there, and wasn't wanted
    struct {
        uint64_t sequence = 0;
        std::string_view fault;
    } malformed_;  // the last one that was

    // ---- what is asked for each frame lies together: from the attachment's last words to the timeline's first generation

    Attachment attachment_;
    FramePtr blank_;      // the next frame: made, and its pin claimed, before it is waited for
    bool slept_ = false;  // since the last frame
    bool came_without_sleep_ = false;
    uint64_t generations_ = 0;  // that have arrived
    int64_t refresh_at_ = 0;
    int64_t slice_ns_ = 0;
    uint64_t last_sequence_ = 0;
    Ledger ledger_;
    Timeline timeline_;
};

}  // namespace camtap::client
