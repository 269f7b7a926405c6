#include "client/last_error.h"

#include "client/text.h"

namespace camtap::client {

// A fixed field, because the sentence may be that there is no memory.
static thread_local char last_error[1024];

camtap_error report_error(Code code, std::string_view message) noexcept {
    copy_text(
        last_error, sizeof last_error,
        message.empty() ? std::string_view(camtap_error_name(static_cast<camtap_error>(code))) : message);
    return static_cast<camtap_error>(code);
}

camtap_error report_error(const Error& error) noexcept {
    return report_error(error.code, error.message);
}

}  // namespace camtap::client

const char* camtap_last_error(void) {
    return camtap::client::last_error;
}
