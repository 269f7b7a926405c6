// Whose call is it? One of camtap's own code, or of somebody whom neither camtap nor this test can answer
// for.
#pragma once

#include <cstddef>

namespace camtap::faults {

// To be called once, before the first question. Modules that are loaded later are strangers'.
void learn_modules();

// Walks up from the caller of this function. Libraries that do something for camtap there and then (the C and
// C++ libraries, libsystemd, the log) are passed over; the first module beyond them decides: camtapd,
// camtap-source and libcamtap are camtap's; OpenCV, a test or a codec isn't. Allocates nothing.
[[nodiscard]] bool called_by_camtap();

// "camtapd+0x1234 camtapd+0x4321 …", innermost first, for addr2line.
void describe_callers(char* text, size_t bytes);

}  // namespace camtap::faults
