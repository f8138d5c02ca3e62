// Snapshots as JSON, the stored form. Absent fields take their default.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "telemetry/telemetry.h"

namespace telemetry {

[[nodiscard]] std::string encode(const Snapshot& snapshot);
// Errors: invalid.
[[nodiscard]] base::Result<Snapshot> decode(std::string_view text);

}  // namespace telemetry
