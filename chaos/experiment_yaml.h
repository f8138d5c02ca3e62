// Reads experiments from YAML files, strictly: an unknown field or value is a mistake, told with
// file, line and a suggestion. Adapter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chaos/experiment.h"

namespace chaos {

// Errors: invalid, one line per mistake; `path` names the file in them.
[[nodiscard]] base::Result<Experiment> parse_experiment(std::string_view text,
                                                        const std::string& path);

// All *.yaml of the folder, by name. Errors: not_found (no such folder, or none in it), invalid
// (all mistakes of all files; a file must be named after its experiment).
[[nodiscard]] base::Result<std::vector<Experiment>> load_experiments(const std::string& folder);

// Where the experiments are: $SRE_CHAOS_DIR, else beside the executable's build folder, else where
// this program was built from.
[[nodiscard]] std::string experiments_folder();

}  // namespace chaos
