// Wires the Fixer to what it needs of the world, and runs it until the process is told to end.
#pragma once

#include "base/log.h"
#include "config/config.h"

namespace fixer {

[[nodiscard]] int run(const config::Config& config, const base::Logger& log);

}  // namespace fixer
