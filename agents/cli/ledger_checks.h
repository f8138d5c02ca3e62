// The doctor's checks of the ledger: whether this program may read it, whether it is whole, and
// whether the stop is set. They only read.
#pragma once

#include <vector>

#include "agents/cli/check.h"
#include "config/config.h"

namespace cli {

// A ledger of more events is not read whole: the roles check each event as they read it anyway.
inline constexpr std::int64_t kLedgerCheckedMax = 100'000;

// One finding on the ledger and, when it can be read, one on the stop.
[[nodiscard]] std::vector<Check> check_ledger(const config::Config& config);

}  // namespace cli
