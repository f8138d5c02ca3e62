// The parts of a page that only a pull request has: where it goes, its checks, its diff. Pure.
#pragma once

#include <string>

#include "forge/page.h"

namespace forge {

// "Open", "Merged", "Draft" or "Closed", as a badge.
[[nodiscard]] std::string pull_badge(const Issue& issue);
// "wants to merge 2 commits into main from fix".
[[nodiscard]] std::string pull_direction(const PullSide& pull, const Issue& issue);
// The checks, and whether it can be merged.
[[nodiscard]] std::string checks_section(const PullSide& pull, const Issue& issue);
[[nodiscard]] std::string diff_section(const PullSide& pull);
// The same as `git diff` would write it.
[[nodiscard]] std::string diff_text(const PullSide& pull);

}  // namespace forge
