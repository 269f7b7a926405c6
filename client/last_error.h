// The C interface's way to say what went wrong: a code, and a sentence kept per thread.
#pragma once

#include <exception>
#include <new>
#include <string_view>

#include "camtap/camtap.h"
#include "common/result.h"

namespace camtap::client {

// Keeps the error's sentence for camtap_last_error() on this thread; returns its code. Allocates nothing.
camtap_error report_error(const Error& error) noexcept;
camtap_error report_error(Code code, std::string_view message) noexcept;

// Runs one call of the C interface, which returns some Result, and lets nothing escape it.
template <class Call>
camtap_error guarded(Call call) noexcept {
    try {
        const auto result = call();
        if (result.ok()) [[likely]]
            return CAMTAP_OK;
        return report_error(result.error());
    } catch (const std::bad_alloc&) {
        return report_error(Code::no_memory, "out of memory");
    } catch (const std::exception& e) {
        return report_error(Code::system, e.what());
    }
}

inline Status success() {
    return Done{};
}

}  // namespace camtap::client
