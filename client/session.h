// What a tap and its frames have in common with the daemon: one connection, one pin page.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "client/local_mapping.h"
#include "common/check.h"
#include "common/layout.h"
#include "common/unique_fd.h"

struct camtap_frame;

namespace camtap::client {

// Number of pin words in use, over all of a tap's sessions.
using PinsClaimed = std::atomic<uint32_t>;

// One session of a tap. The publisher honours its pins until the socket hangs up, so tap and frames own it
// together, and the socket closes when the last of them has let go. Invariant: a pin word whose bit in
// `claimed_` is 0 reads 0. Threads: unpin(), release() and keep() by any; the others by the tap's.
class Session {
  public:
    // Whether a frame that is over is kept for the next one. Not for AddressSanitizer, which finds a frame that is used
    // after its release only if its memory is freed.
    enum class Keeping { one_frame, none };

    Session(UniqueFd socket, LocalMapping page, uint32_t words, uint64_t instance,
            std::shared_ptr<PinsClaimed> claimed_by_all, Keeping keeping);

    int socket() const { return socket_.get(); }
    uint64_t instance() const { return instance_; }
    uint32_t words() const { return words_; }
    layout::PinPage& page() const { return *reinterpret_cast<layout::PinPage*>(page_.data()); }

    // A pin word that nobody owns, for the caller to own until release(); null: every one is in use.
    layout::Word64* claim() {
        // acquire: pairs with release() below, so the word reads 0 when its bit does
        const uint64_t claimed = claimed_.load(std::memory_order_acquire);
        const auto word = static_cast<uint32_t>(std::countr_one(claimed));
        if (word >= words_) return nullptr;
        claimed_.fetch_or(uint64_t{1} << word, std::memory_order_relaxed);
        claimed_by_all_->fetch_add(1, std::memory_order_relaxed);
        return &page().pins[word];
    }
    // Unpins; the word stays claimed. False, and nothing is done, in a child of fork().
    bool unpin(layout::Word64& word) const;
    // Unpins, and gives the word back. In a child of fork() it does nothing.
    void release(layout::Word64& word);

    // Keeps a frame that is over, with its pin word, which reads 0. True: it isn't the caller's any more. Since the frame
    // keeps the session alive as well, whoever begins with a session has to end with keep_no_more().
    bool keep(camtap_frame* frame) {
        camtap_frame* none = nullptr;
        // release: pairs with take_spare(), so the next owner finds the frame as it was left
        return spare_.compare_exchange_strong(none, frame, std::memory_order_release,
                                              std::memory_order_relaxed);
    }
    camtap_frame* take_spare() {  // null: none
        return has_spare() ? spare_.exchange(nullptr, std::memory_order_acquire) : nullptr;
    }
    bool has_spare() const {
        camtap_frame* const spare = spare_.load(std::memory_order_acquire);
        return spare != nullptr && spare != keeps_none();
    }
    // From now on every frame that is over is gone.
    void keep_no_more();

  private:
    static camtap_frame* keeps_none() { return reinterpret_cast<camtap_frame*>(1); }

    UniqueFd socket_;
    LocalMapping page_;
    const uint32_t words_;
    const uint64_t instance_;
    std::atomic<uint64_t> claimed_{0};
    std::atomic<camtap_frame*> spare_;  // or null, or keeps_none()
    std::shared_ptr<PinsClaimed> claimed_by_all_;
};

// Owns: one pin word of one session, and with it whatever slot it names; or none.
class Pin {
  public:
    Pin() = default;
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() { let_go(); }

    // A word of this session: the one it owns, if it is of this session, or another one, and the one it owned is let go.
    // False: every word is in use, and it owns none.
    bool claim(const std::shared_ptr<Session>& session) {
        if (session_ == session) [[likely]]
            return true;
        return claim_anew(session);
    }
    void let_go() {
        if (session_) session_->release(*word_);
        session_.reset();
    }
    // Nothing is pinned any more, the word is kept. False: there is none, or this is a child of fork().
    bool clear() const { return session_ && session_->unpin(*word_); }

    bool owns_one() const { return session_ != nullptr; }
    layout::Word64& word() const { return *word_; }  // the one it owns
    Session& session() const { return *session_; }   // of the word it owns

  private:
    [[gnu::hot, gnu::noinline]] bool claim_anew(const std::shared_ptr<Session>& session) {
        let_go();
        word_ = session->claim();
        if (word_ != nullptr) session_ = session;
        return word_ != nullptr;
    }

    std::shared_ptr<Session> session_;  // null: none
    layout::Word64* word_ = nullptr;
};

}  // namespace camtap::client
