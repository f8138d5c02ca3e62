// Which roles a host runs, in their order of start. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace cli {

// The forge only without a real GitHub, the Scribe only with somewhere to write.
[[nodiscard]] std::vector<std::string> roles_of(const config::Config& config);

}  // namespace cli
