// One way to share frames between processes, as the bench sees it. Each file in peers/ is one, and becomes a
// program of its own, bench_peer_NAME, that links nothing but that peer's library: so its memory and its time
// to attach are those that a user's program would have.
//
// Threads: one. Errors: whatever derives from std::exception; the program says it and ends.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

#include "board.h"
#include "work.h"

namespace camtap::bench {

class Sender {
  public:
    virtual ~Sender() = default;
    // Where the next frame goes; blocks while there is no room. If publish() copies by itself, memory of the
    // writer's own, always the same.
    virtual std::byte* acquire() = 0;
    // The writer's one copy, into what was acquired; as the peer's library does it, if that has a way of its
    // own.
    virtual void fill(std::byte* frame, const std::byte* picture, size_t bytes) {
        std::memcpy(frame, picture, bytes);
    }
    // Makes what was acquired the next frame.
    virtual void publish() = 0;
    // publish() copies: then the writer doesn't.
    virtual bool copies() const { return false; }
};

class Receiver {
  public:
    virtual ~Receiver() = default;
    // Blocks until the next frame is there, and holds it.
    virtual const std::byte* next() = 0;
    // Lets go of the frame that was taken first of those held.
    virtual void release() = 0;
    // A copy of the newest frame held.
    virtual void copy_to(std::byte* destination, const std::byte* frame, size_t bytes) {
        std::memcpy(destination, frame, bytes);
    }
    // next() has already copied into memory of the reader's own.
    virtual bool copies() const { return false; }
};

// Defined by each peer. Opening waits until the other side is there, within reason.
std::unique_ptr<Sender> open_sender(const Assignment& assignment);
std::unique_ptr<Receiver> open_receiver(const Assignment& assignment);
// Becomes the peer's daemon by exec; comes back only if that fails, or if the peer has none.
void become_daemon(const Assignment& assignment);

}  // namespace camtap::bench
