// GitHub's REST shapes as JSON text, to and from the structs of github.h. Unknown fields are
// ignored. Source of the shapes: GitHub's REST description, API version 2022-11-28.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "github/github.h"
#include "github/hooks.h"

namespace github {

[[nodiscard]] std::string encode(const NewIssue& issue);
[[nodiscard]] std::string encode(const IssueEdit& edit);
[[nodiscard]] std::string encode(const Label& label);
[[nodiscard]] std::string encode_body(const std::string& body);
[[nodiscard]] std::string encode_labels(const std::vector<std::string>& names);

// Errors of all: invalid (not JSON, or a field that we need is missing or of another type).
[[nodiscard]] base::Result<User> decode_user(std::string_view json);
[[nodiscard]] base::Result<Issue> decode_issue(std::string_view json);
[[nodiscard]] base::Result<Comment> decode_comment(std::string_view json);
struct IssuePage {
  std::vector<Issue> issues;  // Without pull requests.
  std::size_t entries = 0;    // With them: a full page has another one after it.
};
[[nodiscard]] base::Result<IssuePage> decode_issues(std::string_view json);
[[nodiscard]] base::Result<std::vector<Comment>> decode_comments(std::string_view json);

// The role's name where it is one of GitHub's own; for a custom role the older, coarser word.
[[nodiscard]] base::Result<Right> decode_right(std::string_view json);
struct ChangePage {
  std::vector<StateChange> changes;  // Without events of other kinds.
  std::size_t entries = 0;           // With them.
};
[[nodiscard]] base::Result<ChangePage> decode_state_changes(std::string_view json);

struct LabelPage {
  std::vector<LabelChange> changes;  // Without events of other kinds.
  std::size_t entries = 0;           // With them.
};
[[nodiscard]] base::Result<LabelPage> decode_label_changes(std::string_view json);
[[nodiscard]] base::Result<std::vector<Reaction>> decode_reactions(std::string_view json);
// True for an active member.
[[nodiscard]] base::Result<bool> decode_membership(std::string_view json);

// What an app signs to ask for a token; times in seconds since 1970.
inline constexpr std::string_view kJwtHeader = R"({"alg":"RS256","typ":"JWT"})";
struct AppClaims {
  std::string issuer;
  std::int64_t issued_at = 0, expires_at = 0;
};
[[nodiscard]] std::string encode(const AppClaims& claims);
struct InstallationToken {
  std::string token;
  base::WallTime expires_at;
  bool may_write_issues = true;  // False only where GitHub says so.
};
[[nodiscard]] base::Result<InstallationToken> decode_installation_token(std::string_view json);

[[nodiscard]] base::Result<std::vector<HookDelivery>> decode_hook_deliveries(std::string_view json);

// What GitHub says of a failure: "message" and the codes of "errors".
struct Refusal {
  std::string message;
  std::vector<std::string> codes;  // "already_exists", "too_long", …
};
[[nodiscard]] Refusal decode_refusal(std::string_view body);

}  // namespace github
