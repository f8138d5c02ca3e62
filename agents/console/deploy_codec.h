// Judges the body of POST /events/deploy before it is kept. Pure. Format:
// docs/formats/console-api.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace console {

struct DeployVerdict {
  int status = 200;   // 400: not JSON. 413: too large. 422: JSON, but no deploy of ours.
  std::string error;  // Names the field and what it must be; empty with 200.
};

// `services`: names of the configured ones.
[[nodiscard]] DeployVerdict judge_deploy(std::string_view body,
                                         const std::vector<std::string>& services);
[[nodiscard]] std::string encode_accepted();

}  // namespace console
