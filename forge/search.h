// GitHub's search language for issues, as far as the forge speaks it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "forge/model.h"

namespace forge {

struct Search {
  IssueFilter filter;      // Its order is the caller's.
  std::string repository;  // "owner/name"; empty: any.
};

// Words, "quoted words" and the qualifiers repo:, is:open|closed|issue, state:, type:issue, label:,
// author:, assignee:, no:assignee|milestone, in:title,body. Errors: invalid, its message naming
// the part not understood.
[[nodiscard]] base::Result<Search> parse_search(std::string_view query);

}  // namespace forge
