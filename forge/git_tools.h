// What the endpoints of git share. Only they include this.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "forge/endpoint_tools.h"
#include "forge/git_codec.h"
#include "forge/git_tables.h"
#include "git/names.h"
#include "git/repository.h"

namespace forge {

[[nodiscard]] Place place_of(const Call& call);
// Who acts, as git writes it.
[[nodiscard]] git::Person person_of(const Call& call);
[[nodiscard]] KnownCommit know(SqliteStore& store, git::Commit commit);
[[nodiscard]] nlohmann::json commits_json(SqliteStore& store, const Call& call,
                                          const std::vector<git::Commit>& commits);
[[nodiscard]] nlohmann::json changes_json(const Call& call,
                                          const std::vector<git::FileChange>& changes,
                                          const git::Sha& head);
// A text field of the body; empty when absent or of another type.
[[nodiscard]] std::string text_of(const Call& call, const char* field);
// 404, 409, 422 or 503, by the error.
[[nodiscard]] Reply refuse_git(const base::Error& error);
[[nodiscard]] Reply refuse_because(std::string_view message);  // 422 with this message.

// Which of the required contexts are not green at `sha`, by the latest word on each.
[[nodiscard]] std::vector<std::string> missing_checks(SqliteStore& store,
                                                      const Repository& repository,
                                                      const Protection& protection,
                                                      const std::string& sha);
// Of the latest word on each context: "failure", "pending" or "success"; GitHub's combined state.
[[nodiscard]] std::string combined_state(const std::vector<CommitStatus>& latest);
// The newest of each context.
[[nodiscard]] std::vector<CommitStatus> latest_statuses(SqliteStore& store,
                                                        const Repository& repository,
                                                        const std::string& sha);

}  // namespace forge
