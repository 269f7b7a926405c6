// The daemon's side of the wire: strangers connect and say whatever the input wants, write into what they are
// given, and vanish; now and then the configuration changes. Beside them an honest publisher and an honest
// tap of another stream must not notice.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "tests/fuzz/broker_in_process.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/stranger.h"

namespace camtap::fuzz {
namespace {

constexpr size_t kMostStrangers = 6;
constexpr int kMostWaits = 3;
constexpr Seconds kNever{24 * 3600};

DaemonConfig daemon_config(bool hasty) {
    DaemonConfig config;
    config.max_connections = 12;
    config.max_connections_per_user = 10;
    config.max_requests_per_second = hasty ? 10 : 1'000'000;
    config.max_memory = uint64_t{8} << 20;
    config.handshake_timeout = hasty ? Seconds(0.001) : kNever;
    config.restart_delay = config.restart_delay_max = hasty ? Seconds(0.001) : kNever;
    return config;
}

StreamConfig stream_config(const std::string& name, bool hasty) {
    StreamConfig config;
    config.name = name;
    config.source = "publisher";
    config.depth = 2;
    config.max_taps = 2;
    config.max_frame_bytes = uint64_t{1} << 16;
    config.max_memory = uint64_t{1} << 20;
    config.stale_after = config.linger = hasty ? Seconds(0.001) : kNever;
    config.tap_access.everybody = config.publish_access.everybody = true;
    return config;
}

// `variant`: what the operator has changed; 0 at first.
std::vector<StreamConfig> stream_configs(uint8_t variant, bool hasty) {
    std::vector<StreamConfig> streams;
    for (const char* name : {"witness", "a", "b", "c"}) streams.push_back(stream_config(name, hasty));
    streams[0].max_taps = 1;
    StreamConfig& a = streams[1];
    StreamConfig& b = streams[2];
    StreamConfig& c = streams[3];
    c.source = "pattern";
    c.on_demand = (variant & 1) == 0;
    c.source_arguments = {std::string(wire::kMaxMessage, 'x')};  // too much to be sent: it never starts
    if ((variant & 2) != 0) a.max_pins = 3;
    if ((variant & 4) != 0) a.stall_timeout = Seconds(1);
    if ((variant & 8) != 0) b.max_taps = 1;
    if ((variant & 16) != 0) b.source = c.source, b.source_arguments = c.source_arguments;
    if ((variant & 32) != 0) std::swap(a, b);
    if ((variant & 64) != 0) streams.pop_back();
    if ((variant & 128) != 0) streams.erase(streams.begin() + 1);
    return streams;
}

// Two honest clients of a stream of their own. The tap comes early or late, and once again.
class Witness {
  public:
    explicit Witness(bool late) : late_(late), publisher_(BrokerInProcess::socket_path()) {
        publisher_.send(Stranger::hello(wire::Role::publisher, "witness", kStock));
        begin_to_tap();
    }
    // One step after the other, with the daemon's turn in between. False: all is done.
    bool begin() { return step_ < 3 && step(); }
    bool end() { return step_ < 18 && step(); }

  private:
    static constexpr uint32_t kStock = 2;
    static constexpr int kLate = 6;
    static constexpr int kLeaves = 10;

    bool step() {
        publisher_.hear();
        CAMTAP_CHECK(publisher_.connected());
        publish();
        if (step_ == kLeaves) {
            tap_.reset();
            held_.reset();
            newest_.reset();
        } else if (!tap_) {
            begin_to_tap();
        } else if (!late_ || step_ >= kLate) {
            tap_->hear();
            CAMTAP_CHECK(tap_->connected());
            read();
        }
        ++step_;
        return true;
    }

    void publish() {
        if (step_ == 0) {
            auto need = wire::make<wire::Need>();
            need.frame_bytes = 100;
            return publisher_.send(need);
        }
        if (step_ == 1) {
            CAMTAP_CHECK(publisher_.segment() != nullptr);
            auto mapped = wire::make<wire::Mapped>();
            mapped.generation = publisher_.generation();
            return publisher_.send(mapped);
        }
        (void)publisher_.recycle();
        const std::optional<uint32_t> slot = publisher_.publish();
        CAMTAP_CHECK(slot);  // never a frame without one
        CAMTAP_CHECK(slot != held_ && slot != newest_);
    }

