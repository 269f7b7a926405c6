// What a tap and its frames have in common with the daemon: one connection, one pin page.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>

#include "client/local_mapping.h"
#include "common/check.h"
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
    std::optional<uint32_t> claim() {
        // acquire: pairs with release() below, so the word reads 0 when its bit does
        const uint64_t claimed = claimed_.load(std::memory_order_acquire);
        const auto word = static_cast<uint32_t>(std::countr_one(claimed));
        if (word >= words_) return std::nullopt;
        claimed_.fetch_or(uint64_t{1} << word, std::memory_order_relaxed);
        held_->fetch_add(1, std::memory_order_relaxed);
        return word;
    }
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

// Owns: one pin word of one session, and with it whatever slot it names; or none.
class Pin {
  public:
    Pin() = default;
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() { let_go(); }

    // Both need a pin that owns none. To be bound first saves claim() the counting of a reference, and with that two
    // pages of memory on a frame's way.
    void bind(const std::shared_ptr<Session>& session) { session_ = session; }
    // False: every word is in use.
    bool claim(const std::shared_ptr<Session>& session) {
        CAMTAP_CHECK(!word_);
        if (session_ != session) bind(session);
        word_ = session->claim();
        return word_.has_value();
    }
    void let_go() {
        if (word_) session_->release(*word_);
        word_.reset();
        session_.reset();
    }

    layout::Word64& word() const { return session_->page().pins[*word_]; }

  private:
    std::shared_ptr<Session> session_;
    std::optional<uint32_t> word_;
};

}  // namespace camtap::client
