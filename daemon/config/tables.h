// The two kinds of table: [daemon] into a DaemonConfig, [[stream]] into a StreamConfig.
#pragma once

#include <string>

#include "daemon/config.h"
#include "daemon/config/file.h"

namespace camtap {

// Relative paths are taken from `directory`. Errors: invalid, as fault_at() makes them.
Result<DaemonConfig> read_daemon_table(const Value& value, const std::string& directory);
Result<StreamConfig> read_stream_table(const Value& value, const std::string& directory);

}  // namespace camtap
