// GET /metrics in the Prometheus text format, written by prometheus-cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agents/console/chronicle.h"

namespace console {

// What this process counts itself, since it started.
struct Traffic {
  std::int64_t requests = 0;
  std::int64_t webhooks_received = 0, webhooks_duplicate = 0, webhooks_rejected = 0,
               webhooks_unavailable = 0;
  std::size_t websocket_clients = 0;
  bool is_ledger_readable = true;
  bool is_stopped = false;
  std::string mode, version;
};

// Every label's values come from a closed list, or from at most kGuardsMax guards.
[[nodiscard]] std::string metrics_text(const Chronicle& chronicle, const Traffic& traffic);

}  // namespace console
