// How an issue changes: labels, assignees, text, state, lock and milestone. Each change leaves its
// event in the thread and is announced to the webhooks; the caller saves the issue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "forge/endpoints.h"

namespace forge {

[[nodiscard]] bool contains(const std::vector<Label>& labels, Id id);

// Puts the labels on and, when `only_these`, takes the others off. Unknown ones are made, as GitHub
// does. Saved at once. An answer means there would be too many, or a name is refused.
[[nodiscard]] std::optional<Reply> put_labels(SqliteStore& store, const Call& call, Issue& issue,
                                              const std::vector<std::string>& names,
                                              bool only_these);
// Makes these the assignees. Saved at once. An answer means somebody named cannot be assigned.
[[nodiscard]] std::optional<Reply> put_assignees(SqliteStore& store, const Call& call, Issue& issue,
                                                 const std::vector<std::string>& logins);
void change_text(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input);
void change_state(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input);
// False when there is no such milestone. 0 takes it off.
[[nodiscard]] bool change_milestone(SqliteStore& store, const Call& call, Issue& issue, int number);
// No reason: unlocked.
void change_lock(SqliteStore& store, const Call& call, Issue& issue,
                 const std::optional<std::string>& reason);

}  // namespace forge
