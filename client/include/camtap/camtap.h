/* libcamtap: look at the frames of a camtap stream, or publish frames into one. The C interface.
 *
 * Conventions
 *   Errors   Functions that may fail return camtap_error: CAMTAP_OK (0) or a negative code. Then outputs are
 *            untouched, and camtap_last_error() has a sentence that says what was tried, on what, why it failed,
 *            what to do.
 *   Structs  Each begins with its size. Set it (CAMTAP_INIT does) before a call: the library fills no more than
 *            that, so that programs and libraries of different ages fit.
 *   Times    Nanoseconds of CLOCK_MONOTONIC, the same clock in every process of a machine. A timeout of 0 doesn't
 *            block, a negative one waits for ever. A signal doesn't end a wait: where one must, wait in slices, or
 *            in an event loop of your own, by camtap_tap_fd().
 *   Threads  One thread at a time per camtap_tap and per camtap_publisher; different objects are independent. A
 *            camtap_frame may be read and released by any thread. The library starts no thread, installs no signal
 *            handler, and writes nothing to stdout or stderr, but when it ends the program for a frame that is
 *            released twice.
 *   fork()   The child must not use what the parent opened: every call on it fails with CAMTAP_ERROR_FORKED,
 *            releasing and closing do nothing to the parent, and frame data is not mapped in the child. It may open
 *            taps of its own.
 */
#ifndef CAMTAP_CAMTAP_H
#define CAMTAP_CAMTAP_H

#include <stddef.h>
#include <stdint.h>

#define CAMTAP_VERSION_MAJOR 0
#define CAMTAP_VERSION_MINOR 1
#define CAMTAP_VERSION_PATCH 0

#if defined(__GNUC__)
#define CAMTAP_API __attribute__((visibility("default")))
#define CAMTAP_NODISCARD __attribute__((warn_unused_result))
#else
#define CAMTAP_API
#define CAMTAP_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum camtap_error {
    CAMTAP_OK = 0,
    CAMTAP_ERROR_TIMEOUT = -1, /* nothing happened before the timeout */
    CAMTAP_ERROR_STALE = -2,   /* no frame is as young as was asked */
    CAMTAP_ERROR_ENDED = -3,   /* the recording is at its end; every frame of it was handed out or skipped */
    CAMTAP_ERROR_GONE = -4,    /* the stream was removed from the configuration */
    CAMTAP_ERROR_NO_DAEMON = -5,        /* nobody listens on the socket */
    CAMTAP_ERROR_UNKNOWN_STREAM = -6,   /* no such stream is configured; the text lists those that are */
    CAMTAP_ERROR_NOT_ALLOWED = -7,      /* this user may not; the text says who may */
    CAMTAP_ERROR_BAD_NAME = -8,         /* not a stream name */
    CAMTAP_ERROR_VERSION = -9,          /* daemon and library speak different major versions */
    CAMTAP_ERROR_LIMIT = -10,           /* a configured limit is reached; the text names it */
    CAMTAP_ERROR_TOO_MANY_FRAMES = -11, /* max_pins frames are held already: release one first */
    CAMTAP_ERROR_NO_MEMORY = -12,       /* the kernel refused memory */
    CAMTAP_ERROR_INVALID = -13,         /* an argument makes no sense */
    CAMTAP_ERROR_PROTOCOL = -14,        /* the other side broke the protocol */
    CAMTAP_ERROR_SYSTEM = -15,          /* a system call failed; the text names it */
    CAMTAP_ERROR_FORKED = -16,          /* the object belongs to the parent process */
    CAMTAP_ERROR_TOO_BIG = -17,         /* larger than the stream's max_frame_bytes, or than the slot */
    CAMTAP_ERROR_NO_SLOT = -18,         /* publisher: no slot was to be had before the timeout */
    CAMTAP_ERROR_BUSY = -19,            /* somebody else publishes this stream, or slots are still held */
    CAMTAP_ERROR_MALFORMED =
        -20 /* the publisher described a frame that doesn't fit its slot; it is skipped */
} camtap_error;

/* The code's name, as "unknown_stream". Never NULL. */
CAMTAP_API const char* camtap_error_name(camtap_error error);

/* What went wrong in the last call that failed on this thread. Valid until the next call on this thread.
 * Never NULL. */
CAMTAP_API const char* camtap_last_error(void);

/* "0.1.0", of the library that runs. */
CAMTAP_API const char* camtap_version(void);

/* ---- what a frame is */

