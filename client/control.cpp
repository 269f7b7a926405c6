#include "client/control.h"

#include <errno.h>
#include <poll.h>

#include <memory>

#include "client/greeting.h"
#include "client/text.h"

namespace camtap::client {
namespace {

constexpr uint32_t kMostRecords =
    1 << 20;  // more than any daemon allows: what it says mustn't fill our memory

camtap_stream_info info_of(const wire::StreamRecord& r) {
    camtap_stream_info info{};
    info.size = sizeof info;
    info.state = static_cast<uint32_t>(r.state);
    copy_text(info.name, sizeof info.name, r.name.view());
    copy_text(info.source, sizeof info.source, r.source.view());
    copy_text(info.reason, sizeof info.reason, r.reason.view());
    info.image.size = sizeof info.image;
    info.image.width = r.width;
    info.image.height = r.height;
    info.image.fourcc = r.fourcc;
    info.image.depth = r.depth;
    info.image.channels = r.channels;
    info.image.stride = r.height > 0 ? r.frame_bytes / r.height : 0;
    info.image.bytes = r.frame_bytes;
    info.newest_capture_ns = r.newest_capture_ns;
    info.newest_publish_ns = r.newest_publish_ns;
    info.head = r.head;
    info.published = r.published;
    info.captured = r.counters.captured;
    info.source_gap = r.counters.source_gap;
    info.decode_error = r.counters.decode_error;
    info.no_slot = r.counters.no_slot;
    info.copies = r.copies;
    info.memory_bytes = r.memory_bytes;
    info.segment_bytes = r.segment_bytes;
    info.generation = r.generation;
    info.slots = r.slot_count;
    info.depth = r.depth_frames;
    info.taps = r.taps;
    info.max_taps = r.max_taps;
    info.max_pins = r.max_pins;
    info.restarts = r.restarts;
    info.publisher_uid = r.publisher_uid;
    info.publisher_pid = r.publisher_pid;
    return info;
}

camtap_tap_info info_of(const wire::TapRecord& r) {
    camtap_tap_info info{};
    info.size = sizeof info;
    info.uid = r.uid;
    info.pid = r.pid;
    info.frames_held = r.pins_held;
    copy_text(info.stream, sizeof info.stream, r.stream.view());
    copy_text(info.program, sizeof info.program, r.program.view());
    info.session = r.session;
    info.since_ns = r.since_ns;
    info.delivered = r.delivered;
    info.last_sequence = r.last_sequence;
    info.missed = {r.source_gap, r.decode_error, r.no_slot, r.too_slow, r.skipped, r.restart};
    info.dismissed = r.dismissed;
    return info;
}

}  // namespace

Result<Control> Control::open(const std::string& socket_path, const Deadline& deadline) {
    Result<UniqueFd> socket = connect_to(socket_path);
    if (!socket.ok()) return socket.error();
    Control control(std::move(*socket), deadline, socket_path);
    const auto datagram = std::make_unique<Datagram>();
    if (Status asked = control.ask(hello(wire::Role::control, {}, 0), *datagram); !asked.ok())
        return asked.error();
    wire::Welcome welcome{};
    if (!datagram->as(welcome)) return ending(*datagram);
    if (Status version = check_welcome(welcome); !version.ok()) return version.error();
    return control;
}

Status Control::receive_answer(Datagram& datagram) {
    for (;;) {
        receive(socket_.get(), datagram);
        if (datagram.kind != Datagram::Kind::nothing_yet) break;
        const int64_t left = deadline_.at_ns() - monotonic_ns();
        if (left <= 0) return Error{Code::timeout, 0, "camtapd at " + socket_path_ + " doesn't answer"};
        pollfd entry{socket_.get(), POLLIN, 0};
        const timespec time = to_timespec(left);
        ppoll(&entry, 1, deadline_.at_ns() == Deadline::kNever ? nullptr : &time, nullptr);
    }
    const bool message = datagram.kind == Datagram::Kind::message;
    if (!message || datagram.type() == wire::Type::refused || datagram.type() == wire::Type::dismissed) {
        return ending(datagram);
    }
    return Done{};
}

template <class Request>
Status Control::ask(const Request& request, Datagram& datagram) {
    // one question at a time: the socket's buffer is empty
    if (send_message(socket_.get(), request) == Sent::yes) return receive_answer(datagram);
    receive(socket_.get(), datagram);  // it may have said why it hung up
    return datagram.kind == Datagram::Kind::nothing_yet ? Error{Code::no_daemon, 0, "camtapd went away"}
                                                        : ending(datagram);
}

template <class Request, class Reply, class Record, class Info>
Result<std::vector<Info>> Control::list(const std::string& stream) {
    const auto datagram = std::make_unique<Datagram>();
    const Error nonsense{Code::protocol, 0, "camtapd sent a list that makes no sense"};
    std::vector<Info> infos;
    for (;;) {
        auto request = wire::make<Request>();
        request.from = static_cast<uint32_t>(infos.size());
        request.stream.set(stream);
        if (Status asked = ask(request, *datagram); !asked.ok()) return asked.error();
        Reply reply{};
        if (datagram->type() != Reply::kType || datagram->bytes < sizeof reply) return nonsense;
        std::memcpy(&reply, datagram->data, sizeof reply);
        if (datagram->bytes != sizeof reply + uint64_t{reply.count} * sizeof(Record)) return nonsense;
        for (uint32_t i = 0; i < reply.count; ++i) {
            Record record{};
            std::memcpy(&record, datagram->data + sizeof reply + i * sizeof record, sizeof record);
            infos.push_back(info_of(record));
        }
        if (reply.count == 0 || infos.size() >= reply.total) return infos;
        if (infos.size() >= kMostRecords) return nonsense;
    }
}

Result<std::vector<camtap_stream_info>> Control::list_streams(const std::string& stream) {
    auto infos = list<wire::ListStreams, wire::Streams, wire::StreamRecord, camtap_stream_info>(stream);
    if (infos.ok() && infos->empty() && !stream.empty()) {
        return Error{Code::unknown_stream, 0, "no stream '" + stream + "' is configured"};
    }
    return infos;
}

Result<std::vector<camtap_tap_info>> Control::list_taps(const std::string& stream) {
    return list<wire::ListTaps, wire::Taps, wire::TapRecord, camtap_tap_info>(stream);
}

Result<wire::Verdict> Control::reload() {
    const auto datagram = std::make_unique<Datagram>();
    if (Status asked = ask(wire::make<wire::Reload>(), *datagram); !asked.ok()) return asked.error();
    wire::Verdict verdict{};
    if (!datagram->as(verdict)) return Error{Code::protocol, 0, "camtapd sent no verdict"};
    return verdict;
}

}  // namespace camtap::client
