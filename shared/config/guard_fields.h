// What the guards compare with: the parts `limits:`, `maintenance:`, `stateful_images:` and `opa:`
// of the configuration file.
#pragma once

#include "config/config.h"
#include "config/field_reader.h"
#include "config/yaml_tree.h"

namespace config {

void read_limits(Findings& findings, const Environment& environment, const YamlNode& map,
                 Limits& limits);

// All but the limits. The services must have been read. A window that cannot be read is no mistake
// but always open, and a note says so: nothing is changed before a person has looked.
void read_guards(Findings& findings, const Environment& environment, const FieldReader& root,
                 Config& config);

}  // namespace config
