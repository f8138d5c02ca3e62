// Gathers what the guards compare, from the fold of the ledger and the configuration. Pure.
#pragma once

#include <optional>

#include "agents/fixer/history.h"
#include "config/config.h"
#include "incident/incident.h"
#include "ledger/ledger.h"
#include "policy/policy.h"

namespace fixer {

// Borrowed for one call.
struct Known {
  const config::Config& config;
  const incident::Book& book;
  const History& history;
  base::Now now;
  bool stop_file = false;
  bool is_acting = false;  // An intent of this very step, which the book does not know yet.
  std::optional<ledger::Lease> lease;
  std::optional<double> host_cpu_percent, host_memory_percent;
};

// `incident` must have a plan with a menu.
[[nodiscard]] policy::Facts facts_of(const incident::Incident& incident, const Known& known);

}  // namespace fixer
