// What every frame that a tap gets has to satisfy: it is whole, in order, and the account of what was missed
// before it is right.
//
// Frames of the publisher carry, besides the certificate of the test picture, a mark: how many frames it had
// published and what it had counted until then, by its own books, which its deaths don't touch. A tap's
// ledger can so be held against the publisher's books, and not only against itself.
#pragma once

#include <camtap/camtap.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "shared_page.h"

namespace camtap::chaos {

// A promise that wasn't kept, in words.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Mark {
    uint64_t ordinal;  // frames published up to this one, by all lives of the publisher
    uint64_t run;      // changes with each life and each generation
    uint64_t no_slot;  // counted by then, in all
    uint64_t decode_error;
    uint64_t source_gap;
};
inline constexpr uint32_t kPublisherStock = 3;
// A daemon numbers on from another block of a million; one that lives doesn't leave out so many.
inline constexpr uint64_t kOtherDaemon = uint64_t{1} << 19;
inline constexpr uint64_t kLeastBytes = 128;  // room for certificate and mark

// A row of grey pixels that certifies itself.
camtap_image marked_image(uint64_t bytes);
void write_marked(const camtap_image& image, void* data, const Mark& mark, int64_t capture_ns);

// Throws Violation unless every byte is there, and is this frame's.
void expect_whole(const camtap_frame_info& info, const void* data);

// One tap's account, from its opening to its close. All throw Violation.
class FrameCheck {
  public:
    enum class Asked { next, latest };

    // `books`: of the publisher whose frames they are; null for frames of a source.
    FrameCheck(const PublisherPage* books, Seen& seen) : books_(books), seen_(seen) {}

    // A frame as it comes.
    void take(const camtap_frame_info& info, const void* data, Asked asked);
    // The tap's ledger against what it told frame by frame.
    void balance(const camtap_tap_status& status, size_t held) const;

    uint64_t delivered() const { return delivered_; }

  private:
    struct Before {
        uint64_t sequence = 0;
        uint64_t number = 0;
        Mark mark{};
    };
    void expect_order(const camtap_frame_info& info);
    void expect_account(const camtap_frame_info& info, const Mark& mark, Asked asked) const;
    void expect_account_of_publisher(const camtap_frame_info& info, const Mark& mark) const;
    void expect_account_of_pattern(const camtap_frame_info& info) const;
    uint64_t surely_passed(const Mark& mark) const;

    const PublisherPage* const books_;
    Seen& seen_;
    Before before_;
    uint64_t delivered_ = 0;
    camtap_missed missed_{};
};

// Published, but not delivered.
inline uint64_t unread(const camtap_missed& m) {
    return m.too_slow + m.skipped + m.restart;
}
inline uint64_t all(const camtap_missed& m) {
    return unread(m) + m.source_gap + m.decode_error + m.no_slot;
}

}  // namespace camtap::chaos
