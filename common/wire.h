// The messages on the broker's SEQPACKET socket: fixed structs, one per datagram. common/PROTOCOL.md tells
// the story.
//
// Both sides check type and length before they look inside; text is NUL-terminated within its field or
// refused. Flow control lies with the client: it gets one reply per request, and at most one Nudge that it
// did not ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/layout.h"

namespace camtap::wire {

inline constexpr uint32_t kHelloMagic =
    0x5041'544d;  // "MTAP" in memory; these 16 bytes of Hello never change
inline constexpr uint16_t kMajor = 3;
inline constexpr uint16_t kMinor = 0;
// Peers compare this one, so it stands for the layout of the memory that they share as well.
static_assert(kMajor == layout::kMajor);
inline constexpr size_t kMaxMessage = 32 * 1024;

enum class Type : uint32_t {
    hello = 1,    // any client → daemon, first message
    welcome = 2,  // daemon → client; for a tap with the descriptor of its pin page
    refused =
        3,  // daemon → client; the answer to any request that can't be granted. It ends the session, but
            // in answer to need and ask
    dismissed =
        4,  // daemon → client; the daemon hears this session no more, but respects its pins until it hangs up

    page_mapped = 10,  // tap → daemon: my pin page is mapped, seal it
    sync = 11,         // tap → daemon: what is the state? I have mapped generation g
    synced = 12,       // daemon → tap: state; with a descriptor if there is another generation
    arm = 13,          // tap → daemon: nudge me once when there is a frame after this one, or a change
    nudge = 14,        // daemon → tap: there is news. At most one outstanding; sync or arm allow the next

    need = 20,     // publisher → daemon: a segment for frames of so many bytes
    segment = 21,  // daemon → publisher, with descriptor
    mapped = 22,   // publisher → daemon: mapped. No answer
    ask = 23,      // publisher → daemon: who taps now, and how far may I number? Answered by seat
    seat = 24,     // daemon → publisher; with the descriptor of a tap's pin page, if it is taken
    poke = 25,     // publisher → daemon: a frame, and somebody is armed. No answer
    report = 26,   // publisher → daemon: what I am doing (starts and stops the daemon's clocks). No answer
    configure = 27,  // daemon → a source that it spawned: the source's arguments

    list_streams = 40,  // control → daemon
    streams = 41,
    list_taps = 42,
    taps = 43,
    reload = 44,
    verdict = 45,
};

struct Header {
    Type type;
    uint32_t bytes;  // of the whole message
};

enum class Role : uint32_t { tap = 1, publisher = 2, control = 3 };

inline constexpr size_t kNameField = 64;
inline constexpr size_t kTextField = 256;

template <size_t N>
struct Text {
    char chars[N] = {};

