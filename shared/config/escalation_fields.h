// Reads `escalation`. Pure but for the environment that is passed in.
#pragma once

#include "config/config.h"
#include "config/field_reader.h"

namespace config {

void read_escalation(Findings& findings, const Environment& environment, const YamlNode& map,
                     Config& config);

}  // namespace config
