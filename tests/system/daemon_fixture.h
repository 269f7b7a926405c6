// A camtapd of our own for a test, and the C++ interface to it.
#pragma once

#include <camtap/camtap.hpp>

#include "daemon_process.h"

namespace camtap::test {

struct Daemon : DaemonProcess {
    using DaemonProcess::DaemonProcess;

    TapOptions tap_options(bool oldest = false) const {
        TapOptions o;
        o.start_oldest = oldest;
        o.attach_timeout = kGuard;
        o.socket_path = socket_path();
        return o;
    }
    Tap tap(const std::string& stream) const { return Tap(stream, tap_options()); }
    Publisher publisher(const std::string& stream, uint32_t stock = 2) const {
        PublisherOptions o;
        o.stock = stock;
        o.attach_timeout = kGuard;
        o.socket_path = socket_path();
        return Publisher(stream, o);
    }
};

}  // namespace camtap::test
