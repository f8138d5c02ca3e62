// The forge's JSON: GitHub's own shapes, out and in. Checked against GitHub's published schemas by
// tests/integration/forge_schema_test.py. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "forge/model.h"
#include "forge/rules.h"

namespace forge {

// Where the answers' links lead; no slash at the end.
struct Urls {
  std::string site;  // "http://127.0.0.1:7081": pages.
  std::string api;   // The same, or with "/api/v3" for a client that came by it.

  [[nodiscard]] std::string repository(const Repository& repository) const;
  [[nodiscard]] std::string issue(const Repository& repository, int number) const;
  [[nodiscard]] std::string comment(const Repository& repository, Id id) const;
};

struct RateLimit {
  int limit = 0;
  int used = 0;
  std::int64_t reset_s = 0;  // UTC seconds.

  [[nodiscard]] int remaining() const { return used >= limit ? 0 : limit - used; }
};

// GitHub's word for how an author stands to the repository.
[[nodiscard]] std::string_view association_word(Role role, bool is_owner);

[[nodiscard]] nlohmann::json user_json(const User& user, const Urls& urls);         // simple-user
[[nodiscard]] nlohmann::json public_user_json(const User& user, const Urls& urls);  // public-user
[[nodiscard]] nlohmann::json repository_json(const Repository& repository, Role role,
                                             const Urls& urls);  // full-repository
// `role_of` the author decides the association shown.
[[nodiscard]] nlohmann::json issue_json(const Issue& issue, Role author_role,
                                        const Repository& repository, const Urls& urls);
[[nodiscard]] nlohmann::json comment_json(const Comment& comment, Role author_role,
                                          const Repository& repository, const Urls& urls);
[[nodiscard]] nlohmann::json label_json(const Label& label, const Repository& repository,
                                        const Urls& urls);
[[nodiscard]] nlohmann::json milestone_json(const Milestone& milestone,
                                            const Repository& repository, const Urls& urls);
[[nodiscard]] nlohmann::json collaborator_json(const User& user, Role role, const Urls& urls);
[[nodiscard]] nlohmann::json event_json(const Event& event, const Repository& repository,
                                        const Urls& urls);
// The reactions to the thing at `url`.
[[nodiscard]] nlohmann::json reactions_json(const ReactionCounts& counts, const std::string& url);
// A comment as the timeline has it.
[[nodiscard]] nlohmann::json timeline_comment_json(const Comment& comment, Role author_role,
                                                   const Repository& repository, const Urls& urls);
[[nodiscard]] nlohmann::json reaction_json(const Reaction& reaction, const Urls& urls);
[[nodiscard]] nlohmann::json permission_json(const User& user, Role role, const Urls& urls);
[[nodiscard]] nlohmann::json rate_limit_json(const RateLimit& limit);

// {"message","documentation_url","status"} and, when there are any, "errors".
[[nodiscard]] nlohmann::json error_json(int status, std::string_view message,
                                        const std::vector<FieldError>& errors = {});

// What a client sent for an issue; absent fields stay as they are.
struct IssueInput {
  std::optional<std::string> title;
  std::optional<std::string> body;  // "" also for null.
  bool has_body = false;
  std::optional<std::string> state;
  std::optional<std::string> state_reason;
  std::optional<std::vector<std::string>> labels;
  std::optional<std::vector<std::string>> assignees;
  std::optional<int> milestone;  // 0 for null.
};
struct MilestoneInput {
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::optional<bool> is_open;
  bool has_due = false;
  std::optional<base::WallTime> due;  // Absent also for null.
};
struct LabelInput {
  std::optional<std::string> name;  // Of PATCH: new_name.
  std::optional<std::string> color;
  std::optional<std::string> description;
};

// Errors: invalid, its message the name of the field whose type is wrong.
[[nodiscard]] base::Result<IssueInput> parse_issue_input(const nlohmann::json& body);
[[nodiscard]] base::Result<MilestoneInput> parse_milestone_input(const nlohmann::json& body);
[[nodiscard]] base::Result<LabelInput> parse_label_input(const nlohmann::json& body);
// {"labels": [...]} or the bare list; names or objects with a name.
[[nodiscard]] base::Result<std::vector<std::string>> parse_label_names(const nlohmann::json& body);
[[nodiscard]] base::Result<std::optional<std::string>> parse_text(const nlohmann::json& body,
                                                                  const char* field);

// One line of the record file: what was asked and answered. `body` null for an empty answer.
struct RecordEntry {
  std::string_view method;
  std::string_view path_template;
  std::string_view path;
  int status = 0;
};
[[nodiscard]] std::string make_record_line(const RecordEntry& entry, std::string_view body);

}  // namespace forge
