#include "tests/fuzz/stranger.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/check.h"
#include "common/pins.h"

namespace camtap::fuzz {

Stranger::Stranger(const std::string& socket_path) {
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
        case wire::Type::granted:
            return take_granted(datagram);
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
}

void Stranger::take_segment(const Datagram& datagram) {
    wire::Segment segment{};
    CAMTAP_CHECK(datagram.as(segment) && datagram.fd && segment.generation != 0 && segment.first > 0);
    const layout::Geometry geometry = wire::geometry(segment.geometry);
    CAMTAP_CHECK(geometry.valid());
    granted_.clear();
    lied_ = false;
    generation_ = segment.generation;
    next_ = segment.first;
    // Only header, index and descriptors: no fuzzer looks at pixels here
    auto memory = Mapping::map(datagram.fd.get(), geometry.metadata_bytes(), Mapping::Access::read_write);
    memory_ = memory ? std::move(*memory) : Mapping();  // "mapped" may have been said too early
    view_ = {memory_.data(), geometry};
}

void Stranger::take_granted(const Datagram& datagram) {
    wire::Granted granted{};
    CAMTAP_CHECK(datagram.as(granted) && granted.count <= layout::kMaxStock);
    if (granted.generation != generation_) return;
    for (uint32_t i = 0; i < granted.count; ++i) {
        CAMTAP_CHECK(granted.slots[i] < view_.geometry.slot_count);
        const bool is_new = std::find(granted_.begin(), granted_.end(), granted.slots[i]) == granted_.end();
        CAMTAP_CHECK(is_new || lied_);
        granted_.push_back(granted.slots[i]);
    }
}

void Stranger::take_list(const Datagram& datagram, size_t head, size_t record) {
    wire::Streams list{};  // both kinds begin in the same way
    std::memcpy(&list, datagram.data, std::min(head, sizeof list));
    CAMTAP_CHECK(list.count <= list.total && datagram.bytes == head + list.count * record);
}

bool Stranger::publish() {
    if (!memory_ || granted_.empty()) return false;
    const uint32_t slot = granted_.back();
    granted_.pop_back();
    pins::publish(view_.slot(slot).sequence, view_.index(next_), slot, view_.header().head, next_);
    ++next_;
    return true;
}

}  // namespace camtap::fuzz