    void set(std::string_view s) {  // cuts what is too long
        const size_t n = s.size() < N ? s.size() : N - 1;
        s.copy(chars, n);  // not memcpy: an empty view may be a null pointer
        std::memset(chars + n, 0, N - n);
    }
    bool terminated() const { return std::memchr(chars, 0, N) != nullptr; }
    // Up to the first NUL; the whole field where a peer sent none.
    std::string_view view() const { return {chars, strnlen(chars, N)}; }
};

struct Hello {
    static constexpr Type kType = Type::hello;
    Header header;
    uint32_t magic;
    uint16_t major;
    uint16_t minor;
    Role role;
    uint32_t stock;  // publisher: the largest number of slots that it wants to fill at once, 1 … kMaxStock
    Text<kNameField> stream;   // tap and publisher
    Text<kNameField> program;  // the program's own word, for display
};

struct Welcome {
    static constexpr Type kType = Type::welcome;
    Header header;
    uint64_t instance;  // of this run of the daemon: epochs of counters and sequence blocks hang on it
    uint32_t max_pins;  // tap: words in the pin page
    uint16_t major;
    uint16_t minor;
    uint64_t max_frame_bytes;
};

struct Refused {
    static constexpr Type kType = Type::refused;
    Header header;
    int32_t code;  // camtap::Code
    int32_t system_errno;
    Text<kTextField> message;
};

struct Dismissed {
    static constexpr Type kType = Type::dismissed;
    Header header;
    int32_t code;
    int32_t reserved;
    Text<kTextField> message;
};

struct PageMapped {
    static constexpr Type kType = Type::page_mapped;
    Header header;
};

enum class StreamState : uint32_t {
    waiting = 1,  // on-demand, and nobody taps: the source isn't running
    opening = 2,  // the source is starting
    live = 3,
    stale = 4,       // the source is there, but no frame came for stale_after
    offline = 5,     // no source; the reason says why. Retried
    restarting = 6,  // the source ended or was ended, and is being started again
    ended = 7,       // the source came to its end; not started again
    gone = 8,        // not configured any more
};

struct GeometryFields {
    uint32_t slot_count;
    uint32_t index_length;
    uint64_t slot_bytes;
};
inline GeometryFields fields(const layout::Geometry& g) {
    return {g.slot_count, g.index_length, g.slot_bytes};
}
inline layout::Geometry geometry(const GeometryFields& f) {
    return {f.slot_count, f.index_length, f.slot_bytes};
}

struct Sync {
    static constexpr Type kType = Type::sync;
    Header header;
    uint32_t generation;  // that the tap has mapped, 0 = none
    uint32_t reserved;
};

struct Synced {
    static constexpr Type kType = Type::synced;
    Header header;
    StreamState state;
    uint32_t generation;  // the newest one that may be tapped; 0 = none yet. With a descriptor if it isn't
                          // the tap's
    GeometryFields geometry;
    uint64_t first;  // first sequence number of `generation`
    uint64_t
        previous_last;  // last valid one of the tap's generation, if that is closed; kStillOpen otherwise
    Text<kTextField> reason;
};
inline constexpr uint64_t kStillOpen = ~uint64_t{0};

struct Arm {
    static constexpr Type kType = Type::arm;
    Header header;
    uint32_t generation;
    uint32_t reserved;
    uint64_t sequence;  // the last one that the tap has seen
};

struct Nudge {
    static constexpr Type kType = Type::nudge;
    Header header;
};

struct Need {
    static constexpr Type kType = Type::need;
    Header header;
    uint64_t frame_bytes;
};

struct Segment {
    static constexpr Type kType = Type::segment;
    Header header;
    uint32_t generation;
    uint32_t depth;  // frames that stay visible: one slot more will be needed at the least
    GeometryFields geometry;
    uint64_t first;
    uint64_t through;           // the last number that it may publish before it has asked for more
    layout::Counters counters;  // to go on from
    uint64_t copies;
};

struct Mapped {
    static constexpr Type kType = Type::mapped;
    Header header;
    uint32_t generation;
    uint32_t reserved;
};

struct Ask {
    static constexpr Type kType = Type::ask;
    Header header;
    uint32_t generation;
    uint32_t reserved;
    uint64_t seating;  // the newest change of who taps that it knows of; 0 = none
};

// The change after the one that the publisher knows of. A seat that has changed several times since is told of once.
struct Seat {
    static constexpr Type kType = Type::seat;
    Header header;
    uint32_t generation;
    uint32_t seat;   // below kMaxSlots
    uint32_t words;  // pin words of the tap that has the seat, whose page comes with it; 0: it is empty
    uint32_t reserved;
    uint64_t seating;  // this change. The one that the publisher knows already: there is none after it
    uint64_t newest;   // the newest change of all
    uint64_t through;  // the last number that may be published in this generation
};

struct Poke {
    static constexpr Type kType = Type::poke;
    Header header;
};

enum class Activity : uint32_t {
    opening = 1,  // open_timeout runs
    reading = 2,  // stall_timeout runs, from the last frame on
    idle = 3,     // nothing to be expected (a watched directory without new files): no clock runs
    ended = 4,    // the end of the recording: don't start me again
    failed = 5,   // the text says why; I am about to exit, start me again later
};

struct Report {
    static constexpr Type kType = Type::report;
    Header header;
    Activity activity;
    uint32_t reserved;
    Text<kTextField> message;
};

// Followed by `count` NUL-terminated strings, as for main().
struct Configure {
    static constexpr Type kType = Type::configure;
    Header header;
    uint32_t count;
    uint32_t reserved;
};

struct ListStreams {
    static constexpr Type kType = Type::list_streams;
    Header header;
    uint32_t from;  // index of the first one wanted: a reply may hold fewer than all
    uint32_t reserved;
    Text<kNameField> stream;  // empty = all
};

struct StreamRecord {
    Text<kNameField> name;
    Text<16> source;  // "video", "images", "pattern", "publisher"
    StreamState state;
    uint32_t generation;
    Text<kTextField> reason;
    // Of the newest frame, as the publisher says
    uint32_t width;
    uint32_t height;
    uint16_t depth;
    uint16_t channels;
    uint32_t fourcc;
    uint64_t frame_bytes;
    int64_t newest_capture_ns;
    int64_t newest_publish_ns;
    uint64_t head;       // sequence number of the newest frame
    uint64_t published;  // frames in this epoch
    layout::Counters counters;
    uint64_t copies;
    uint64_t memory_bytes;   // backed by memory now, by the newest generation
    uint64_t segment_bytes;  // its bound
    uint32_t slot_count;
    uint32_t depth_frames;
    uint32_t taps;
    uint32_t max_taps;
    uint32_t max_pins;
    uint32_t restarts;  // of the source, in this epoch
    int32_t publisher_pid;
    uint32_t publisher_uid;
};

struct Streams {
    static constexpr Type kType = Type::streams;
    Header header;
    uint32_t total;
    uint32_t count;  // records that follow
    int64_t now_ns;
    uint64_t instance;
};

struct ListTaps {
    static constexpr Type kType = Type::list_taps;
    Header header;
    uint32_t from;
    uint32_t reserved;
    Text<kNameField> stream;  // empty = all
};

struct TapRecord {
    Text<kNameField> stream;
    Text<kNameField> program;
    int32_t pid;
    uint32_t uid;
    uint64_t session;
    int64_t since_ns;
    uint32_t pins_held;
    uint32_t dismissed;  // 1: heard no more, its pins are honoured until it hangs up
    // The tap's own claims
    uint64_t delivered;
    uint64_t source_gap;
    uint64_t decode_error;
    uint64_t no_slot;
    uint64_t too_slow;
    uint64_t skipped;
    uint64_t restart;
    uint64_t last_sequence;
};

struct Taps {
    static constexpr Type kType = Type::taps;
    Header header;
    uint32_t total;
    uint32_t count;  // records that follow
    int64_t now_ns;
};

struct Reload {
    static constexpr Type kType = Type::reload;
    Header header;
};

struct Verdict {
    static constexpr Type kType = Type::verdict;
    Header header;
    int32_t code;  // ok, or invalid: the running configuration stays
    uint32_t added;
    uint32_t changed;
    uint32_t removed;
    Text<1024> message;  // file, line, column, key, reason
};

// A message with its header filled in and everything else zero.
template <class Message>
Message make() {
    Message m{};
    m.header = {Message::kType, sizeof(Message)};
    return m;
}

// Reads a fixed-size message out of a datagram. False: too short, or another length than it says.
template <class Message>
[[nodiscard]] bool parse(const void* data, size_t bytes, Message& out) {
    if (bytes != sizeof(Message)) return false;
    std::memcpy(&out, data, sizeof(Message));
    return out.header.type == Message::kType && out.header.bytes == bytes;
}

static_assert(sizeof(Hello) == 152 && offsetof(Hello, magic) == 8 && offsetof(Hello, stream) == 24);
static_assert(sizeof(Welcome) == 32 && sizeof(Refused) == 272 && sizeof(Dismissed) == 272);
static_assert(sizeof(Sync) == 16 && sizeof(Synced) == 304 && sizeof(Arm) == 24 && sizeof(Nudge) == 8);
static_assert(sizeof(Need) == 16 && sizeof(Segment) == 88 && sizeof(Mapped) == 16 && sizeof(Ask) == 24);
static_assert(sizeof(Seat) == 48 && sizeof(Report) == 272 && sizeof(Configure) == 16);
static_assert(sizeof(StreamRecord) == 488 && sizeof(TapRecord) == 224);

}  // namespace camtap::wire