/* Element types, numbered as OpenCV's CV_8U … CV_16F. */
typedef enum camtap_depth {
    CAMTAP_U8 = 0,
    CAMTAP_S8 = 1,
    CAMTAP_U16 = 2,
    CAMTAP_S16 = 3,
    CAMTAP_S32 = 4,
    CAMTAP_F32 = 5,
    CAMTAP_F64 = 6,
    CAMTAP_F16 = 7
} camtap_depth;

#define CAMTAP_FOURCC(a, b, c, d) \
    ((uint32_t)(a) | ((uint32_t)(b) << 8) | ((uint32_t)(c) << 16) | ((uint32_t)(d) << 24))
/* What the channels mean. 0 is a plain matrix: depth and channels say all there is to say. */
#define CAMTAP_FOURCC_NONE 0u
#define CAMTAP_FOURCC_BGR8 CAMTAP_FOURCC('B', 'G', 'R', '3')
#define CAMTAP_FOURCC_BGRA8 CAMTAP_FOURCC('B', 'G', 'R', '4')
#define CAMTAP_FOURCC_GRAY8 CAMTAP_FOURCC('G', 'R', 'E', 'Y')
#define CAMTAP_FOURCC_GRAY16 CAMTAP_FOURCC('Y', '1', '6', ' ')

typedef enum camtap_capture_origin {
    CAMTAP_ORIGIN_UNKNOWN = 0,
    CAMTAP_ORIGIN_DRIVER = 1,      /* the driver's time stamp */
    CAMTAP_ORIGIN_READ_RETURN = 2, /* when the read call returned */
    CAMTAP_ORIGIN_FILE = 3,        /* when a recording's frame was due */
    CAMTAP_ORIGIN_PUBLISHER = 4    /* the publishing program's own word */
} camtap_capture_origin;

/* Where the pixels lie: rows of width × channels elements, `stride` bytes apart; at least
 * (height − 1) × stride + width × channels × element size = `bytes`. */
typedef struct camtap_image {
    uint32_t size; /* sizeof(camtap_image) */
    uint32_t width;
    uint32_t height;
    uint32_t fourcc;
    uint16_t depth; /* camtap_depth */
    uint16_t channels;
    uint32_t reserved;
    uint64_t stride; /* bytes */
    uint64_t bytes;  /* of the payload; for publishing 0 means: as computed above */
} camtap_image;

/* Frames that a tap didn't get, by cause. */
typedef struct camtap_missed {
    uint64_t source_gap;   /* lost before the source got hold of them (driver, network), by its own account */
    uint64_t decode_error; /* captured, but could not be decoded; or described by its publisher so that it
                              doesn't fit its slot (CAMTAP_ERROR_MALFORMED) */
    uint64_t no_slot;      /* captured, but no memory slot was to be had */
    uint64_t too_slow;     /* published, and no longer among the newest frames when this tap asked for it */
    uint64_t skipped;      /* published, and passed over because the tap asked for the latest */
    uint64_t restart;      /* published while this tap was between two runs of source or daemon */
} camtap_missed;

/* 'bgr8', 'gray8', … or 'u16x4' for a plain matrix; 'unknown' for what is neither. `text` holds at least 16
 * bytes. */
CAMTAP_API void camtap_format_name(const camtap_image* image, char* text, size_t text_bytes);

/* Bytes of one element of a depth, 0 if there is no such depth. */
CAMTAP_API size_t camtap_depth_bytes(uint32_t depth);

typedef struct camtap_frame_info {
    uint32_t size;           /* sizeof(camtap_frame_info) */
    uint32_t capture_origin; /* camtap_capture_origin */
    uint64_t sequence;       /* counts up by one per published frame; never repeats, not even over restarts */
    int64_t capture_ns;
    int64_t publish_ns;
    uint64_t source_sequence; /* the source's own number of the frame; UINT64_MAX if it has none */
    camtap_image image;
    camtap_missed missed; /* between the frame that this tap got before and this one */
} camtap_frame_info;

/* ---- taps: reading */

typedef struct camtap_tap camtap_tap;
typedef struct camtap_frame camtap_frame;

typedef enum camtap_tap_state {
    CAMTAP_CONNECTING =
        1, /* no frame yet: the daemon or the stream isn't up, or the source is still opening */
    CAMTAP_LIVE = 2,
    CAMTAP_STALE = 3,      /* the source runs, but no frame came for the stream's stale_after */
    CAMTAP_OFFLINE = 4,    /* the source can't be had, the reason says why; the daemon keeps trying */
    CAMTAP_RESTARTING = 5, /* source or daemon went away and is expected back */
    CAMTAP_ENDED = 6,      /* the recording is at its end */
    CAMTAP_GONE = 7        /* the stream was removed from the configuration */
} camtap_tap_state;

