// The JSON of pull requests: GitHub's own shapes. Checked like forge_codec.h. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "forge/git_codec.h"

namespace forge {

struct PullView {
  const Issue& issue;
  const Pull& pull;
  const std::vector<User>& reviewers;
  Role author_role;
};

// What a single pull request shows beside what lists show.
struct PullDetails {
  std::optional<bool> is_mergeable;  // Absent: it is closed.
  std::string merge_state;           // "clean", "dirty", "blocked", "behind", "draft", "unstable".
  int commits = 0;
  int additions = 0;
  int deletions = 0;
  int files = 0;
};

// pull-request-simple; `repository` is shown as both ends' own.
[[nodiscard]] nlohmann::json pull_json(const PullView& view, const nlohmann::json& repository,
                                       const Place& place);
// Makes it a pull-request.
void add_details(const PullView& view, const PullDetails& details, const Urls& urls,
                 nlohmann::json& shown);
[[nodiscard]] nlohmann::json review_json(const Review& review, int number, Role author_role,
                                         const Place& place);
// pull-request-review-comment; without `line` and `position` once the head has moved on.
[[nodiscard]] nlohmann::json line_comment_json(const LineComment& comment, const Pull& pull,
                                               Role author_role, const Place& place);

}  // namespace forge
