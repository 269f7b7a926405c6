// A daemon that does what the test says: honest by default, and able to do what no honest daemon does.
#pragma once

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
    int memory_folder = -1;  // an open directory: segments are files there, and no memfds

    // Number of messages of a type that have been received.
    uint64_t count(wire::Type type);
    // Blocks until that many have been received.
    void wait_for(wire::Type type, uint64_t count);

  private:
    struct Client {
        UniqueFd socket;
        wire::Role role = wire::Role::control;
        bool greeted = false;
        bool nudged = false;
        std::optional<wire::Arm> armed;
        uint32_t stock = 0;
        std::vector<uint32_t> granted;  // publisher: slots it holds
        UniqueFd page;
    };
    void serve();
    void take(Client& client, Datagram& datagram);
    void greet(Client& client, const Datagram& datagram);
    void answer_sync(Client& client, const Datagram& datagram);
    void answer_need(Client& client, const Datagram& datagram);
    void grant(Client& client, uint32_t generation);
    void take_in_published(Client& client);
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
    std::function<void(wire::Synced&)> spoil_synced_;
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
    std::vector<uint32_t> visible_;
    std::vector<uint32_t> free_;
};

}  // namespace camtap::test
