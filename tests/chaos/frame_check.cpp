#include "frame_check.h"

#include <sstream>

#include "daemon/source/pattern_frame.h"

namespace camtap::chaos {
namespace {

// Frames that a run's publisher may have published when its readers had left it already, or died over.
constexpr uint64_t kToNobody = kPublisherStock + 1;

template <class... Parts>
void expect(bool holds, const Parts&... parts) {
    if (holds) return;
    std::ostringstream text;
    (text << ... << parts);
    throw Violation(text.str());
}

std::string in_words(const camtap_missed& m) {
    std::ostringstream text;
    text << "source_gap " << m.source_gap << ", decode_error " << m.decode_error << ", no_slot " << m.no_slot
         << ", too_slow " << m.too_slow << ", skipped " << m.skipped << ", restart " << m.restart;
    return text.str();
}

bool same(const camtap_missed& a, const camtap_missed& b) {
    return a.source_gap == b.source_gap && a.decode_error == b.decode_error && a.no_slot == b.no_slot &&
           a.too_slow == b.too_slow && a.skipped == b.skipped && a.restart == b.restart;
}

Mark mark_of(const void* data) {
    Mark mark;
    std::memcpy(&mark, static_cast<const std::byte*>(data) + sizeof(source::PatternCertificate), sizeof mark);
    return mark;
}

}  // namespace

static_assert(kLeastBytes >= sizeof(source::PatternCertificate) + sizeof(Mark));

camtap_image marked_image(uint64_t bytes) {
    camtap_image image = CAMTAP_INIT(camtap_image);
    image.width = static_cast<uint32_t>(bytes);
    image.height = 1;
    image.fourcc = CAMTAP_FOURCC_GRAY8;
    image.depth = CAMTAP_U8;
    image.channels = 1;
    image.stride = bytes;
    image.bytes = bytes;
    return image;
}

void write_marked(const camtap_image& image, void* data, const Mark& mark, int64_t capture_ns) {
    auto* bytes = static_cast<std::byte*>(data);
    uint64_t word = mark.ordinal * 0x9e37'79b9'7f4a'7c15;
    for (uint64_t at = 0; at + sizeof word <= image.bytes; at += sizeof word, word += mark.ordinal) {
        std::memcpy(bytes + at, &word, sizeof word);
    }
    std::memcpy(bytes + sizeof(source::PatternCertificate), &mark, sizeof mark);
    source::certify_pattern(image, data, mark.ordinal, capture_ns);
}

void expect_whole(const camtap_frame_info& info, const void* data) {
    uint64_t number = 0;
    expect(source::pattern_frame_ok(info.image, data, &number), "frame ", info.sequence, " of ",
           info.image.bytes, " bytes is torn");
    expect(number == info.source_sequence, "frame ", info.sequence, " should be the source's number ",
           info.source_sequence, ", but ", number, " lies there");
    source::PatternCertificate certificate;
    std::memcpy(&certificate, data, sizeof certificate);
    expect(certificate.capture_ns == info.capture_ns, "frame ", info.sequence,
           ": the time of its record is not that of its picture");
}

void FrameCheck::take(const camtap_frame_info& info, const void* data, Asked asked) {
    expect_whole(info, data);
    expect_order(info);
    const Mark mark = books_ != nullptr ? mark_of(data) : Mark{};
    if (delivered_ == 0) {
        expect(all(info.missed) == 0, "a tap's first frame tells of missed ones: ", in_words(info.missed));
    } else {
        expect_account(info, mark, asked);
    }
    before_ = {info.sequence, info.source_sequence, mark};
    ++delivered_;
    missed_.source_gap += info.missed.source_gap;
    missed_.decode_error += info.missed.decode_error;
    missed_.no_slot += info.missed.no_slot;
    missed_.too_slow += info.missed.too_slow;
    missed_.skipped += info.missed.skipped;
    missed_.restart += info.missed.restart;
}

// Numbers and times grow together, whoever looks: else a number was given twice. A tap that was killed may
// have left its last look to a successor, which begins wherever it likes.
void FrameCheck::expect_order(const camtap_frame_info& info) {
    expect(delivered_ == 0 || info.sequence > before_.sequence, "frame ", info.sequence, " came after frame ",
           before_.sequence);
    const Seen::Frame last = seen_.frame();
    if (last.sequence != 0) {
        expect((info.sequence > last.sequence) == (info.capture_ns > last.capture_ns) &&
                   (info.sequence == last.sequence) == (info.capture_ns == last.capture_ns),
               "number ", info.sequence, " of time ", info.capture_ns, " doesn't go with number ",
               last.sequence, " of time ", last.capture_ns, ": a number was given twice");
    }
    seen_.set({info.sequence, info.capture_ns});
}

void FrameCheck::expect_account(const camtap_frame_info& info, const Mark& mark, Asked asked) const {
    const uint64_t never = asked == Asked::next ? info.missed.skipped : info.missed.too_slow;
    expect(never == 0, "frame ", info.sequence, " was asked for by ",
           asked == Asked::next ? "next" : "latest", ", but tells: ", in_words(info.missed));
    if (books_ != nullptr) {
        expect_account_of_publisher(info, mark);
    } else {
        expect_account_of_pattern(info);
    }
}

void FrameCheck::expect_account_of_publisher(const camtap_frame_info& info, const Mark& mark) const {
    const camtap_missed& missed = info.missed;
    const Mark& was = before_.mark;
    const bool same_daemon = info.sequence - before_.sequence < kOtherDaemon;
    const uint64_t between = mark.ordinal - was.ordinal - 1;
    const camtap_missed counted{.source_gap = mark.source_gap - was.source_gap,
                                .decode_error = mark.decode_error - was.decode_error,
                                .no_slot = mark.no_slot - was.no_slot,
                                .too_slow = 0,
                                .skipped = 0,
                                .restart = 0};
    bool right = mark.ordinal > was.ordinal && mark.run >= was.run;
    if (mark.run == was.run && same_daemon) {  // to the frame
        right = right && info.sequence - before_.sequence - 1 == between && unread(missed) == between &&
                missed.restart == 0 && missed.source_gap == counted.source_gap &&
                missed.decode_error == counted.decode_error && missed.no_slot == counted.no_slot;
    } else {  // never too many; too few only by what was published to nobody at the end of a run
        const uint64_t to_nobody = (mark.run - was.run) * kToNobody;
        const uint64_t passed = same_daemon ? missed.too_slow + missed.skipped : missed.restart;
        right = right && unread(missed) <= between && missed.source_gap <= counted.source_gap &&
                missed.decode_error <= counted.decode_error && missed.no_slot <= counted.no_slot &&
                (!same_daemon || unread(missed) + to_nobody >= between) && passed >= surely_passed(mark);
    }
    expect(right, "frame ", info.sequence, " after ", before_.sequence,
           " tells of missed: ", in_words(missed), "; but by the publisher's books, run ", was.run, " to ",
           mark.run, ", ", between, " frames were published between them, ", surely_passed(mark),
           " of them in runs that it was in; counted: ", in_words(counted));
}

// Of two runs that the tap has been in: what came behind its frame in the one and before its frame in the
// other.
uint64_t FrameCheck::surely_passed(const Mark& mark) const {
    const Mark& was = before_.mark;
    const uint64_t next_first = books_->first_of(was.run + 1);
    const uint64_t first = books_->first_of(mark.run);
    if (mark.run <= was.run || next_first == 0 || first == 0 || books_->first_of(was.run) == 0) return 0;
    const uint64_t passed = (next_first - 1 - was.ordinal) + (mark.ordinal - first);
    return passed > kToNobody ? passed - kToNobody : 0;
}

void FrameCheck::expect_account_of_pattern(const camtap_frame_info& info) const {
    const camtap_missed& missed = info.missed;
    const uint64_t passed = info.sequence - before_.sequence;
    bool right = missed.source_gap == 0 && missed.decode_error == 0 && missed.no_slot == 0;
    if (info.source_sequence - before_.number == passed) {  // the source that gave both has lived on
        right = right && unread(missed) == passed - 1 && missed.restart == 0;
    }
    expect(right, "frame ", info.sequence, " after ", before_.sequence, ", by the source ",
           info.source_sequence, " after ", before_.number, ", tells of missed: ", in_words(missed));
}

void FrameCheck::balance(const camtap_tap_status& status, size_t held) const {
    expect(status.expected == status.delivered + all(status.missed), "the ledger doesn't balance: expected ",
           status.expected, ", delivered ", status.delivered, ", ", in_words(status.missed));
    expect(status.delivered == delivered_ && same(status.missed, missed_), "the ledger says delivered ",
           status.delivered, ", ", in_words(status.missed), "; its frames said delivered ", delivered_, ", ",
           in_words(missed_));
    expect(status.frames_held == held, "the tap says that ", status.frames_held, " frames are held, but ",
           held, " are");
}

}  // namespace camtap::chaos
