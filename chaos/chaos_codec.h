// The JSON of chaos runs, and the little that is read from others' JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chaos/experiment.h"
#include "chaos/result.h"

namespace chaos {

// {"ok":…,"experiments":[…]} on one line. Format: docs/formats/chaos.md.
[[nodiscard]] std::string encode_results(const std::vector<Result>& results);
[[nodiscard]] std::string encode_experiments(const std::vector<Experiment>& experiments);

// Whether the console's list of incidents names the issue; false for text that is no such list.
[[nodiscard]] bool lists_issue(std::string_view incidents, std::int64_t issue);

}  // namespace chaos
