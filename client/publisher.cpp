#include "client/publisher.h"

#include <algorithm>
#include <new>

#include "client/fetch_ahead.h"
#include "client/greeting.h"
#include "client/image.h"
#include "client/text.h"

namespace camtap::client {
namespace {

constexpr int64_t kAnswerTime = 5 * kNsPerSecond;

// How often it looks whether the daemon has hung up, where it awaits nothing from it. To look costs as much as all else
// that is done for a frame, but for waking its readers.
constexpr int64_t kListenInterval = 100 * kNsPerMs;

// So few numbers left, and it is time to ask for more: at a thousand frames a second, two seconds before.
constexpr uint64_t kFewNumbers = 2048;

bool is_waited_out_at_open(Code code) {
    return code == Code::no_daemon || code == Code::unknown_stream || code == Code::timeout ||
           code == Code::protocol;
}

// The daemon may not have noticed yet that our own connection before this one is gone.
bool is_waited_out_later(Code code) {
    return is_waited_out_at_open(code) || code == Code::busy;
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::open(const std::string& stream, PublisherSettings settings) {
    if (Status name = check_stream_name(stream); !name.ok()) return name.error();
    if (settings.stock < 1 || settings.stock > layout::kMaxStock) {
        return Error{Code::invalid, 0,
                     "a publisher's stock is 1 … " + std::to_string(layout::kMaxStock) + " slots"};
    }
    const Result<ProcessMark> mark = ProcessMark::current();
    if (!mark.ok()) return mark.error();
    const int64_t timeout_ns = settings.attach_timeout_ns;
    std::unique_ptr<Publisher> publisher(new Publisher(*mark, stream, std::move(settings)));
    if (Status attached = publisher->attach(timeout_ns); !attached.ok()) return attached.error();
    return publisher;
}

Publisher::Publisher(ProcessMark mark, const std::string& stream, PublisherSettings settings)
    : mark_(mark),
      link_(std::move(settings.socket_path), stream, settings.stock, std::move(settings.connection)),
      stream_(stream),
      stock_(settings.stock),
      seats_(mark) {}

Status Publisher::attach(int64_t timeout_ns) {
    const Deadline deadline(timeout_ns == 0 ? kAnswerTime : timeout_ns);
    for (;;) {
        take_messages();
        if (link_.ready()) return Done{};
        const bool final =
            timeout_ns == 0 || !link_.reconnects() || !is_waited_out_at_open(link_.fault().code);
        if (link_.detached() && (final || deadline.passed())) return link_.fault();
        if (deadline.passed())
            return Error{Code::timeout, 0, "camtapd doesn't answer about '" + stream_ + "'"};
        link_.wait(deadline.at_ns());
    }
}

// ---- what the daemon says ----

// With nothing to be heard from the daemon but that it has gone, seldom.
void Publisher::listen_now_and_then() {
    const bool awaits_nothing = link_.ready() && segment_ && !needing_ && !asking_;
    if (awaits_nothing && coarse_monotonic_ns() - listened_at_ns_ < kListenInterval) return;
    take_messages();
}

void Publisher::take_messages() {
    listened_at_ns_ = coarse_monotonic_ns();
    try {
        notice_session();
        // An answer is all that is waited for, and a later call hears what comes after it. A hang-up, too: frames
        // published before that reach those who have this generation.
        bool answered = false;
        while (Datagram* datagram = answered ? nullptr : link_.receive_next()) {
            notice_session();
            answered = needing_ || asking_;
            take_message(*datagram);
        }
    } catch (const std::bad_alloc&) {  // a message may be taken in by half: another connection begins anew
        link_.lose(Error{Code::no_memory, 0, "out of memory"});
    }
    notice_session();
}

void Publisher::begin_session(uint64_t session) {
    session_ = session;
    needing_ = asking_ = false;
    refused_.reset();
    retire_segment();
    seats_.forget();
    target_ = 0;
    if (session != 0 && report_) send_report();
}

void Publisher::retire_segment() {
    if (!segment_) return;
    if (segment_->held() > 0) retired_.push_back(std::move(segment_));
    segment_.reset();
    counters_ = {};  // the next segment says where to go on
    copies_ = 0;
}

void Publisher::take_message(Datagram& datagram) {
    Status taken = Done{};
    switch (datagram.type()) {
        case wire::Type::segment:
            taken = take_segment(datagram);
            break;
        case wire::Type::seat:
            taken = take_seat(datagram);
            break;
        case wire::Type::refused:
            take_refusal(datagram);
            break;
        default:
            taken = ending(datagram);
    }
    datagram.fd.reset();  // the next message may be long in coming
    if (!taken.ok()) link_.lose(taken.error());
}

Status Publisher::take_segment(Datagram& datagram) {
    wire::Segment message{};
    const Error nonsense{Code::protocol, 0, "camtapd sent a segment that makes no sense"};
    if (!needing_ || asking_ || !datagram.as(message) || !datagram.fd) return nonsense;
    const layout::Geometry geometry = wire::geometry(message.geometry);
    if (!geometry.valid() || geometry.slot_bytes < needed_bytes_ || message.first == 0) return nonsense;
    Result<Mapping> mapping =
        Mapping::map(datagram.fd.get(), geometry.segment_bytes(), Mapping::Access::read_write);
    if (!mapping.ok()) return mapping.error();
    const bool counted_in_it = segment_ != nullptr;  // the daemon has read our counts there
    const layout::Counters since = counted_in_it ? layout::Counters{} : counters_;
    const uint64_t copies_since = counted_in_it ? 0 : copies_;
    retire_segment();
    segment_ = std::make_unique<WritableSegment>(LocalMapping(mark_, std::move(*mapping)), message.generation,
                                                 geometry, message.depth, message.first, message.through);
    counters_ = message.counters;
    counters_.captured += since.captured;
    counters_.source_gap += since.source_gap;
    counters_.decode_error += since.decode_error;
    counters_.no_slot += since.no_slot;
    copies_ = message.copies + copies_since;
    segment_->show(counters_, copies_);
    auto mapped = wire::make<wire::Mapped>();
    mapped.generation = message.generation;
    if (link_.send(mapped) == Sent::yes) ask_for_seats();
    // The answer says that it is open, too: no frame is published where nobody will ever see it
    return asking_ ? Status(Done{}) : Error{Code::no_daemon, 0, "camtapd went away"};
}

Status Publisher::take_seat(const Datagram& datagram) {
    wire::Seat seat{};
    const bool is_answer =
        asking_ && datagram.as(seat) && segment_ && seat.generation == segment_->generation();
    if (!is_answer) return Error{Code::protocol, 0, "camtapd told of a seat that nobody asked for"};
    asking_ = needing_ = false;
    if (Status taken = seats_.take(seat, datagram.fd); !taken.ok()) {
        if (taken.error().code == Code::protocol) return taken;
        refused_ = taken.error();  // and the next acquire asks again
        return Done{};
    }
    segment_->extend_numbers(seat.through);
    if (target_ == 0) target_ = seat.newest;
    if (seats_.known() < target_) {
        send_ask();
    } else {  // what is retired was so before the first question
        segment_->free_unpinned(seats_.pins());
    }
    return Done{};
}

void Publisher::take_refusal(const Datagram& datagram) {
    if (!needing_ && !asking_) return link_.lose(ending(datagram));
    refused_ = ending(datagram);
    needing_ = asking_ = false;
}

// ---- what the caller wants ----

Result<camtap_slot> Publisher::acquire(uint64_t bytes, int64_t timeout_ns) {
    if (!mark_.here()) return forked_error("publisher");
    if (bytes == 0) return Error{Code::invalid, 0, "a frame of 0 bytes can't be published"};
    const Deadline deadline(timeout_ns);
    refused_.reset();
    listen_now_and_then();
    for (bool recycled = false;;) {
        const bool at_once = deadline.passed();
        Result<std::optional<camtap_slot>> slot = try_acquire(bytes, recycled, at_once);
        if (!slot.ok()) return slot.error();
        if (*slot) return **slot;
        if (at_once) return why_not();
        link_.wait(deadline.at_ns());
        take_messages();
    }
}

// Empty: an answer is awaited. `at_once`: rather a slot without memory than waiting for one that has it.
Result<std::optional<camtap_slot>> Publisher::try_acquire(uint64_t bytes, bool& recycled, bool at_once) {
    const std::optional<camtap_slot> later;
    if (!link_.ready()) {
        const bool hopeless = !link_.reconnects() || !is_waited_out_later(link_.fault().code);
        if (link_.detached() && hopeless) return link_.fault();
        return later;
    }
    if (refused_) return *std::exchange(refused_, std::nullopt);
    if (bytes > link_.max_frame_bytes()) {
        return Error{Code::too_big, 0,
                     "a frame of " + std::to_string(bytes) + " bytes; max_frame_bytes of '" + stream_ +
                         "' is " + std::to_string(link_.max_frame_bytes())};
    }
    if (needing_) return later;
    if (!segment_ || bytes > segment_->slot_bytes()) {
        if (segment_ && segment_->held() > 0) {
            return Error{Code::busy, 0,
                         "slots for larger frames are needed; publish or discard those held first"};
        }
        if (!asking_) send_need(bytes);
        return later;
    }
    if (segment_->held() >= stock_) {
        return Error{Code::no_slot, 0, "all " + std::to_string(stock_) + " slots of the stock are held"};
    }
    const bool has_to_ask_on = seats_.known() < target_;  // and couldn't at the time
    if (!asking_ && (!recycled || has_to_ask_on)) recycled = recycle();
    if (segment_->numbers_left() == 0) {
        if (asking_ || !recycled) return later;
        return Error{Code::no_slot, 0, "the numbers that are left are those of the slots that are held"};
    }
    return segment_->take(bytes, asking_ && learning_ && !at_once);
}

// Makes slots free that may be filled again. Where the daemon must be asked first whose pins there are to look at, that
// is done when it has answered; nothing is retired meanwhile. False: it can't be asked now.
bool Publisher::recycle() {
    segment_->retire_old_frames();
    const bool knows_all = !segment_->has_retired() || segment_->newest_seating() == seats_.known();
    if (knows_all) segment_->free_unpinned(seats_.pins());
    if (knows_all && segment_->numbers_left() > kFewNumbers) return true;
    ask_for_seats();
    learning_ = !knows_all;
    return asking_;
}

void Publisher::ask_for_seats() {
    learning_ = false;
    target_ = 0;
    send_ask();
}

Error Publisher::why_not() const {
    if (link_.detached()) return link_.fault();
    return Error{Code::no_slot, 0, "camtapd gave no answer about '" + stream_ + "' within the timeout"};
}

void Publisher::send_need(uint64_t bytes) {
    auto need = wire::make<wire::Need>();
    // the first time exactly what is needed; a stream that grows will grow again
    const uint64_t generous = segment_ ? bytes + bytes / 2 : bytes;
    need.frame_bytes = std::max(bytes, std::min(generous, link_.max_frame_bytes()));
    needed_bytes_ = bytes;
    needing_ = link_.send(need) == Sent::yes;
}

void Publisher::send_ask() {
    auto ask = wire::make<wire::Ask>();
    ask.generation = segment_->generation();
    ask.seating = seats_.known();
    asking_ = link_.send(ask) == Sent::yes;
}

void Publisher::send_report() {
    (void)link_.send(*report_);
}

Status Publisher::report(wire::Activity activity, std::string_view text) {
    if (!mark_.here()) return forked_error("publisher");
    auto message = wire::make<wire::Report>();
    message.activity = activity;
    copy_text(message.message.chars, sizeof message.message.chars, text);
    report_ = message;
    if (!link_.ready()) {
        if (link_.reconnects()) return Done{};  // it is said as soon as there is somebody to say it to
        return link_.fault();
    }
    switch (link_.send(message)) {
        case Sent::yes:
            return Done{};
        case Sent::hang_up:
            return link_.fault();
        case Sent::full:
            break;
    }
    return Error{Code::timeout, 0, "camtapd takes no messages at the moment"};
}

void Publisher::count(camtap_count what, uint64_t n) {
    if (!mark_.here()) return;
    switch (what) {
        case CAMTAP_COUNT_SOURCE_GAP:
            counters_.source_gap += n;
            break;
        case CAMTAP_COUNT_DECODE_ERROR:
            counters_.decode_error += n;
            counters_.captured += n;
            break;
        case CAMTAP_COUNT_NO_SLOT:
            counters_.no_slot += n;
            counters_.captured += n;
            break;
        case CAMTAP_COUNT_COPY:
            copies_ += n;
            break;
    }
    if (segment_) segment_->show(counters_, copies_);
}

// ---- slots that the caller holds ----

WritableSegment* Publisher::holder_of(const camtap_slot& slot) const {
    if (segment_ && segment_->holds(slot)) return segment_.get();
    for (const auto& segment : retired_) {
        if (segment->holds(slot)) return segment.get();
    }
    return nullptr;
}

void Publisher::discard(const camtap_slot& slot) {
    if (!mark_.here()) return;
    WritableSegment* const holder = holder_of(slot);
    if (holder == nullptr) return;
    holder->give_back(slot);
    std::erase_if(retired_, [](const auto& segment) { return segment->held() == 0; });
}

// A slot that is published, though not of the segment.
Error Publisher::lost(const camtap_slot& slot) {
    if (holder_of(slot) == nullptr) return Error{Code::invalid, 0, "this slot isn't held"};
    discard(slot);
    return Error{Code::gone, 0, "the slot belongs to an earlier connection to camtapd; the frame is lost"};
}

void Publisher::describe(const camtap_publish_info& info, uint64_t bytes, layout::FrameRecord& record) const {
    const camtap_image& image = info.image;
    const int64_t now = monotonic_ns();
    record.capture_ns = info.capture_ns != 0 ? info.capture_ns : now;
    record.publish_ns = now;
    record.source_sequence = info.source_sequence;
    record.bytes = bytes;
    record.stride = image.stride;
    record.width = image.width;
    record.height = image.height;
    record.depth = image.depth;
    record.channels = image.channels;
    record.fourcc = image.fourcc;
    record.capture_origin = info.capture_origin;
    record.reserved = 0;
    record.counters = counters_;
}

[[gnu::cold]] static Error not_publishable(std::string_view fault) {
    return Error{Code::invalid, 0, "this image can't be published: " + std::string(fault)};
}

Result<uint64_t> Publisher::publish(const camtap_slot& slot, const camtap_publish_info& info) {
    fetch_ahead(segment_.get(), sizeof *segment_);
    if (!mark_.here()) return forked_error("publisher");
    notice_session();
    if (!segment_ || !segment_->holds(slot)) [[unlikely]]
        return lost(slot);
    uint64_t extent = 0;
    if (const std::string_view fault = rows_fault(info.image, extent); !fault.empty()) [[unlikely]]
        return not_publishable(fault);
    const uint64_t bytes = info.image.bytes != 0 ? info.image.bytes : extent;
    if (const std::string_view fault = size_fault(bytes, extent, segment_->capacity(slot)); !fault.empty())
        [[unlikely]]
        return not_publishable(fault);
    counters_.captured += 1;
    describe(info, bytes, segment_->record(slot));
    const uint64_t sequence = segment_->publish(slot);
    segment_->show(counters_, copies_);  // not before: the readers are woken
    if (segment_->armed()) (void)link_.send(wire::make<wire::Poke>());
    segment_->prepare(bytes);  // now, and not when the next frame is there and somebody waits for it
    return sequence;
}

}  // namespace camtap::client
