// What this program calls its branches, and where a repository may be reached. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gitops {

inline constexpr std::string_view kFixBranches = "fix-inc-";

// "fix-inc-12-01JCXH..": of an issue's number, at least 1, and an operation of 1 to 40 letters and
// digits. Errors: invalid.
[[nodiscard]] base::Result<std::string> fix_branch(int issue, std::string_view operation);
// Whether fix_branch() may have made it: the only branches that are ever written or deleted.
[[nodiscard]] bool is_fix_branch(std::string_view name);

// Whether `url` is https, or http to this very host (the embedded forge), with a path and without
// user, query or fragment. Errors: denied.
[[nodiscard]] base::Status check_remote(std::string_view url);

}  // namespace gitops
