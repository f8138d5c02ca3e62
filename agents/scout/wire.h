// Wires Scout to ledger, warden and network, and runs it until the process is told to end.
#pragma once

#include "base/log.h"
#include "config/config.h"

namespace scout {

[[nodiscard]] int run(const config::Config& config, const base::Logger& log);

}  // namespace scout