typedef struct camtap_tap_options {
    uint32_t size;             /* sizeof(camtap_tap_options) */
    uint32_t start_oldest;     /* 0: begin with the newest frame that is there, 1: with the oldest */
    int64_t attach_timeout_ns; /* how long camtap_tap_open waits for daemon and stream to be there. 0: fail at
                                  once */
    const char* socket_path;   /* NULL: $CAMTAP_SOCKET, else $XDG_RUNTIME_DIR/camtap.sock, else
                                  /run/camtap/camtap.sock */
} camtap_tap_options;

/* Attaches to a stream by name; daemon, stream and permission must be there by the timeout (the camera
 * needn't be). From then on the tap attaches again by itself whenever source or daemon come back. `options`
 * may be NULL: newest, 0. Blocks: up to attach_timeout_ns; with 0, up to 5 s for the answer of a daemon that
 * is there. Errors: no_daemon, unknown_stream, not_allowed, limit, bad_name, version, timeout, protocol,
 * no_memory, system. Within the timeout it is tried again after the first two, and where the daemon goes away or breaks
 * the protocol in the middle of it; the others are final. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_tap_open(const char* stream,
                                                         const camtap_tap_options* options, camtap_tap** tap);

/* Frames that are still held stay valid. NULL is fine. */
CAMTAP_API void camtap_tap_close(camtap_tap* tap);

/* The next frame in order, waiting for it up to `timeout_ns`. A restart in between is waited out.
 * Errors: timeout, ended, gone, too_many_frames, not_allowed (rights were withdrawn), malformed (that one
 * frame; call again), version (a daemon of another one has come), forked, no_memory, system. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_tap_next(camtap_tap* tap, int64_t timeout_ns,
                                                         camtap_frame** frame);

/* The same without ever blocking: timeout if there is no new frame. Re-arms camtap_tap_fd(). */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_tap_try_next(camtap_tap* tap, camtap_frame** frame);

/* The newest frame, if this tap hasn't had it yet, else the one after it; frames between are counted as
 * skipped. With max_age_ns > 0 never one whose capture is longer ago than that: it waits for a younger one,
 * and if none has come by the timeout says stale. max_age_ns ≤ 0: any age. With a timeout of 0 it re-arms
 * camtap_tap_fd(). Errors: stale, and those of camtap_tap_next. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_tap_latest(camtap_tap* tap, int64_t timeout_ns,
                                                           int64_t max_age_ns, camtap_frame** frame);

/* A descriptor for the program's own event loop: readable when there is something to be had (a frame, or a
 * change of state). Level-triggered; may be spurious. The library owns it; it stays the same as long as the tap
 * lives, over reconnections. Call camtap_tap_try_next, or camtap_tap_latest with a timeout of 0, until it gives no
 * frame, then wait. Negative on failure: a camtap_error. */
CAMTAP_API int camtap_tap_fd(camtap_tap* tap);

typedef struct camtap_tap_status {
    uint32_t size; /* sizeof(camtap_tap_status) */
    camtap_tap_state state;
    char reason[256];   /* for people; empty when all is well */
    uint64_t expected;  /* frames that the source has had since this tap's first frame, that one included, up
                           to the  newest that this tap got: always delivered plus the sum of missed */
    uint64_t delivered; /* frames that this tap got */
    camtap_missed missed;
    uint32_t max_pins; /* frames that may be held at a time */
    uint32_t frames_held;
    uint64_t attachments; /* times that this tap has attached to a daemon */
} camtap_tap_status;

/* Doesn't block. Takes in news from the daemon first. Errors: invalid, forked. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_tap_get_status(camtap_tap* tap, camtap_tap_status* status);

/* ---- frames */

/* Valid until the frame is released. */
CAMTAP_API const camtap_frame_info* camtap_frame_get_info(const camtap_frame* frame);

/* The pixels, in shared memory, mapped read-only: writing is a fault (SIGSEGV). Valid until the frame is
 * released. */
CAMTAP_API const void* camtap_frame_data(const camtap_frame* frame);

