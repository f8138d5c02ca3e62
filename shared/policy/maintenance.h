// Maintenance windows: is anything frozen now? Pure; the calendar is UTC.
#pragma once

#include <optional>
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

// A window longer than that from now on is not waited for: a person hears of the trouble at once.
inline constexpr base::Millis kMaintenanceWaitMax = std::chrono::hours(8);

// When a service that is frozen now will not be any more, windows that follow one another taken
// together; nothing: in more than kMaintenanceWaitMax, or that cannot be read.
[[nodiscard]] std::optional<base::WallTime> thaws_at(
    const std::vector<config::MaintenanceWindow>& windows, std::string_view service,
    base::WallTime now);

}  // namespace policy
