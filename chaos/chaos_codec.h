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

struct ListedProcess {
  std::string role;
  int pid = 0;  // 0: it does not run.
};
// The processes in <state>/up.json, `up` itself first; none for a text that is no such list.
// Format: docs/formats/up.md.
[[nodiscard]] std::vector<ListedProcess> decode_processes(std::string_view text);

}  // namespace chaos