    void begin_to_tap() {
        tap_.emplace(BrokerInProcess::socket_path());
        tap_->send(Stranger::hello(wire::Role::tap, "witness", 0));
        seated_ = false;
        synced_ = 0;
    }

    // Keeps the first frame that it gets for ever, and the newest one from one step to the next.
    void read() {
        CAMTAP_CHECK(tap_->page() != nullptr);
        if (!std::exchange(seated_, true)) return tap_->send(wire::make<wire::PageMapped>());
        if (synced_ > 2) {  // when the daemon had been told of a frame
            CAMTAP_CHECK(tap_->state() == wire::StreamState::live);
            CAMTAP_CHECK(tap_->generation() == publisher_.generation());
            if (!held_) CAMTAP_CHECK(held_ = tap_->pin_newest(0));
            CAMTAP_CHECK(newest_ = tap_->pin_newest(1));
        }
        auto sync = wire::make<wire::Sync>();
        sync.generation = tap_->generation();
        tap_->send(sync);
        synced_ = step_;
    }

    const bool late_;
    Stranger publisher_;
    std::optional<Stranger> tap_;
    bool seated_ = false;
    int synced_ = 0;  // at which step
    std::optional<uint32_t> held_;
    std::optional<uint32_t> newest_;
    int step_ = 0;
};

class Street {
  public:
    explicit Street(Input& input)
        : input_(input),
          kind_(input.below(8)),
          hasty_(kind_ == 7),
          broker_(daemon_config(hasty_), stream_configs(0, hasty_)) {}

    void play() {
        if (!hasty_) witness_.emplace(kind_ % 2 == 1);
        broker_.run([this] { return turn(); });
    }

  private:
    // False: that was it.
    bool turn() {
        if (witness_ && witness_->begin()) return true;
        for (const auto& stranger : strangers_) stranger->hear();
        std::erase_if(strangers_, [](const auto& stranger) { return !stranger->connected(); });
        if (!input_.used_up()) {
            act();
            return true;
        }
        return witness_ && witness_->end();
    }

    void act() {
        const uint32_t act = input_.below(16);
        if (act == 0 || strangers_.empty()) return come();
        if (act == 1) return reconfigure();
        if (act == 2) return answer_reload();
        Stranger& stranger = *strangers_[input_.below(static_cast<uint32_t>(strangers_.size()))];
        switch (act) {
            case 3:
                return leave(stranger);
            case 4:
                return say_anything(stranger);
            case 5:
            case 6:
                return write_pins(stranger);
            case 7:
                return scribble(stranger);
            case 8:
                (void)stranger.recycle();
                return;
            case 9:
                (void)stranger.publish();
                return;
            default:
                return speak(stranger);
        }
    }

    void come() {
        if (strangers_.size() == kMostStrangers) return strangers_.clear();
        strangers_.push_back(std::make_unique<Stranger>(BrokerInProcess::socket_path()));
        if (input_.below(8) == 0) return;
        static constexpr const char* kStreams[] = {"a", "b", "c", "witness", "", "A/b", "nowhere"};
        const auto role = static_cast<wire::Role>(input_.about(1 + input_.below(3)));
        const char* const stream = kStreams[input_.below(std::size(kStreams))];
        const uint32_t stock = input_.about(1 + input_.below(4));
        auto hello = Stranger::hello(role, stream, stock);
        say(*strangers_.back(), hello);
    }

    void leave(Stranger& stranger) {
        const uint32_t how = input_.below(4);
        if (how == 3) return stranger.hang_up();
        ::shutdown(stranger.socket(), static_cast<int>(how));
    }

    template <class Message>
    void say(Stranger& stranger, Message message) {
        input_.spoil(&message, sizeof message);
        stranger.send(message, any_descriptor());
    }

    int any_descriptor() {
        static const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
        return input_.below(32) == 31 ? null.get() : -1;
    }

    // What makes sense, for a client of some role.
    void speak(Stranger& stranger) {
        const uint32_t generation = input_.about(stranger.generation());
        switch (input_.below(10)) {
            case 0:
                return say(stranger, wire::make<wire::PageMapped>());
            case 1: {
                auto sync = wire::make<wire::Sync>();
                sync.generation = generation;
                return say(stranger, sync);
            }
            case 2: {
                auto arm = wire::make<wire::Arm>();
                arm.generation = generation;
                arm.sequence = input_.about(stranger.next_sequence());
                return say(stranger, arm);
            }
            case 3: {
                auto need = wire::make<wire::Need>();
                need.frame_bytes = input_.about<uint64_t>(input_.take<uint16_t>());
                return say(stranger, need);
            }
            case 4: {
                auto mapped = wire::make<wire::Mapped>();
                mapped.generation = generation;
                return say(stranger, mapped);
            }
            case 5:
            case 6: {
                auto ask = wire::make<wire::Ask>();
                ask.generation = generation;
                ask.seating = input_.about(stranger.seating());
                return say(stranger, ask);
            }
            case 7:
                return say(stranger, wire::make<wire::Poke>());
            case 8:
                return report(stranger);
            default:
                return ask_about(stranger);
        }
    }