/* Copies the rows into `destination`, whose rows are `destination_stride` bytes apart (0: rows packed).
 * Errors: too_big (doesn't fit destination_bytes), invalid. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_frame_copy(const camtap_frame* frame, void* destination,
                                                           size_t destination_bytes,
                                                           size_t destination_stride);

/* Lets the publisher use the slot again. Any thread; after camtap_tap_close too. NULL is fine. The frame is the
 * library's from then on, which may use it for a later one: a second release aborts where it is noticed, and where it
 * isn't may take the later frame's pin away. */
CAMTAP_API void camtap_frame_release(camtap_frame* frame);

/* ---- publishing */

typedef struct camtap_publisher camtap_publisher;

typedef struct camtap_publisher_options {
    uint32_t size;             /* sizeof(camtap_publisher_options) */
    uint32_t stock;            /* slots to hold at once, 1 … 32; 0: 3. More for capture queues */
    int64_t attach_timeout_ns; /* as for a tap */
    const char* socket_path;   /* as for a tap */
    int connection; /* a socket that is connected to the daemon already; 0 or −1: none. The library closes it,
                       on failure too (sources that camtapd starts; such a publisher doesn't reconnect) */
} camtap_publisher_options;

/* A slot to be filled, in shared memory, writable. */
typedef struct camtap_slot {
    uint32_t size; /* sizeof(camtap_slot) */
    uint32_t index;
    uint32_t generation;
    uint32_t reserved;
    void* data;
    uint64_t capacity; /* bytes */
} camtap_slot;

typedef struct camtap_publish_info {
    uint32_t size; /* sizeof(camtap_publish_info) */
    uint32_t capture_origin;
    int64_t capture_ns;       /* 0: now */
    uint64_t source_sequence; /* UINT64_MAX: none */
    camtap_image image;
} camtap_publish_info;

typedef enum camtap_count {
    CAMTAP_COUNT_SOURCE_GAP = 1,   /* frames lost before this publisher got hold of them */
    CAMTAP_COUNT_DECODE_ERROR = 2, /* frames captured that could not be decoded */
    CAMTAP_COUNT_NO_SLOT = 3,      /* frames captured that found no slot */
    CAMTAP_COUNT_COPY = 4          /* copies made of a payload on its way into its slot */
} camtap_count;

typedef enum camtap_activity {
    CAMTAP_OPENING = 1,
    CAMTAP_READING = 2,
    CAMTAP_IDLE = 3,
    CAMTAP_AT_END = 4,
    CAMTAP_FAILED = 5
} camtap_activity;

/* Becomes the publisher of a stream whose configuration has source = "publisher" and lets this user. One at a
 * time. Errors: those of camtap_tap_open, and busy. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_publisher_open(const char* stream,
                                                               const camtap_publisher_options* options,
                                                               camtap_publisher** publisher);
CAMTAP_API void camtap_publisher_close(camtap_publisher* publisher);

/* A slot for a frame of `bytes`, backed by memory, its contents arbitrary. Larger frames than before move the
 * stream to a new generation, for which no slot may be held (busy). After a restart of the daemon it attaches
 * again, when it has noticed: it looks ten times a second. Where taps have come or gone, and every few thousand
 * frames, it asks the daemon, and may block up to `timeout_ns` for the answer; readers don't delay it otherwise. The
 * first slot of all, and one that is needed because readers hold the others, takes milliseconds more, while the
 * kernel clears its memory. Errors: no_slot (all of the stock
 * is held, or no answer by the timeout), too_big, no_memory, limit, busy, no_daemon and the other
 * errors of open while attaching again, forked, protocol. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_publisher_acquire(camtap_publisher* publisher, uint64_t bytes,
                                                                  int64_t timeout_ns, camtap_slot* slot);

/* Makes the slot's contents the stream's next frame and wakes its readers. The slot is no longer the
 * caller's. Waits for nobody. With the first few frames it may take milliseconds, readers awake already, while the
 * kernel clears memory for the next frame. Errors: invalid (doesn't fit, or not a slot held); gone when the slot is
 * of an earlier connection: the frame is lost. `sequence` may be NULL. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_publisher_publish(camtap_publisher* publisher,
                                                                  const camtap_slot* slot,
                                                                  const camtap_publish_info* info,
                                                                  uint64_t* sequence);

/* Gives a slot back unpublished. */
CAMTAP_API void camtap_publisher_discard(camtap_publisher* publisher, const camtap_slot* slot);

/* Adds `n` to a counter that every later frame carries, so that readers can say why they miss frames. */
CAMTAP_API void camtap_publisher_count(camtap_publisher* publisher, camtap_count what, uint64_t n);

