// The YAML files of a folder: experiments and runbooks are one file each. Adapter.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace config {

struct YamlFile {
  std::string path, text;
};

// All *.yaml of the folder, by name; those in folders below are not looked at. Errors: not_found
// (no such folder, or one file cannot be read).
[[nodiscard]] base::Result<std::vector<YamlFile>> read_yaml_folder(const std::string& folder);

}  // namespace config
