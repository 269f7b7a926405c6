// Where a source's lines go: stderr, for people; as a part of the service, with the priority that the journal
// takes from the beginning of a line.
#pragma once

#include <string>

namespace camtap::source {

// `spawned`: by camtapd, whose stderr this is too.
void log_as(const std::string& stream, bool spawned);

}  // namespace camtap::source
