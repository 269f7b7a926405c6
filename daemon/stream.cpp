#include "daemon/stream.h"

#include <algorithm>

#include "common/clock.h"
#include "common/pins.h"

namespace camtap {

using wire::StreamState;

static constexpr const char* kNoPublisher = "no program publishes it at the moment";
static constexpr int64_t kNudgeAgainNs = 100 * kNsPerMs;
static constexpr const char* kNobodyTaps = "on demand: nobody taps it at the moment";

Stream::Stream(DaemonContext& context, StreamConfig config, Hooks hooks)
    : context_(context),
      config_(std::move(config)),
      hooks_(std::move(hooks)),
      next_sequence_(context.sequences.first_unused(config_.name)),
      state_(StreamState::waiting),
      supervisor_(
          context, config_.name,
          {.started = [this](UniqueFd connection) { hooks_.source_started(*this, std::move(connection)); },
           .hear_last_words =
               [this] {
                   if (publisher_ != nullptr && publisher_->spawned) hooks_.hear_out(*publisher_);
               },
           .exited = [this](const SourceExit& exit) { on_source_exit(exit); }}) {
    supervisor_.configure(config_);
    if (auto timer = context_.loop.on_timer([this] { check_clocks(); })) check_timer_ = std::move(*timer);
    if (auto timer = context_.loop.on_timer([this] { stop_unwanted(); })) linger_timer_ = std::move(*timer);
}

Stream::~Stream() {
    drop_pending();
    forget_frames();
}

void Stream::start() {
    if (external()) {
        set_state(StreamState::offline, kNoPublisher);
    } else if (!wanted()) {
        set_state(StreamState::waiting, kNobodyTaps);
    } else {
        set_state(StreamState::opening, "");
        supervisor_.start();
    }
    schedule_check();
}

bool Stream::wanted() const {
    return !config_.on_demand || std::any_of(taps_.begin(), taps_.end(),
                                             [](const Session* session) { return !session->tap.dismissed; });
}

void Stream::stop_unwanted() {
    if (wanted() || external()) return;
    supervisor_.stop();
    if (supervisor_.idle() && state_ != StreamState::ended) set_state(StreamState::waiting, kNobodyTaps);
}

void Stream::linger_if_unwanted() {
    if (external() || state_ == StreamState::gone || wanted()) return;
    linger_timer_.fire_at(monotonic_ns() + to_ns(config_.linger));
}

// A tap has come. One that only goes on waiting when another leaves has a recording begin again for nobody.
void Stream::open_on_demand() {
    if (external() || !config_.on_demand || state_ == StreamState::gone || shutting_down_) return;
    linger_timer_.off();
    if (supervisor_.running()) return;
    if (state_ == StreamState::waiting || state_ == StreamState::ended) set_state(StreamState::opening, "");
    supervisor_.start();
    schedule_check();
}

const char* stream_state_name(StreamState state) {
    static constexpr const char* kNames[] = {"?",       "waiting",    "opening", "live", "stale",
                                             "offline", "restarting", "ended",   "gone"};
    const auto i = static_cast<size_t>(state);
    return i < std::size(kNames) ? kNames[i] : kNames[0];
}

// ---- state

void Stream::set_state(StreamState state, std::string reason) {
    if (state == state_ && reason == reason_) return;
    if (state != state_) {
        const bool was_up = state_ == StreamState::live || state_ == StreamState::stale;
        const bool is_up = state == StreamState::live || state == StreamState::stale;
        // that nobody has published yet is no failure
        const bool is_offline = state == StreamState::offline && (was_up || !external());
        log_limit_.log(
            is_offline ? spdlog::level::warn : spdlog::level::info,
            is_up && !was_up                   ? &event::kStreamUp
            : (was_up && !is_up) || is_offline ? &event::kStreamDown
                                               : nullptr,
            name(),
            fmt::format("{}: {}{}{}", name(), stream_state_name(state), reason.empty() ? "" : ": ", reason));
    }
    state_ = state;
    reason_ = std::move(reason);
    if (state_ != StreamState::live) ask_to_be_told();
    tell_change();
    hooks_.state_changed();
}

// Of the next frame: it makes the stream live, or a tap waits for it in an event loop, or its connection is over.
void Stream::ask_to_be_told() {
    if (generation_ && !generation_closed_) pins::ask_to_be_told(generation_->header().armed);
}

void Stream::tell_change() {
    ++changes_;
    if (generation_) generation_->announce_change();
    for (Session* session : taps_) nudge(*session);
}

void Stream::on_frames(uint64_t count) {
    published_ += count;
    had_frames_ = true;
    // We look when we have to, which may be long after; what the publisher says is believed as far as it can be
    const int64_t now = monotonic_ns();
    const int64_t said = generation_->newest().publish_ns;
    last_frame_ns_ = said > last_frame_ns_ && said < now ? said : now;
    supervisor_.progress(last_frame_ns_);
    if (state_ != StreamState::live && state_ != StreamState::gone) {
        set_state(StreamState::live, "");
        schedule_check();
    }
    nudge_armed();
}

// Stale, stalled and open clocks: looked at when one may have run out, not at every frame.
void Stream::check_clocks() {
    for (Session* session : taps_) {
        if (session->tap.nudge_owed) nudge(*session);
    }
    if (generation_ && publisher_ != nullptr && !generation_closed_) {
        const layout::SegmentHeader& header = generation_->header();
        const uint64_t signs = header.source_gap.load(std::memory_order_relaxed) +
                               header.decode_error.load(std::memory_order_relaxed) +
                               header.no_slot.load(std::memory_order_relaxed);
        if (signs != signs_of_life_) supervisor_.progress(monotonic_ns());
        signs_of_life_ = signs;
        if (Status taken = take_in_published(); !taken) return publisher_broke_protocol(taken.error());
    }
    const int64_t now = monotonic_ns();
    if (state_ == StreamState::live && now - last_frame_ns_ >= to_ns(config_.stale_after)) {
        set_state(StreamState::stale, idle_reason_.empty() ? "no new frame" : idle_reason_);
        // One may have been published before the publisher could see that we want to be told
        if (Status taken = take_in_published(); !taken) return publisher_broke_protocol(taken.error());
    }
    schedule_check();
}

void Stream::schedule_check() {
    const int64_t now = monotonic_ns();
    int64_t next = supervisor_.check_clocks(now);
    if (state_ == StreamState::live) next = std::min(next, last_frame_ns_ + to_ns(config_.stale_after));
    const auto is_owed = [](const Session* session) { return session->tap.nudge_owed; };
    if (std::any_of(taps_.begin(), taps_.end(), is_owed)) next = std::min(next, now + kNudgeAgainNs);
    if (next == INT64_MAX) {
        check_timer_.off();
    } else {
        check_timer_.fire_at(std::max(next, now + kNsPerMs));
    }
}

void Stream::on_source_exit(const SourceExit& exit) {
    // Its connection may not have hung up yet, and must not be taken for that of the next publisher
    if (publisher_ != nullptr && publisher_->spawned) end_publisher(exit.reason);
    if (exit.stuck) {
        close_generation(false);
        if (state_ != StreamState::gone) set_state(StreamState::offline, exit.reason);
        return;
    }
    if (publisher_ == nullptr) close_generation(true);  // else it was stuck, and somebody else publishes now
    idle_reason_.clear();
    hooks_.source_reaped();
    if (state_ == StreamState::gone || shutting_down_) return;
    if (external()) {
        if (publisher_ == nullptr) set_state(StreamState::offline, kNoPublisher);
    } else if (exit.ended) {
        set_state(StreamState::ended, exit.reason);
    } else if (!wanted()) {
        set_state(StreamState::waiting, kNobodyTaps);
    } else {
        ++restarts_;
        const bool was_up = state_ == StreamState::live || state_ == StreamState::stale;
        set_state(was_up || exit.stopped ? StreamState::restarting : StreamState::offline, exit.reason);
    }
    schedule_check();
}

void Stream::report(wire::Activity activity, const std::string& text) {
    // The last frames come before the last words
    if (Status taken = take_in_published(); !taken) return publisher_broke_protocol(taken.error());
    supervisor_.report(activity, text);
    idle_reason_ = activity == wire::Activity::idle ? text : "";
    if (activity == wire::Activity::idle && state_ != StreamState::live) set_state(StreamState::stale, text);
    if (external()) {
        if (activity == wire::Activity::ended) set_state(StreamState::ended, text);
        if (activity == wire::Activity::failed) set_state(StreamState::offline, text);
        // One may have been published before the publisher could see that we want to be told
        if (Status taken = take_in_published(); !taken) return publisher_broke_protocol(taken.error());
    }
    schedule_check();
}

// ---- taps

Status Stream::admit_tap(const Session& session) const {
    if (!session.peer.may(config_.tap_access)) {
        return Error{Code::not_allowed, 0,
                     fmt::format("user {} may not tap '{}': allowed are {}", session.peer.uid, name(),
                                 config_.tap_access.words)};
    }
    if (taps_.size() >= config_.max_taps) {
        return Error{Code::limit, 0,
                     fmt::format("'{}' has {} taps already (max_taps; see 'camtap info {}')", name(),
                                 taps_.size(), name())};
    }
    return Done{};
}

void Stream::add_tap(Session& session) {
    session.stream = this;
    session.tap.since_ns = monotonic_ns();
    taps_.push_back(&session);
    open_on_demand();
}

void Stream::change_seat(uint32_t seat, const Session* taken_by) {
    seats_[seat] = Seat{taken_by, ++seating_};
    for (Generation* generation : {generation_.get(), pending_.get()}) {
        if (generation != nullptr) generation->note_seating(seating_);
    }
}

void Stream::seat_tap(Session& session) {
    session.tap.mapped = true;
    const auto empty = [](const Seat& seat) { return seat.taken_by == nullptr; };
    const auto found = std::find_if(seats_.begin(), seats_.end(), empty);
    const auto seat = static_cast<uint32_t>(found - seats_.begin());
    if (found == seats_.end()) seats_.push_back({});
    change_seat(seat, &session);
}

void Stream::remove_tap(Session& session) {
    for (uint32_t seat = 0; seat < seats_.size(); ++seat) {
        if (seats_[seat].taken_by == &session) change_seat(seat, nullptr);
    }
    std::erase(taps_, &session);
    session.stream = nullptr;
    disarm_if_nobody_waits();
    linger_if_unwanted();
}

int Stream::sync(Session& session, uint32_t known_generation, wire::Synced& answer) {
    session.tap.nudged = session.tap.nudge_owed = false;
    session.tap.seen_changes = changes_;
    answer.state = state_;
    answer.reason.set(reason_);
    answer.previous_last = wire::kStillOpen;
    const uint32_t current = generation_ ? generation_->plan().number : 0;
    if (known_generation != 0 && (known_generation != current || generation_closed_)) {
        const auto closed = std::find_if(closed_.begin(), closed_.end(),
                                         [&](const Closed& c) { return c.generation == known_generation; });
        answer.previous_last = closed == closed_.end() ? 0 : closed->last;
    }
    if (!generation_) return -1;
    answer.generation = current;
    answer.geometry = wire::fields(generation_->geometry());
    answer.first = generation_->plan().first;
    return known_generation == current ? -1 : generation_->memfd();
}

void Stream::arm(Session& session, const wire::Arm& arm) {
    session.tap.nudged = false;
    session.tap.armed = true;
    session.tap.armed_generation = arm.generation;
    session.tap.armed_sequence = arm.sequence;
    if (session.tap.seen_changes != changes_) return nudge(session);
    if (!generation_) return;
    ask_to_be_told();
    const bool other_generation = generation_->plan().number != arm.generation;
    if (other_generation || pins::newest(generation_->header().head) > arm.sequence) nudge(session);
    disarm_if_nobody_waits();
}

// At most one nudge is on its way to a tap, so one that doesn't read never fills its socket with them.
void Stream::nudge(Session& session) {
    session.tap.armed = false;
    session.tap.nudge_owed = false;
    if (session.tap.nudged || !session.tap.mapped || session.tap.dismissed) return;
    session.tap.nudged = session.send(wire::make<wire::Nudge>());
    session.tap.nudge_owed = !session.tap.nudged;
    if (session.tap.nudge_owed) check_timer_.fire_at(monotonic_ns() + kNudgeAgainNs);
}

void Stream::nudge_armed() {
    for (Session* session : taps_) {
        if (!session->tap.armed) continue;
        const bool other_generation = session->tap.armed_generation != generation_->plan().number;
        if (other_generation || generation_->accepted() > session->tap.armed_sequence) nudge(*session);
    }
    disarm_if_nobody_waits();
}

void Stream::disarm_if_nobody_waits() {
    if (!generation_ || generation_closed_ || state_ != StreamState::live) return;
    const bool waits = std::any_of(taps_.begin(), taps_.end(), [](const Session* s) { return s->tap.armed; });
    if (!waits) generation_->header().armed.store(0, std::memory_order_seq_cst);
}

// ---- publisher

Status Stream::admit_publisher(const Session& session) const {
    if (!session.spawned && !external()) {
        return Error{Code::not_allowed, 0,
                     fmt::format("'{}' has a source of its own (source = \"{}\"); only streams with source = "
                                 "\"publisher\" may be published",
                                 name(), config_.source)};
    }
    if (!session.spawned && !session.peer.may(config_.publish_access)) {
        return Error{Code::not_allowed, 0,
                     fmt::format("user {} may not publish '{}': allowed are {}", session.peer.uid, name(),
                                 config_.publish_access.words)};
    }
    if (publisher_ != nullptr) {
        return Error{Code::busy, 0,
                     fmt::format("'{}' is published by process {} already", name(), publisher_->peer.pid)};
    }
    if (supervisor_.ending()) {
        return Error{Code::busy, 0,
                     fmt::format("'{}' had a source of its own, process {}, which is being ended", name(),
                                 supervisor_.pid())};
    }
    return Done{};
}

void Stream::set_publisher(Session& session) {
    publisher_ = &session;
    session.stream = this;
    if (external()) set_state(had_frames_ ? StreamState::restarting : StreamState::opening, "");
}

void Stream::lose_publisher(const std::string& why) {
    if (publisher_ == nullptr) return;
    const bool spawned = publisher_->spawned;
    publisher_->stream = nullptr;
    publisher_ = nullptr;
    drop_pending();
    if (spawned) return supervisor_.expect_exit();  // its generation is closed when it is reaped
    close_generation(false);
    if (state_ != StreamState::gone && state_ != StreamState::ended) set_state(StreamState::offline, why);
}

void Stream::publisher_broke_protocol(const Error& error) {
    if (publisher_ == nullptr) return;
    const std::string reason = "its publisher broke the protocol: " + error.message;
    log_limit_.log(spdlog::level::warn, nullptr, name(), name() + ": " + reason);
    if (publisher_->spawned) supervisor_.fail(reason);
    end_publisher(reason);
}

void Stream::end_publisher(const std::string& why) {
    Session* publisher = publisher_;
    lose_publisher(why);
    hooks_.end_session(*publisher);
}

Status Stream::take_in_published() {
    if (!generation_ || generation_closed_) return Done{};
    const uint64_t before = generation_->accepted();
    Status status = generation_->accept();
    const uint64_t count = generation_->accepted() - before;
    if (count > 0) on_frames(count);
    return status;
}

Result<int> Stream::ask(const wire::Ask& question, wire::Seat& answer) {
    if (!generation_ || generation_closed_ || generation_->plan().number != question.generation) {
        return Error{Code::protocol, 0, "it asked about a generation that isn't its own"};
    }
    if (Status taken = take_in_published(); !taken) return taken.error();
    const Result<uint64_t> through = reserve_numbers(generation_->accepted());
    if (!through) return through.error();
    generation_->extend_numbers(*through);
    answer.generation = question.generation;
    answer.through = *through;
    answer.newest = answer.seating = seating_;
    const Seat* next = nullptr;
    for (const Seat& seat : seats_) {
        const bool is_news = seat.changed > question.seating;
        if (is_news && (next == nullptr || seat.changed < next->changed)) next = &seat;
    }
    if (next == nullptr) return -1;
    answer.seating = next->changed;
    answer.seat = static_cast<uint32_t>(next - seats_.data());
    if (next->taken_by == nullptr) return -1;
    answer.words = next->taken_by->tap.max_pins;
    return next->taken_by->tap.page_fd.get();
}

}  // namespace camtap
