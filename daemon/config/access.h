// Names of users and groups, turned into numbers once, when the configuration is loaded: sessions are then
// judged without a look-up. Blocks: the name service may ask the network.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "daemon/config.h"

namespace camtap {

// By name, or by number. Errors: invalid, "no such user: …".
Result<uid_t> find_user(const std::string& name);
Result<gid_t> find_group(const std::string& name);

// Sorts and removes doubles; `words` says the same in the given order. A user "*" means everybody.
class AccessBuilder {
  public:
    Status add_user(const std::string& name);
    Status add_group(const std::string& name);
    Access build() const;

  private:
    Access access_;
    std::string user_words_;
    std::string group_words_;
};

}  // namespace camtap
