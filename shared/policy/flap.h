// Flap detection as Nagios does it: of the last 21 results, how many changed from the one before,
// the newer ones counting more. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "config/config.h"

namespace policy {

inline constexpr int kFlapResults = 21;

// A service had trouble of its own.
struct RedSpan {
  base::WallTime from;
  std::optional<base::WallTime> to;  // Nothing: it still has.
};

struct Flap {
  bool flapping = false;
  int percent = 0;  // Weighted change of the last results, rounded down.
};

// The ledger knows troubles, not checks; so a result is a slot of `flap_window` / 21, red when a
// span touches it. The slots lie fixed in time, the last one is that of `now`. Above
// flap_start_percent a service flaps, until it is below flap_end_percent; what was before the first
// span was green. Spans in any order.
[[nodiscard]] Flap flap_of(const std::vector<RedSpan>& spans, const config::Limits& limits,
                           base::WallTime now);

// Of 21 results, oldest first: 0 to 100. Changes weigh from 0.75, the oldest, to 1.25.
[[nodiscard]] double weighted_change(const std::vector<bool>& results);

}  // namespace policy
