// Takes passwords out of texts that people will see: logs, reasons, error messages of libraries.
#pragma once

#include <string>
#include <string_view>

namespace camtap::source {

// Of "scheme://user:secret@host" keeps "scheme://***@host"; of "password=secret" and its like "password=***".
std::string redact(std::string_view text);

}  // namespace camtap::source