    void report(Stranger& stranger) {
        auto report = wire::make<wire::Report>();
        report.activity = static_cast<wire::Activity>(input_.about(1 + input_.below(5)));
        report.message.set(input_.text(32));
        say(stranger, report);
    }

    void ask_about(Stranger& stranger) {
        auto list = wire::make<wire::ListStreams>();
        list.from = input_.about<uint32_t>(0);
        if (input_.flag()) list.stream.set(input_.flag() ? "a" : "c");
        if (input_.flag()) list.header.type = wire::Type::list_taps;
        if (input_.below(4) == 0) return say(stranger, wire::make<wire::Reload>());
        say(stranger, list);
    }

    void say_anything(Stranger& stranger) {
        alignas(8) std::byte bytes[512] = {};
        const size_t length = input_.take<uint16_t>() % sizeof bytes;
        input_.fill(bytes, std::min<size_t>(length, 8 + input_.take<uint8_t>()));
        const wire::Header header{static_cast<wire::Type>(input_.below(48)), static_cast<uint32_t>(length)};
        if (input_.below(4) != 0 && length >= sizeof header) std::memcpy(bytes, &header, sizeof header);
        stranger.send_bytes(bytes, length, any_descriptor());
    }

    void write_pins(const Stranger& stranger) {
        if (stranger.page() == nullptr) return;
        const uint32_t slot = input_.about(input_.below(16));
        const uint64_t word = uint64_t{input_.about(stranger.generation())} << 32 | (slot + 1);
        stranger.page()->pins[input_.below(layout::kMaxPinWords)].store(input_.about(word));
    }

    // Where the daemon looks, or anywhere before the payload.
    void scribble(Stranger& stranger) {
        if (stranger.segment_to_spoil() == nullptr) return;
        const layout::SegmentView& view = *stranger.segment();
        const uint64_t n = input_.about(stranger.next_sequence());
        const uint32_t slot = input_.below(view.geometry.slot_count);
        switch (input_.below(4)) {
            case 0:
                return view.header().head.store(n);
            case 1:
                return view.index(n).store(input_.about(slot));
            case 2:
                return view.slot(slot).sequence.store(n);
            default: {
                const uint64_t place = input_.take<uint16_t>() % (view.geometry.metadata_bytes() / 8);
                return reinterpret_cast<layout::Word64*>(view.base)[place].store(input_.about(n));
            }
        }
    }

    void reconfigure() {
        if (hasty_ && input_.flag()) {  // time passes instead
            if (waits_++ < kMostWaits) usleep(1200);
            return;
        }
        (void)broker_->reconfigure(stream_configs(input_.take<uint8_t>(), hasty_));
        CAMTAP_CHECK(!broker_->status().empty());
    }

    // Once to everybody who waits for it, wherever they are by now.
    void answer_reload() {
        const auto verdict = wire::make<wire::Verdict>();
        for (const uint64_t session : std::exchange(broker_.waiting(), {}))
            broker_->send_verdict(session, verdict);
    }

    Input& input_;
    const uint32_t kind_;
    const bool hasty_;
    BrokerInProcess broker_;
    std::optional<Witness> witness_;
    std::vector<std::unique_ptr<Stranger>> strangers_;
    int waits_ = 0;
};

// What has been opened and not closed again would be in its way.
int lowest_free_descriptor() {
    return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
}

}  // namespace
}  // namespace camtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
    using namespace camtap::fuzz;
    static bool first = true;
    if (std::exchange(first, false)) {  // opens what stays open
        Input nothing(nullptr, 0);
        Street(nothing).play();
    }
    const int before = lowest_free_descriptor();
    {
        Input input(data, bytes);
        Street(input).play();
    }
    CAMTAP_CHECK(lowest_free_descriptor() == before);
    return 0;
}
