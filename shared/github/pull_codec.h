// GitHub's REST shapes of pull requests and checks as JSON text; as github_codec.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "github/pulls.h"

namespace github {

[[nodiscard]] std::string encode(const NewPull& pull);
[[nodiscard]] std::string encode_squash(const std::string& head, const std::string& title);

// Errors of all: invalid (not JSON, or a field that we need is missing or of another type).
[[nodiscard]] base::Result<Pull> decode_pull(std::string_view json);
[[nodiscard]] base::Result<std::vector<Pull>> decode_pulls(std::string_view json);
[[nodiscard]] base::Result<std::string> decode_merge(std::string_view json);  // The commit.
struct CheckPage {
  std::vector<Check> checks;
  std::size_t entries = 0;  // A full page has another one after it.
};
[[nodiscard]] base::Result<CheckPage> decode_statuses(std::string_view json);
[[nodiscard]] base::Result<CheckPage> decode_check_runs(std::string_view json);
// Of a branch.
[[nodiscard]] base::Result<std::vector<std::string>> decode_required(std::string_view json);

}  // namespace github
