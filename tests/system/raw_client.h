// A client that says whatever a test wants it to say.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <string>

#include "common/pins.h"
#include "common/sealed_memory.h"
#include "common/seqpacket.h"
#include "common/wire.h"

namespace camtap::test {

class RawClient {
  public:
    explicit RawClient(const std::string& path) {
        auto socket = connect_to(path);
        EXPECT_TRUE(socket.ok()) << (socket.ok() ? "" : socket.error().message);
        if (socket) socket_ = std::move(*socket);
    }
    int fd() const { return socket_.get(); }
    void hang_up() { socket_.reset(); }

    template <class Message>
    Sent send(const Message& message, int fd = -1) {
        return send_message(socket_.get(), message, fd);
    }
    Sent send_raw(const std::string& bytes) { return send_bytes(socket_.get(), bytes.data(), bytes.size()); }

    // Waits for the next message or the hang-up.
    Datagram& next() {
        pollfd readable{socket_.get(), POLLIN, 0};
        if (poll(&readable, 1, 20'000) != 1) {
            ADD_FAILURE() << "the daemon said nothing";
            datagram_->kind = Datagram::Kind::nothing_yet;
            return *datagram_;
        }
        receive(socket_.get(), *datagram_);
        return *datagram_;
    }
    template <class Message>
    Message expect() {
        Message message{};
        EXPECT_EQ(next().kind, Datagram::Kind::message);
        EXPECT_TRUE(datagram_->as(message))
            << "got a message of type " << static_cast<int>(datagram_->type());
        return message;
    }
    // Refused or dismissed with words, then or instead the hang-up. The words.
    std::string expect_refusal(Code code) {
        next();
        if (datagram_->kind == Datagram::Kind::hang_up) return "hang-up without a word";
        wire::Refused refused{};
        EXPECT_TRUE(datagram_->as(refused)) << "type " << static_cast<int>(datagram_->type());
        EXPECT_EQ(refused.code, static_cast<int>(code)) << refused.message.view();
        EXPECT_EQ(next().kind, Datagram::Kind::hang_up);
        return std::string(refused.message.view());
    }
    const Datagram& last() const { return *datagram_; }
    wire::Type datagram_type() const { return datagram_->type(); }
    UniqueFd take_fd() { return std::move(datagram_->fd); }

    static wire::Hello hello(wire::Role role, const std::string& stream = "", uint32_t stock = 0) {
        auto hello = wire::make<wire::Hello>();
        hello.magic = wire::kHelloMagic;
        hello.major = wire::kMajor;
        hello.minor = wire::kMinor;
        hello.role = role;
        hello.stock = stock;
        hello.stream.set(stream);
        hello.program.set("test");
        return hello;
    }

  private:
    UniqueFd socket_;
    std::unique_ptr<Datagram> datagram_ = std::make_unique<Datagram>();
};

// A tap up to where it may sync.
struct RawTap : RawClient {
    explicit RawTap(const std::string& path, const std::string& stream = "test") : RawClient(path) {
        send(hello(wire::Role::tap, stream));
        const auto welcome = expect<wire::Welcome>();
        page_fd = take_fd();
        auto mapping = Mapping::map(page_fd.get(), layout::kPage, Mapping::Access::read_write);
        EXPECT_TRUE(mapping.ok());
        page = std::move(*mapping);
        max_pins = welcome.max_pins;
        send(wire::make<wire::PageMapped>());
    }
    wire::Synced sync(uint32_t generation = 0) {
        auto sync = wire::make<wire::Sync>();
        sync.generation = generation;
        send(sync);
        next_but_nudges();
        wire::Synced synced{};
        EXPECT_TRUE(last().as(synced));
        segment_fd = take_fd();
        return synced;
    }
    void expect_hang_up() { EXPECT_EQ(next_but_nudges().kind, Datagram::Kind::hang_up); }
    // A tap may be nudged at any time: its stream changes its state.
    const Datagram& next_but_nudges() {
        while (next().kind == Datagram::Kind::message && datagram_type() == wire::Type::nudge) {
        }
        return last();
    }
    layout::PinPage& pins() const { return *reinterpret_cast<layout::PinPage*>(page.data()); }

    UniqueFd page_fd;
    UniqueFd segment_fd;
    Mapping page;
    uint32_t max_pins = 0;
};

// A publisher that has its segment mapped. It fills all slots by turns, and looks at nobody's pins.
struct RawPublisher : RawClient {
    explicit RawPublisher(const std::string& path, uint32_t stock = 2, uint64_t bytes = 64,
                          const std::string& stream = "test")
        : RawClient(path) {
        send(hello(wire::Role::publisher, stream, stock));
        expect<wire::Welcome>();
        begin(bytes);
    }
    // Another generation, for frames of `bytes`.
    void begin(uint64_t bytes) {
        auto need = wire::make<wire::Need>();
        need.frame_bytes = bytes;
        send(need);
        segment = expect<wire::Segment>();
        memfd = take_fd();
        const auto geometry = wire::geometry(segment.geometry);
        auto mapping = Mapping::map(memfd.get(), geometry.segment_bytes(), Mapping::Access::read_write);
        EXPECT_TRUE(mapping.ok());
        memory = std::move(*mapping);
        view = {memory.data(), geometry};
        next_sequence = segment.first;
        say_mapped(segment.generation);
        ask();  // answered when it is open
        expect<wire::Seat>();
    }
    void say_mapped(uint32_t generation) {
        auto mapped = wire::make<wire::Mapped>();
        mapped.generation = generation;
        send(mapped);
    }
    void ask() {
        auto ask = wire::make<wire::Ask>();
        ask.generation = segment.generation;
        ask.seating = known_seating;
        send(ask);
    }
    uint32_t slot_of(uint64_t n) const { return static_cast<uint32_t>(n % view.geometry.slot_count); }
    // Nobody is woken, and the daemon isn't told.
    void publish_silently() {
        const uint64_t n = next_sequence++;
        const uint32_t slot = slot_of(n);
        pins::publish(view.slot(slot).sequence, view.index(n), slot, view.header().head, n);
    }

    wire::Segment segment{};
    UniqueFd memfd;
    Mapping memory;
    layout::SegmentView view;
    uint64_t next_sequence = 0;
    uint64_t known_seating = 0;
};

}  // namespace camtap::test
