#include "publisher_process.h"

#include <time.h>
#include <unistd.h>

#include <vector>

#include "common/clock.h"

namespace camtap::chaos {
namespace {

constexpr int64_t kPeriodNs = 10 * kNsPerMs;  // of a frame, in the long run
constexpr int64_t kForEver = -1;              // whoever waits for frames in vain complains

[[noreturn]] void fail(const char* what, camtap_error error) {
    throw Violation(std::string(what) + ": " + camtap_error_name(error) + ": " + camtap_last_error());
}

// The daemon is away, or the stream is; it will be back.
bool passes(camtap_error error) {
    return error == CAMTAP_ERROR_NO_DAEMON || error == CAMTAP_ERROR_UNKNOWN_STREAM ||
           error == CAMTAP_ERROR_TIMEOUT || error == CAMTAP_ERROR_BUSY || error == CAMTAP_ERROR_GONE;
}

}  // namespace

PublisherProcess::PublisherProcess(SharedPage& shared, std::string socket_path, uint64_t seed)
    : shared_(shared), page_(shared.publisher), socket_path_(std::move(socket_path)), random_(seed) {}

void PublisherProcess::run() {
    try {
        open();
        for (int64_t due = monotonic_ns();; due = std::max(due, monotonic_ns())) {
            sprint();
            const uint64_t frames = 1 + random_.below(page_.frames_a_burst);
            burst(frames);
            due += static_cast<int64_t>(frames) * kPeriodNs;
            const timespec until{due / kNsPerSecond, due % kNsPerSecond};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        }
    } catch (const std::exception& e) {
        shared_.fail(std::string("the publisher: ") + e.what());
    }
    _exit(1);
}

// Busy: somebody of a connection storm has the stream, or the daemon doesn't know yet that the last publisher
// is dead.
void PublisherProcess::open() {
    camtap_publisher_options options = CAMTAP_INIT(camtap_publisher_options);
    options.stock = kPublisherStock;
    options.attach_timeout_ns = kForEver;
    options.socket_path = socket_path_.c_str();
    while (true) {
        camtap_publisher* publisher = nullptr;
        const camtap_error error = camtap_publisher_open("published", &options, &publisher);
        publisher_.reset(publisher);
        if (error == CAMTAP_OK) break;
        if (!passes(error)) fail("opening", error);
        const timespec moment{0, 10 * kNsPerMs};
        nanosleep(&moment, nullptr);
    }
    page_.begin_run();
}

void PublisherProcess::burst(uint64_t frames) {
    for (uint64_t i = 0; i < frames; ++i) one_frame();
}

void PublisherProcess::sprint() {
    for (; page_.sprint_done < page_.sprint_wanted; ++page_.sprint_done) whole_stock();
}

// Every slot that a publisher may hold, all at once.
void PublisherProcess::whole_stock() {
    std::vector<camtap_slot> slots;
    while (slots.size() < kPublisherStock) {
        if (const std::optional<camtap_slot> slot = acquire(kLeastBytes)) slots.push_back(*slot);
    }
    for (const camtap_slot& slot : slots) publish(slot, kLeastBytes);
}

void PublisherProcess::one_frame() {
    const uint64_t largest = std::max(page_.largest.load(), kLeastBytes);
    const uint64_t bytes = kLeastBytes + random_.below(largest - kLeastBytes + 1);
    if (random_.one_in(16)) count_something();
    const std::optional<camtap_slot> slot = acquire(bytes);
    if (!slot) return;
    if (random_.one_in(8)) {  // two at a time, the later one first or given back
        const std::optional<camtap_slot> second = acquire(kLeastBytes);
        if (second && random_.one_in(2))
            publish(*second, kLeastBytes);
        else if (second)
            camtap_publisher_discard(publisher_.get(), &*second);
    }
    publish(*slot, bytes);
}

// Into the books before it is told, so that these are never behind.
void PublisherProcess::count_something() {
    const uint64_t n = 1 + random_.below(3);
    switch (random_.below(3)) {
        case 0:
            page_.no_slot += n;
            return camtap_publisher_count(publisher_.get(), CAMTAP_COUNT_NO_SLOT, n);
        case 1:
            page_.decode_error += n;
            return camtap_publisher_count(publisher_.get(), CAMTAP_COUNT_DECODE_ERROR, n);
        default:
            page_.source_gap += n;
            camtap_publisher_count(publisher_.get(), CAMTAP_COUNT_SOURCE_GAP, n);
    }
}

// Whatever taps do, there is a slot: anything else is a failure.
std::optional<camtap_slot> PublisherProcess::acquire(uint64_t bytes) {
    camtap_slot slot = CAMTAP_INIT(camtap_slot);
    const camtap_error error = camtap_publisher_acquire(publisher_.get(), bytes, kForEver, &slot);
    if (error == CAMTAP_OK) {
        if (slot.generation != generation_) page_.begin_run();
        generation_ = slot.generation;
        return slot;
    }
    if (!passes(error)) fail("acquiring a slot", error);
    return std::nullopt;
}

void PublisherProcess::publish(const camtap_slot& slot, uint64_t bytes) {
    const uint64_t ordinal = ++page_.ordinal;
    const Mark mark{ordinal, page_.run, page_.no_slot, page_.decode_error, page_.source_gap};
    camtap_publish_info info = CAMTAP_INIT(camtap_publish_info);
    info.image = marked_image(bytes);
    info.capture_ns = monotonic_ns();
    info.capture_origin = CAMTAP_ORIGIN_PUBLISHER;
    info.source_sequence = ordinal;
    write_marked(info.image, slot.data, mark, info.capture_ns);
    uint64_t sequence = 0;
    const camtap_error error = camtap_publisher_publish(publisher_.get(), &slot, &info, &sequence);
    if (error == CAMTAP_ERROR_GONE) {
        --page_.ordinal;
        ++page_.lost;
        return;
    }
    if (error != CAMTAP_OK) fail("publishing", error);
    const uint64_t last = page_.last_sequence.exchange(sequence);
    ++page_.published;
    if (sequence - last > kOtherDaemon) {  // and its generation has the same number by chance
        page_.forget_run();
        page_.begin_run();
    }
    if (sequence <= last) {
        throw Violation("number " + std::to_string(sequence) + " was given after number " +
                        std::to_string(last));
    }
}

}  // namespace camtap::chaos
