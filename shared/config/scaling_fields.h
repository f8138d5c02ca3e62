// Reads `balancer` and a service's `bounds`. Pure but for the environment that is passed in.
#pragma once

#include <string>

#include "config/config.h"
#include "config/field_reader.h"

namespace config {

void read_balancer(Findings& findings, const Environment& environment, const YamlNode& map,
                   Config& config);
[[nodiscard]] Bounds read_bounds(Findings& findings, const Environment& environment,
                                 const YamlNode& map, const std::string& where);

}  // namespace config
