// Whether a person's approval at the command line may be recorded. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "incident/incident.h"

namespace cli {

// Why `plan` of the incident cannot be approved at `now`; nothing when it can. One line for people.
[[nodiscard]] std::optional<std::string> why_not_approved(const incident::Incident& incident,
                                                          std::string_view plan,
                                                          base::WallTime now);

}  // namespace cli
