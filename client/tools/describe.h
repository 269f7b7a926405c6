// Streams and taps as JSON: the form that scripts read, so fields are added to it but never renamed.
#pragma once

#include <camtap/camtap.h>

#include "json.h"

namespace camtap::tools {

// As the next value of `json`.
void describe(JsonWriter& json, const camtap_missed& missed);
void describe(JsonWriter& json, const camtap_tap_info& tap, int64_t now_ns);

// Copies of the payload on its way from the decoder into its slot: 0 when it is decoded in place.
double copies_per_frame(const camtap_stream_info& stream);

// The members of a stream, into an object that the caller has opened.
void describe_members(JsonWriter& json, const camtap_stream_info& stream, int64_t now_ns);

}  // namespace camtap::tools
