// Connections by the dozen, each of which stops somewhere on the way, or says what nobody wants to hear.
#pragma once

#include <cstdint>
#include <string>

namespace camtap::chaos {

// The body of a process of its own, whose death hangs up what is still open. Ends by itself too.
void rage(const std::string& socket_path, uint64_t seed);

}  // namespace camtap::chaos
