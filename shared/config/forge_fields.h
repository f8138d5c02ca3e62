// The `forge:` part of the configuration file.
#pragma once

#include "config/config.h"
#include "config/field_reader.h"
#include "config/yaml_tree.h"

namespace config {

// Reads `map` into `config`, whose path must be known.
void read_forge(Findings& findings, const Environment& environment, const YamlNode& map,
                Config& config);

}  // namespace config
