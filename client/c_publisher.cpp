// The C interface: publishing.
#include "client/greeting.h"
#include "client/last_error.h"
#include "client/publisher.h"
#include "client/struct_size.h"

using camtap::Code;
using camtap::Error;
using camtap::Result;
using camtap::Status;
using camtap::UniqueFd;
using namespace camtap::client;

namespace wire = camtap::wire;

// What a program knows as a camtap_publisher is a Publisher.
static Publisher& itself(camtap_publisher* publisher) {
    return *reinterpret_cast<Publisher*>(publisher);
}

static constexpr uint32_t kUsualStock = 3;

static Status open_publisher(const char* stream, const camtap_publisher_options& options, UniqueFd connection,
                             camtap_publisher** publisher) {
    if (stream == nullptr || publisher == nullptr) {
        return Error{Code::invalid, 0, "a stream name and a place for the publisher are needed"};
    }
    PublisherSettings settings;
    settings.socket_path = socket_path_or_default(options.socket_path);
    settings.stock = options.stock == 0 ? kUsualStock : options.stock;
    settings.attach_timeout_ns = options.attach_timeout_ns;
    settings.connection = std::move(connection);
    Result<std::unique_ptr<Publisher>> opened = Publisher::open(stream, std::move(settings));
    if (!opened.ok()) return opened.error();
    *publisher = reinterpret_cast<camtap_publisher*>((*opened).release());
    return success();
}

camtap_error camtap_publisher_open(const char* stream, const camtap_publisher_options* options,
                                   camtap_publisher** publisher) {
    return guarded([&]() -> Status {
        camtap_publisher_options taken{};
        if (options != nullptr) {
            const Result<camtap_publisher_options> known = take_struct(options, "camtap_publisher_options");
            if (!known.ok()) return known.error();
            taken = *known;
        }
        UniqueFd connection(taken.connection > 0 ? taken.connection : -1);
        return open_publisher(stream, taken, std::move(connection), publisher);
    });
}

void camtap_publisher_close(camtap_publisher* publisher) {
    delete reinterpret_cast<Publisher*>(publisher);
}

camtap_error camtap_publisher_acquire(camtap_publisher* publisher, uint64_t bytes, int64_t timeout_ns,
                                      camtap_slot* slot) {
    return guarded([&]() -> Status {
        if (publisher == nullptr) return Error{Code::invalid, 0, "a publisher is needed"};
        if (Status fillable = check_struct(slot, "camtap_slot"); !fillable.ok()) return fillable;
        const Result<camtap_slot> acquired = itself(publisher).acquire(bytes, timeout_ns);
        if (!acquired.ok()) return acquired.error();
        give_struct(*acquired, slot);
        return success();
    });
}

[[gnu::hot]] static Status publish(camtap_publisher* publisher, const camtap_slot* slot,
                                   const camtap_publish_info* info, uint64_t* sequence) {
    if (publisher == nullptr) return Error{Code::invalid, 0, "a publisher is needed"};
    if (Status known = check_struct(slot, "camtap_slot", sizeof *slot); !known.ok()) return known;
    if (Status known = check_struct(info, "camtap_publish_info", sizeof *info); !known.ok()) return known;
    const Result<uint64_t> published = itself(publisher).publish(*slot, *info);
    if (!published.ok()) return published.error();
    if (sequence != nullptr) *sequence = *published;
    return success();
}

[[gnu::hot]] camtap_error camtap_publisher_publish(camtap_publisher* publisher, const camtap_slot* slot,
                                                   const camtap_publish_info* info, uint64_t* sequence) {
    return guarded([&] { return publish(publisher, slot, info, sequence); });
}

void camtap_publisher_discard(camtap_publisher* publisher, const camtap_slot* slot) {
    if (publisher == nullptr) return;
    (void)guarded([&]() -> Status {
        if (Status known = check_struct(slot, "camtap_slot", sizeof *slot); !known.ok()) return known;
        itself(publisher).discard(*slot);
        return success();
    });
}

void camtap_publisher_count(camtap_publisher* publisher, camtap_count what, uint64_t n) {
    if (publisher != nullptr) itself(publisher).count(what, n);
}

camtap_error camtap_publisher_report(camtap_publisher* publisher, camtap_activity activity,
                                     const char* text) {
    return guarded([&]() -> Status {
        if (publisher == nullptr || activity < CAMTAP_OPENING || activity > CAMTAP_FAILED) {
            return Error{Code::invalid, 0, "a publisher and a known activity are needed"};
        }
        return itself(publisher).report(static_cast<wire::Activity>(activity), text != nullptr ? text : "");
    });
}
