// Where a source's lines go: stderr, for people; as a part of the service, with the priority that the journal
// takes from the beginning of a line.
#pragma once

#include <string>

namespace camtap::source {

// `spawned`: by camtapd, whose stderr this is too.
void log_as(const std::string& stream, bool spawned);

// From now on a process that is ended for want of memory says so, and exits with 1, also from within a library that
// has promised not to throw (CLI11 and libstdc++ have, where they copy strings). All else aborts as before.
void say_when_memory_runs_out();

}  // namespace camtap::source
