// Reports of deploys from the inbox, which the console has checked.
#pragma once

#include <optional>
#include <string_view>

#include "incident/event.h"

namespace scout {

// Nothing when it is no such report. Without a time of its own, `at` is 0.
[[nodiscard]] std::optional<incident::DeployReported> decode_deploy(std::string_view body);

}  // namespace scout
