// What of `up`'s environment a role gets: what it needs, and no secret of another role's. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace config {

// `lines` are "NAME=value". A role gets PATH, HOME, language, time zone, proxies without a
// password, SRE_… and the like, and the variables the configuration names. One that stands only in
// fields of other roles' secrets is replaced by a word that says so: the file reads the same for
// all roles, as if the secret were set. The Scribe gets all lines, because it keeps the secrets
// among them out of issues.
[[nodiscard]] std::vector<std::string> environment_of(const Config& config, std::string_view role,
                                                      const std::vector<std::string>& lines);

}  // namespace config
