// Maintenance windows: is anything frozen now? Pure; the calendar is UTC.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/config.h"

namespace policy {

// The first window that covers the service at that moment, in words as "every day 22:00 to 02:00
// UTC" or why it cannot be read; empty: none. From its first minute on, to its last one, without
// it.
[[nodiscard]] std::string frozen_by(const std::vector<config::MaintenanceWindow>& windows,
                                    std::string_view service, base::WallTime now);

}  // namespace policy
