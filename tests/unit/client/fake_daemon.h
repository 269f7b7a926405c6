// A daemon that does what the test says: honest by default, and able to do what no honest daemon does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/seqpacket.h"
#include "tests/unit/client/fake_segment.h"

namespace camtap::test {

// Owns: a socket in a folder of its own, and the thread that serves it. One stream of any name.
// Threads: every member function locks; the test writes to the segments itself.
class FakeDaemon {
  public:
    explicit FakeDaemon(uint64_t instance = 1);
    ~FakeDaemon();
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    const std::string& socket_path() const { return path_; }

    // Everybody is hung up on, and nobody listens, until start().
    void stop();
    void start(uint64_t instance);

    // From now on this is the newest generation. The one before is closed with its last frame.
    std::shared_ptr<FakeSegment> begin_generation(uint32_t number, uint64_t first);
    void set_state(wire::StreamState state, const std::string& reason = {});
    // Every hello is answered so, until take_all().
    void refuse_all(int32_t code, const std::string& message);
    void take_all();
    // To every session that greeted: a dismissal, any bytes.
    void dismiss_all(int32_t code, const std::string& message);
    void send_all(const void* data, size_t bytes, int fd = -1);
    void hang_up_all();

    // Every `synced` is changed by this before it is sent; empty: no more.
    void spoil_synced(std::function<void(wire::Synced&)> spoil);
    uint32_t max_pins = 2;

    // Publishers: the segment made for the last `need`, as the publisher wrote it.
    layout::SegmentView publisher_view();
    wire::Segment publisher_segment();
    void refuse_needs(int32_t code, const std::string& message);
    std::vector<uint64_t> needs();
    uint64_t max_frame_bytes = uint64_t{1} << 20;
    uint64_t numbers_ahead = 10'000;  // that a publisher may use before it asks
    uint32_t slot_count = 64;
    // A tap gets this seat, with pin words on this page (a copy of the descriptor is kept); or leaves it. Publishers
    // have to ask.
    void change_seat(uint32_t seat, const UniqueFd* page);
    // The same after each answer to a publisher.
    void change_seats_at_each_answer(uint32_t seat, const UniqueFd* page);
    // Every `seat` is changed by this before it is sent, or isn't sent (false). Not while the test writes to a segment.
    void answer_seats(std::function<bool(wire::Seat&)> answer);
    // Takes in no message of a client, or all of them again. From any thread, and while a `seat` is changed.
    void listen_to_clients(bool listen);
    int memory_folder = -1;  // an open directory: segments are files there, and no memfds

    // Number of slots that the taps that are connected have pinned.
    size_t pinned();
    // Number of messages of a type that have been received.
    uint64_t count(wire::Type type);
    // Blocks until that many have been received.
    void wait_for(wire::Type type, uint64_t count);
    // Blocks until so many clients are connected.
    void wait_for_clients(size_t count);

  private:
    struct Client {
        UniqueFd socket;
        wire::Role role = wire::Role::control;
        bool greeted = false;
        bool nudged = false;
        std::optional<wire::Arm> armed;
        uint32_t stock = 0;
        UniqueFd page;
    };
    struct SeatChange {
        uint32_t seat;
        std::shared_ptr<const UniqueFd> page;  // nullptr: empty
    };
    void serve();
    void take(Client& client, Datagram& datagram);
    void greet(Client& client, const Datagram& datagram);
    void answer_sync(Client& client, const Datagram& datagram);
    void answer_need(Client& client, const Datagram& datagram);
    void answer_ask(Client& client, const Datagram& datagram);
    void take_in_published();
    static SeatChange make_seat_change(uint32_t seat, const UniqueFd* page);
    void change_seat(const SeatChange& change);
    void nudge(Client& client);
    void interrupt();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string folder_;
    std::string path_;
    UniqueFd listener_;
    UniqueFd interrupt_;
    std::thread thread_;
    bool stopping_ = false;
    std::atomic<bool> listens_{true};
    std::function<void(wire::Synced&)> spoil_synced_;
    std::function<bool(wire::Seat&)> answer_seat_;
    uint64_t instance_ = 0;
    std::vector<std::unique_ptr<Client>> clients_;
    std::shared_ptr<FakeSegment> newest_;
    std::map<uint32_t, uint64_t> closed_;
    wire::StreamState state_ = wire::StreamState::live;
    std::string reason_;
    std::optional<wire::Refused> refuse_hello_;
    std::optional<wire::Refused> refuse_need_;
    std::map<wire::Type, uint64_t> received_;
    std::vector<uint64_t> needs_;
    uint32_t last_generation_ = 0;
    uint64_t next_sequence_ = 1000;
    UniqueFd publisher_memory_;
    std::shared_ptr<Mapping> publisher_mapping_;
    wire::Segment publisher_segment_{};
    layout::Counters publisher_counters_;
    uint64_t accepted_ = 0;
    std::vector<SeatChange> seat_changes_;  // number i + 1
    std::optional<SeatChange> flood_;
};

}  // namespace camtap::test
