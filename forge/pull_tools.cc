#include "forge/pull_tools.h"

#include <utility>

#include "forge/hook_codec.h"

namespace forge {
namespace {

std::string merge_state(SqliteStore& store, const git::Repository& git,
                        const Repository& repository, const Pull& pull, bool is_mergeable) {
  if (pull.is_draft) return "draft";
  if (!is_mergeable) return "dirty";
  const auto protection = GitTables(store).find_protection(repository, pull.base);
  if (protection && !missing_checks(store, repository, *protection, pull.head_sha).empty()) {
    return "blocked";
  }
  const bool is_behind = !git.contains(pull.head_sha, pull.base_sha);
  if (protection && protection->is_strict && is_behind) return "behind";
  const auto statuses = latest_statuses(store, repository, pull.head_sha);
  return statuses.empty() || combined_state(statuses) == "success" ? "clean" : "unstable";
}

nlohmann::json show(SqliteStore& store, const Call& call, const Pull& pull, bool is_whole) {
  const nlohmann::json repository = payload_repository_json(call.repository, call.urls);
  const auto issue = store.find_issue(call.repository, pull.number);
  const auto reviewers = GitTables(store).list_reviewers(pull.issue_id);
  const PullView view{*issue, pull, reviewers, call.rights.of(issue->author.login)};
  nlohmann::json shown = pull_json(view, repository, place_of(call));
  if (is_whole)
    add_details(view, details_of(store, *call.git, call.repository, pull), call.urls, shown);
  return shown;
}

}  // namespace

std::optional<Pull> pull_of(SqliteStore& store, const Call& call) {
  const std::int64_t number = numeric_param(call, "pull_number");
  if (number > 1'000'000'000) return std::nullopt;
  return GitTables(store).find_pull(call.repository, static_cast<int>(number));
}

git::Sha start_of(const git::Repository& git, const Pull& pull) {
  return git.compare(pull.base_sha, pull.head_sha).merge_base.value_or(pull.base_sha);
}

PullDetails details_of(SqliteStore& store, const git::Repository& git, const Repository& repository,
                       const Pull& pull) {
  PullDetails details;
  details.merge_state = "unknown";
  if (pull.is_open) {
    details.is_mergeable = git.merges_cleanly(pull.base_sha, pull.head_sha);
    details.merge_state = merge_state(store, git, repository, pull, *details.is_mergeable);
  }
  const git::Sha start = start_of(git, pull);
  details.commits = git.log({pull.head_sha, start, "", {}, {}, 0, 0}).total;
  for (const git::FileChange& change : git.changes(start, pull.head_sha)) {
    details.additions += change.additions;
    details.deletions += change.deletions;
    ++details.files;
  }
  return details;
}

nlohmann::json show_in_list(SqliteStore& store, const Call& call, const Pull& pull) {
  return show(store, call, pull, false);
}

nlohmann::json show_whole(SqliteStore& store, const Call& call, const Pull& pull) {
  return show(store, call, pull, true);
}

nlohmann::json payload_pull_json(SqliteStore& store, const Call& call, int number) {
  const auto pull = GitTables(store).find_pull(call.repository, number);
  return show(store, call, *pull, true);
}

std::optional<Reply> follow_again(SqliteStore& store, const Call& call, int number) {
  auto pull = GitTables(store).find_pull(call.repository, number);
  if (!pull || pull->is_open) return std::nullopt;
  const auto head = call.git->find_ref("refs/heads/" + pull->head);
  const auto base = call.git->find_ref("refs/heads/" + pull->base);
  if (pull->merged || !head || !base) {
    return reply::refuse({"PullRequest", "state", "custom",
                          pull->merged ? "state cannot be changed. It is merged."
                                       : "state cannot be changed. A branch has been deleted."});
  }
  pull->head_sha = head->sha;
  pull->base_sha = base->sha;
  GitTables(store).save_pull(*pull);
  return std::nullopt;
}

}  // namespace forge
