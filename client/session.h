// What a tap and its frames have in common with the daemon: one connection, one pin page.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "client/local_mapping.h"
#include "common/layout.h"
#include "common/unique_fd.h"

namespace camtap::client {

// Number of frames that a tap's user holds at the moment, over all of the tap's sessions.
using FramesHeld = std::atomic<uint32_t>;

// One session of a tap. The publisher honours its pins until the socket hangs up, so tap and frames own it
// together, and the socket closes when the last of them has let go. Invariant: a pin word whose bit in
// `claimed_` is 0 reads 0. Threads: claim() by the tap's thread; release() by any.
class Session {
  public:
    Session(UniqueFd socket, LocalMapping page, uint32_t words, uint64_t instance,
            std::shared_ptr<FramesHeld> held);

    int socket() const { return socket_.get(); }
    uint64_t instance() const { return instance_; }
    uint32_t words() const { return words_; }
    layout::PinPage& page() const { return *reinterpret_cast<layout::PinPage*>(page_.data()); }

    // A pin word that nobody owns, for the caller to own until release(); empty: every one is in use.
    [[gnu::hot]] std::optional<uint32_t> claim();
    // Unpins. In a child of fork() it does nothing.
    [[gnu::hot]] void release(uint32_t word);

  private:
    UniqueFd socket_;
    LocalMapping page_;
    const uint32_t words_;
    const uint64_t instance_;
    std::atomic<uint64_t> claimed_{0};
    std::shared_ptr<FramesHeld> held_;
};

// Owns: one pin word of one session, and with it whatever slot it names. Movable.
class Pin {
  public:
    Pin(std::shared_ptr<Session> session, uint32_t word) : session_(std::move(session)), word_(word) {}
    Pin(Pin&&) = default;
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
        if (session_) session_->release(word_);
    }

    layout::Word64& word() const { return session_->page().pins[word_]; }

  private:
    std::shared_ptr<Session> session_;
    uint32_t word_;
};

}  // namespace camtap::client
