// The C interface: asking the daemon.
#include <algorithm>
#include <cstdlib>

#include "client/control.h"
#include "client/greeting.h"
#include "client/last_error.h"
#include "client/struct_size.h"
#include "client/text.h"

using camtap::Code;
using camtap::Error;
using camtap::Result;
using camtap::Status;
using namespace camtap::client;

namespace wire = camtap::wire;

// The array that callers free with camtap_free(); never null, so that an empty list isn't mistaken for a
// failure.
template <class Info>
static Status give_list(const std::vector<Info>& infos, Info** array, size_t* count) {
    auto* const copy = static_cast<Info*>(std::calloc(infos.size() + 1, sizeof(Info)));
    if (copy == nullptr) return Error{Code::no_memory, 0, "no memory for the list"};
    std::copy(infos.begin(), infos.end(), copy);
    *array = copy;
    *count = infos.size();
    return success();
}

template <class Info, class List>
static camtap_error list(const char* socket_path, const char* stream, int64_t timeout_ns, Info** array,
                         size_t* count, List list_of) {
    return guarded([&]() -> Status {
        if (array == nullptr || count == nullptr)
            return Error{Code::invalid, 0, "a place for the list is needed"};
        const std::string name = stream != nullptr ? stream : "";
        if (stream != nullptr) {
            if (Status valid = check_stream_name(name); !valid.ok()) return valid;
        }
        Result<Control> control = Control::open(socket_path_or_default(socket_path), Deadline(timeout_ns));
        if (!control.ok()) return control.error();
        Result<std::vector<Info>> infos = list_of(*control, name);
        if (!infos.ok()) return infos.error();
        return give_list(*infos, array, count);
    });
}

camtap_error camtap_list_streams(const char* socket_path, const char* stream, int64_t timeout_ns,
                                 camtap_stream_info** streams, size_t* count) {
    return list(socket_path, stream, timeout_ns, streams, count,
                [](Control& control, const std::string& name) { return control.list_streams(name); });
}

camtap_error camtap_list_taps(const char* socket_path, const char* stream, int64_t timeout_ns,
                              camtap_tap_info** taps, size_t* count) {
    return list(socket_path, stream, timeout_ns, taps, count,
                [](Control& control, const std::string& name) { return control.list_taps(name); });
}

void camtap_free(void* array) {
    std::free(array);
}

static void give_verdict(const wire::Verdict& verdict, camtap_reload_result* result) {
    camtap_reload_result filled{};
    filled.added = verdict.added;
    filled.changed = verdict.changed;
    filled.removed = verdict.removed;
    copy_text(filled.message, sizeof filled.message, verdict.message.view());
    give_struct(filled, result);
}

camtap_error camtap_reload(const char* socket_path, int64_t timeout_ns, camtap_reload_result* result) {
    return guarded([&]() -> Status {
        if (result != nullptr) {
            if (Status fillable = check_struct(result, "camtap_reload_result"); !fillable.ok())
                return fillable;
        }
        Result<Control> control = Control::open(socket_path_or_default(socket_path), Deadline(timeout_ns));
        if (!control.ok()) return control.error();
        const Result<wire::Verdict> verdict = control->reload();
        if (!verdict.ok()) return verdict.error();
        if (result != nullptr) give_verdict(*verdict, result);
        if (verdict->code == static_cast<int32_t>(Code::ok)) return success();
        return refusal(verdict->code, 0, verdict->message.view());
    });
}
