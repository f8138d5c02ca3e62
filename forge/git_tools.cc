#include "forge/git_tools.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace forge {

Place place_of(const Call& call) { return {call.repository, call.urls}; }

git::Person person_of(const Call& call) {
  return {call.user.login, make_email(call.user.login), call.now};
}

KnownCommit know(SqliteStore& store, git::Commit commit) {
  KnownCommit known{std::move(commit), std::nullopt, std::nullopt};
  const auto find = [&](const git::Person& person) -> std::optional<User> {
    const std::string login = login_of_email(person.email);
    return login.empty() ? std::nullopt : store.find_user(login);
  };
  known.author = find(known.commit.author);
  known.committer = find(known.commit.committer);
  return known;
}

nlohmann::json commits_json(SqliteStore& store, const Call& call,
                            const std::vector<git::Commit>& commits) {
  auto list = nlohmann::json::array();
  for (const git::Commit& commit : commits) {
    list.push_back(commit_json(know(store, commit), place_of(call)));
  }
  return list;
}

nlohmann::json changes_json(const Call& call, const std::vector<git::FileChange>& changes,
                            const git::Sha& head) {
  auto list = nlohmann::json::array();
  for (const git::FileChange& change : changes) {
    list.push_back(file_change_json(change, head, place_of(call)));
  }
  return list;
}

std::string text_of(const Call& call, const char* field) {
  return call.body.is_object() ? base::get_string(call.body, field) : "";
}

Reply refuse_because(std::string_view message) { return make_refusal(422, message); }

Reply refuse_git(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::not_found:
      return reply::not_found();
    case base::ErrorCode::conflict:
      return make_refusal(409, error.message);
    case base::ErrorCode::invalid:
      return refuse_because(error.message);
    case base::ErrorCode::denied:
    case base::ErrorCode::unavailable:
    case base::ErrorCode::timeout:
    case base::ErrorCode::unknown:
    case base::ErrorCode::corrupt:
      break;
  }
  return make_refusal(503, error.message);
}

std::vector<CommitStatus> latest_statuses(SqliteStore& store, const Repository& repository,
                                          const std::string& sha) {
  std::vector<CommitStatus> latest;
  for (CommitStatus& status : GitTables(store).list_statuses(repository, sha)) {
    const bool is_known = std::any_of(latest.begin(), latest.end(), [&](const CommitStatus& one) {
      return one.context == status.context;
    });
    if (!is_known) latest.push_back(std::move(status));
  }
  return latest;
}

std::string combined_state(const std::vector<CommitStatus>& latest) {
  const auto has = [&](std::string_view state) {
    return std::any_of(latest.begin(), latest.end(),
                       [&](const CommitStatus& status) { return status.state == state; });
  };
  if (has("failure") || has("error")) return "failure";
  return latest.empty() || has("pending") ? "pending" : "success";
}

std::vector<std::string> missing_checks(SqliteStore& store, const Repository& repository,
                                        const Protection& protection, const std::string& sha) {
  const auto statuses = latest_statuses(store, repository, sha);
  const auto checks = GitTables(store).list_checks(repository, sha);
  std::vector<std::string> missing;
  for (const std::string& context : protection.contexts) {
    const auto status = std::find_if(statuses.begin(), statuses.end(),
                                     [&](const auto& one) { return one.context == context; });
    const auto check = std::find_if(checks.begin(), checks.end(),
                                    [&](const auto& one) { return one.name == context; });
    const bool is_seen = status != statuses.end() || check != checks.end();
    const bool is_bad_status = status != statuses.end() && status->state != "success";
    const bool is_bad_check = check != checks.end() && check->conclusion != "success" &&
                              check->conclusion != "neutral" && check->conclusion != "skipped";
    if (!is_seen || is_bad_status || is_bad_check) missing.push_back(context);
  }
  return missing;
}

}  // namespace forge
