// The JSON of git's things: GitHub's own shapes, out and in. Checked like forge_codec.h. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "forge/forge_codec.h"
#include "forge/git_model.h"
#include "git/model.h"

namespace forge {

// Whose repository, and where links lead.
struct Place {
  const Repository& repository;
  const Urls& urls;

  [[nodiscard]] std::string api() const { return urls.repository(repository); }
  [[nodiscard]] std::string page() const { return urls.site + "/" + repository.full_name(); }
};

// A commit with the users of this forge who wrote it, when they are known.
struct KnownCommit {
  git::Commit commit;
  std::optional<User> author;
  std::optional<User> committer;
};

[[nodiscard]] std::string make_node_id(std::string_view kind, std::string_view id);
// The address at which this forge knows its users' commits, and back; empty: not one of ours.
[[nodiscard]] std::string make_email(std::string_view login);
[[nodiscard]] std::string login_of_email(std::string_view email);

[[nodiscard]] nlohmann::json ref_json(const git::Ref& ref, const Place& place);  // git-ref
[[nodiscard]] nlohmann::json git_commit_json(const git::Commit& commit,
                                             const Place& place);                // git-commit
[[nodiscard]] nlohmann::json tag_json(const git::Tag& tag, const Place& place);  // git-tag
[[nodiscard]] nlohmann::json commit_json(const KnownCommit& commit, const Place& place);  // commit
[[nodiscard]] nlohmann::json tree_json(const git::Sha& sha,
                                       const std::vector<git::TreeEntry>& entries,
                                       const Place& place);  // git-tree
[[nodiscard]] nlohmann::json blob_json(const git::Sha& sha, std::string_view bytes,
                                       const Place& place);  // blob
// One entry of a folder; with `bytes` a whole content-file.
[[nodiscard]] nlohmann::json content_json(const git::TreeEntry& entry, std::string_view ref,
                                          const std::optional<std::string>& bytes,
                                          const Place& place);
[[nodiscard]] nlohmann::json file_change_json(const git::FileChange& change, const git::Sha& head,
                                              const Place& place);  // diff-entry
// `protection` may be null: not protected.
[[nodiscard]] nlohmann::json branch_json(const std::string& name, const KnownCommit& commit,
                                         const Protection* protection, const Place& place);
[[nodiscard]] nlohmann::json short_branch_json(const std::string& name, const git::Sha& sha,
                                               bool is_protected, const Place& place);
[[nodiscard]] nlohmann::json protection_json(const Protection& protection, const Place& place);
[[nodiscard]] nlohmann::json status_json(const CommitStatus& status, const Place& place);
[[nodiscard]] nlohmann::json check_json(const CheckRun& check, const Place& place);  // check-run

// The parts of payloads that differ from the REST shapes.
[[nodiscard]] nlohmann::json payload_commit_json(const git::Commit& commit,
                                                 const std::vector<git::FileChange>& changes,
                                                 const Place& place);
[[nodiscard]] nlohmann::json payload_check_json(const CheckRun& check, const User& owner,
                                                const Place& place);

// Errors: invalid, its message the name of the field that is wrong.
[[nodiscard]] base::Result<Protection> parse_protection(const nlohmann::json& body,
                                                        std::string branch);
[[nodiscard]] base::Status read_check_input(const nlohmann::json& body, base::WallTime now,
                                            CheckRun& check);
[[nodiscard]] base::Result<CommitStatus> parse_status(const nlohmann::json& body);

}  // namespace forge
