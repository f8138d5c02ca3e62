// Reads runbooks from YAML files, strictly: an unknown field, step or name is a mistake, told with
// file, line and a suggestion. Aliases are refused, size, depth and number of nodes limited
// (config/yaml_tree.h). Adapter.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "runbook/runbook.h"

namespace runbook {

// One file's text; `path` names it in messages, and its stem must be the runbook's name. What only
// the whole set can show is left to find_faults. Errors: invalid, one line per mistake.
[[nodiscard]] base::Result<Runbook> parse_runbook(std::string_view text, const std::string& path);

// The runbooks of this program (workflows/*.yaml when it was built), and those of `folder`, which
// stand in for shipped ones of the same name; empty: the shipped ones alone. Errors: not_found (no
// such folder), invalid (all mistakes of all files and of the set).
[[nodiscard]] base::Result<Catalogue> load_catalogue(const std::string& folder);

// The shipped ones; they are without fault, or the program ends (a test holds them so).
[[nodiscard]] const Catalogue& shipped();

}  // namespace runbook