/* Tells the daemon what the publisher is doing; `text` (may be NULL) is shown as the stream's reason. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_publisher_report(camtap_publisher* publisher,
                                                                 camtap_activity activity, const char* text);

/* ---- asking the daemon */

typedef struct camtap_stream_info {
    uint32_t size;  /* sizeof(camtap_stream_info) */
    uint32_t state; /* camtap_stream_state */
    char name[64];
    char source[16];
    char reason[256];
    camtap_image image; /* of the newest frame; width 0 if there is none */
    int64_t newest_capture_ns;
    int64_t newest_publish_ns;
    uint64_t head;      /* sequence number of the newest frame */
    uint64_t published; /* all counters: since the daemon started */
    uint64_t captured;
    uint64_t source_gap;
    uint64_t decode_error;
    uint64_t no_slot;
    uint64_t copies;
    uint64_t memory_bytes;  /* backed now */
    uint64_t segment_bytes; /* the most that it can become */
    uint32_t generation;
    uint32_t slots;
    uint32_t depth;
    uint32_t taps;
    uint32_t max_taps;
    uint32_t max_pins;
    uint32_t restarts; /* of the source */
    uint32_t publisher_uid;
    int32_t publisher_pid; /* 0: none */
    uint32_t reserved;
} camtap_stream_info;

typedef enum camtap_stream_state {
    CAMTAP_STREAM_WAITING = 1, /* on demand, and nobody taps it */
    CAMTAP_STREAM_OPENING = 2,
    CAMTAP_STREAM_LIVE = 3,
    CAMTAP_STREAM_STALE = 4,
    CAMTAP_STREAM_OFFLINE = 5,
    CAMTAP_STREAM_RESTARTING = 6,
    CAMTAP_STREAM_ENDED = 7,
    CAMTAP_STREAM_GONE = 8
} camtap_stream_state;

/* "live", "offline", … Never NULL. */
CAMTAP_API const char* camtap_stream_state_name(uint32_t state);
CAMTAP_API const char* camtap_tap_state_name(uint32_t state);

typedef struct camtap_tap_info {
    uint32_t size; /* sizeof(camtap_tap_info) */
    uint32_t uid;
    int32_t pid;
    uint32_t frames_held;
    char stream[64];
    char program[64]; /* the program's own word, like all that follows */
    uint64_t session; /* of the daemon; tells taps of one process apart */
    int64_t since_ns;
    uint64_t delivered;
    uint64_t last_sequence;
    camtap_missed missed;
    uint32_t dismissed; /* 1: the daemon hears this session no more, and honours its pins until it hangs up */
    uint32_t reserved;
} camtap_tap_info;

/* Both list functions: `stream` NULL = all. Arrays are in the order of the configuration, to be freed with
 * camtap_free(); `count` elements. Blocks up to `timeout_ns`. Errors: no_daemon, unknown_stream, timeout,
 * version, no_memory, protocol, system. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_list_streams(const char* socket_path, const char* stream,
                                                             int64_t timeout_ns, camtap_stream_info** streams,
                                                             size_t* count);
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_list_taps(const char* socket_path, const char* stream,
                                                          int64_t timeout_ns, camtap_tap_info** taps,
                                                          size_t* count);
CAMTAP_API void camtap_free(void* array);

typedef struct camtap_reload_result {
    uint32_t size; /* sizeof(camtap_reload_result) */
    uint32_t added;
    uint32_t changed;
    uint32_t removed;
    char message[1024]; /* what was done; or file, line, column, key and reason */
} camtap_reload_result;

/* Has the daemon read its configuration again; only root and the daemon's own user may.
 * Errors: invalid (the configuration has an error, `result` is filled in, everything runs on as before),
 * not_allowed, no_daemon, timeout, protocol, system. */
CAMTAP_API CAMTAP_NODISCARD camtap_error camtap_reload(const char* socket_path, int64_t timeout_ns,
                                                       camtap_reload_result* result);

#ifdef __cplusplus
}
#define CAMTAP_INIT(type)                      \
    []() noexcept {                            \
        type camtap_init_value{};              \
        camtap_init_value.size = sizeof(type); \
        return camtap_init_value;              \
    }()
#else
/* camtap_tap_options options = CAMTAP_INIT(camtap_tap_options); */
#define CAMTAP_INIT(type) ((type){.size = sizeof(type)})
#endif

#endif
