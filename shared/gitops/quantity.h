// Amounts as configuration files write them: memory, CPU, counts. Pure. Sources: the Compose
// specification (byte values), Kubernetes' resource quantities. The same letters mean different
// things in the two: "64m" is 64 MiB for Compose and 64 thousandths of a byte for Kubernetes, so a
// unit always says whose it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gitops {

enum class Unit {
  text,     // Any word: no amount, no bounds.
  memory,   // Compose: "64m", "1.5gb", "1048576"; b, k, m, g, t by 1024, any case. In bytes.
  bytes,    // Kubernetes: "256Mi", "1.5Gi" by 1024; "128M", "1k" by 1000. In bytes.
  cpu,      // Both: "0.5", "2", and Kubernetes' "500m". In thousandths of a core.
  replicas  // A whole number.
};

[[nodiscard]] std::string_view to_string(Unit unit);
[[nodiscard]] const std::vector<std::string>& unit_names();
[[nodiscard]] std::optional<Unit> parse_unit(std::string_view text);

// `text` in the unit's smallest part, 0 to 2^62. Errors: invalid; no sign, exponent or part smaller
// than the smallest is taken. `unit` must not be text: anything else aborts.
[[nodiscard]] base::Result<std::int64_t> parse_quantity(Unit unit, std::string_view text);

}  // namespace gitops
