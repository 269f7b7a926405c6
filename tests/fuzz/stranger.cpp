#include "tests/fuzz/stranger.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/check.h"
#include "common/pins.h"

namespace camtap::fuzz {

static client::ProcessMark mark() {
    static const client::ProcessMark mark = *client::ProcessMark::current();
    return mark;
}

Stranger::Stranger(const std::string& socket_path) : seats_(mark()) {
    Result<UniqueFd> connection = connect_to(socket_path);
    CAMTAP_CHECK(connection.ok());
    socket_ = std::move(*connection);
}

wire::Hello Stranger::hello(wire::Role role, const std::string& stream, uint32_t stock) {
    auto hello = wire::make<wire::Hello>();
    hello.magic = wire::kHelloMagic;
    hello.major = wire::kMajor;
    hello.minor = wire::kMinor;
    hello.role = role;
    hello.stock = stock;
    hello.stream.set(stream);
    hello.program.set("stranger");
    return hello;
}

void Stranger::send_bytes(const void* data, size_t bytes, int fd) {
    if (!socket_ || camtap::send_bytes(socket_.get(), data, bytes, fd) != Sent::yes) return;
    ++said_;
    wire::Header header{};
    if (bytes >= sizeof header) std::memcpy(&header, data, sizeof header);
    if (header.type == wire::Type::sync || header.type == wire::Type::arm) ++asked_;
    note_question(data, bytes);
}

// A publisher's, in the order in which they are answered.
void Stranger::note_question(const void* data, size_t bytes) {
    wire::Need need{};
    wire::Ask ask{};
    if (wire::parse(data, bytes, need)) questions_.push_back({wire::Type::need, 0, 0});
    if (wire::parse(data, bytes, ask)) questions_.push_back({wire::Type::ask, ask.generation, ask.seating});
}

void Stranger::hear() {
    static Datagram datagram;
    while (socket_) {
        receive(socket_.get(), datagram);
        if (datagram.kind == Datagram::Kind::nothing_yet) return;
        if (datagram.kind == Datagram::Kind::hang_up) return socket_.reset();
        CAMTAP_CHECK(datagram.kind == Datagram::Kind::message);
        take(datagram);
    }
}

void Stranger::take(Datagram& datagram) {
    wire::Nudge nudge{};
    wire::Refused refused{};
    wire::Dismissed dismissed{};
    wire::Verdict verdict{};
    if (datagram.as(nudge)) {
        CAMTAP_CHECK(++nudges_ <= 1 + asked_);
        return;
    }
    if (datagram.as(dismissed) || datagram.as(refused)) {  // may come unasked, once
        CAMTAP_CHECK(refused.message.terminated() && dismissed.message.terminated());
        CAMTAP_CHECK(++heard_ <= said_ + 1);
        if (!questions_.empty()) questions_.pop_front();
        asking_ = false;
        return;
    }
    CAMTAP_CHECK(++heard_ <= said_);
    switch (datagram.type()) {
        case wire::Type::welcome:
            return take_welcome(datagram);
        case wire::Type::synced:
            return take_synced(datagram);
        case wire::Type::segment:
            return take_segment(datagram);
        case wire::Type::seat:
            return take_seat(datagram);
        case wire::Type::streams:
            return take_list(datagram, sizeof(wire::Streams), sizeof(wire::StreamRecord));
        case wire::Type::taps:
            return take_list(datagram, sizeof(wire::Taps), sizeof(wire::TapRecord));
        default:
            CAMTAP_CHECK(datagram.as(verdict) && verdict.message.terminated());
    }
}

void Stranger::take_welcome(const Datagram& datagram) {
    wire::Welcome welcome{};
    CAMTAP_CHECK(datagram.as(welcome) && welcome.major == wire::kMajor);
    CAMTAP_CHECK(static_cast<bool>(datagram.fd) == (welcome.max_pins > 0));
    if (!datagram.fd) return;
    max_pins_ = welcome.max_pins;
    // It may have said that it had mapped it, before it could
    auto page = Mapping::map(datagram.fd.get(), layout::kPage, Mapping::Access::read_write);
    if (page) page_ = std::move(*page);
}

static bool writable(int fd, size_t bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (data != MAP_FAILED) munmap(data, bytes);
    return data != MAP_FAILED;
}

void Stranger::take_synced(const Datagram& datagram) {
    wire::Synced synced{};
    CAMTAP_CHECK(datagram.as(synced) && synced.reason.terminated());
    CAMTAP_CHECK(synced.state >= wire::StreamState::waiting && synced.state <= wire::StreamState::gone);
    state_ = synced.state;
    generation_ = synced.generation;
    if (synced.generation == 0) {
        CAMTAP_CHECK(!datagram.fd);
        return;
    }
    const layout::Geometry geometry = wire::geometry(synced.geometry);
    CAMTAP_CHECK(geometry.valid() && synced.first > 0);
    if (!datagram.fd) return;
    struct stat st {};
    CAMTAP_CHECK(fstat(datagram.fd.get(), &st) == 0);
    CAMTAP_CHECK(static_cast<uint64_t>(st.st_size) == geometry.segment_bytes());
    CAMTAP_CHECK(!writable(datagram.fd.get(), layout::kPage));
    read_only_ =
        std::move(*Mapping::map(datagram.fd.get(), geometry.metadata_bytes(), Mapping::Access::read_only));
    seen_ = {read_only_.data(), geometry};
}

void Stranger::take_segment(const Datagram& datagram) {
    wire::Segment segment{};
    CAMTAP_CHECK(datagram.as(segment) && datagram.fd && segment.generation != 0 && segment.first > 0);
    CAMTAP_CHECK(!questions_.empty() && questions_.front().type == wire::Type::need);
    questions_.pop_front();
    const layout::Geometry geometry = wire::geometry(segment.geometry);
    CAMTAP_CHECK(geometry.valid() && segment.through >= segment.first);
    lied_ = asking_ = false;
    generation_ = segment.generation;
    next_ = segment.first;
    through_ = segment.through;
    pool_.reset();
    // Only header, index and descriptors: no fuzzer looks at pixels here
    auto memory = Mapping::map(datagram.fd.get(), geometry.metadata_bytes(), Mapping::Access::read_write);
    memory_ = memory ? std::move(*memory) : Mapping();  // "mapped" may have been said too early
    view_ = {memory_.data(), geometry};
    if (memory_) pool_.emplace(view_, generation_, next_, segment.depth);
}

void Stranger::take_seat(const Datagram& datagram) {
    wire::Seat seat{};
    CAMTAP_CHECK(datagram.as(seat));
    CAMTAP_CHECK(!questions_.empty() && questions_.front().type == wire::Type::ask);
    const Question question = questions_.front();
    questions_.pop_front();
    CAMTAP_CHECK(seat.generation == question.generation);
    CAMTAP_CHECK(seat.seat < layout::kMaxSlots && seat.words <= layout::kMaxPinWords);
    CAMTAP_CHECK((seat.words > 0) == static_cast<bool>(datagram.fd));
    CAMTAP_CHECK(seat.newest >= std::exchange(newest_seating_, seat.newest));
    if (question.seating < seat.newest) {
        CAMTAP_CHECK(seat.seating > question.seating && seat.seating <= seat.newest);
    } else {
        CAMTAP_CHECK(seat.seating == seat.newest && !datagram.fd);
    }
    if (datagram.fd) {
        struct stat st {};
        CAMTAP_CHECK(fstat(datagram.fd.get(), &st) == 0 && st.st_size == layout::kPage);
        CAMTAP_CHECK(!writable(datagram.fd.get(), layout::kPage));
    }
    if (seat.generation == generation_) {
        if (!lied_ && memory_) CAMTAP_CHECK(seat.newest <= pins::newest_seating(view_.header().seating));
        CAMTAP_CHECK(seat.through >= std::exchange(through_, seat.through));
        if (!lied_) CAMTAP_CHECK(seat.through >= next_);
    }
    // Else the question was a lie, or a second one
    if (question.seating == seats_.known()) CAMTAP_CHECK(seats_.take(seat, datagram.fd).ok());
    if (!asking_) return;
    if (target_ == 0) target_ = seat.newest;
    if (seats_.known() < target_) return send_ask();
    look_at_pins();
}

bool Stranger::recycle() {
    if (!pool_ || asking_) return false;
    pool_->retire_old_frames();
    const bool knows_all = pins::newest_seating(view_.header().seating) == seats_.known();
    if (knows_all) {
        look_at_pins();
    } else {
        target_ = 0;
        asking_ = true;
        send_ask();
    }
    return knows_all;
}

void Stranger::look_at_pins() {
    asking_ = false;
    if (pool_) pool_->free_unpinned(seats_.pins());
}

void Stranger::send_ask() {
    auto ask = wire::make<wire::Ask>();
    ask.generation = generation_;
    ask.seating = seats_.known();
    send(ask);
}

void Stranger::take_list(const Datagram& datagram, size_t head, size_t record) {
    wire::Streams list{};  // both kinds begin in the same way
    std::memcpy(&list, datagram.data, std::min(head, sizeof list));
    CAMTAP_CHECK(list.count <= list.total && datagram.bytes == head + list.count * record);
}

std::optional<uint32_t> Stranger::publish() {
    if (!pool_ || pool_->free().empty() || next_ > through_) return std::nullopt;
    const uint32_t slot = pool_->take(pool_->free().size() - 1);
    CAMTAP_CHECK(pool_->publish(slot) == next_);
    ++next_;
    if (pins::armed(view_.header().armed)) send(wire::make<wire::Poke>());
    return slot;
}

std::optional<uint32_t> Stranger::pin_newest(uint32_t word) {
    if (!read_only_ || page() == nullptr) return std::nullopt;
    const uint64_t n = pins::newest(seen_.header().head);
    const uint32_t slot = seen_.index(n).load();
    if (slot >= seen_.geometry.slot_count) return std::nullopt;
    const uint64_t pin = layout::pin_value(generation_, slot);
    if (!pins::try_pin(page()->pins[word], pin, seen_.slot(slot).sequence, n)) return std::nullopt;
    return slot;
}

}  // namespace camtap::fuzz
