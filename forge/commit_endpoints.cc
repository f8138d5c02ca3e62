// Commits as GitHub shows them, comparison, statuses and check runs.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "forge/git_tools.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr int kComparedMax = 250;  // Commits in a comparison, as on GitHub.

std::optional<base::WallTime> read_time(const Call& call, std::string_view name) {
  return base::parse_utc(call.request.query_value(name));
}

Reply list_commits(SqliteStore& store, const Call& call) {
  const std::string name(call.request.query_value("sha", "main"));
  const auto from = call.git->resolve(name);
  if (!from) return reply::not_found();
  git::LogQuery query;
  query.from = *from;
  query.path = call.request.query_value("path");
  if (!query.path.empty() && !git::is_tree_path(query.path)) {
    return reply::list(call, Json::array(), {}, 0);
  }
  query.since = read_time(call, "since");
  query.until = read_time(call, "until");
  const Page page = parse_page(call.request.query);
  query.offset = page.offset();
  query.limit = page.size;
  const git::Log log = call.git->log(query);
  return reply::list(call, commits_json(store, call, log.commits), page, log.total);
}

// The commit the path's ref names.
std::optional<git::Commit> commit_of(const Call& call, const char* name) {
  const auto sha = call.git->resolve(param(call, name));
  return sha ? call.git->commit(*sha) : std::nullopt;
}

Reply no_commit(const Call& call, const char* name) {
  return refuse_because("No commit found for SHA: " + param(call, name).substr(0, 100));
}

Reply show_commit(SqliteStore& store, const Call& call) {
  const auto commit = commit_of(call, "ref");
  if (!commit) return no_commit(call, "ref");
  const git::Sha parent = commit->parents.empty() ? "" : commit->parents.front();
  const auto changes = call.git->changes(parent, commit->sha);
  int additions = 0;
  int deletions = 0;
  for (const git::FileChange& change : changes) {
    additions += change.additions;
    deletions += change.deletions;
  }
  Json shown = commit_json(know(store, *commit), place_of(call));
  shown["stats"] = {
      {"additions", additions}, {"deletions", deletions}, {"total", additions + deletions}};
  shown["files"] = changes_json(call, changes, commit->sha);
  return reply::ok(std::move(shown));
}

// "main...fix" to two commits; ".." and a user's name before ":" are understood as well.
std::optional<std::pair<git::Sha, git::Sha>> read_basehead(const Call& call) {
  const std::string& text = param(call, "basehead");
  std::size_t at = text.find("...");
  const std::size_t width = at == text.npos ? 2 : 3;
  if (at == text.npos) at = text.find("..");
  if (at == text.npos) return std::nullopt;
  const auto without_user = [](std::string_view name) {
    return name.substr(name.find(':') == name.npos ? 0 : name.find(':') + 1);
  };
  const std::string_view whole(text);
  const auto base = call.git->resolve(without_user(whole.substr(0, at)));
  const auto head = call.git->resolve(without_user(whole.substr(at + width)));
  if (!base || !head) return std::nullopt;
  return std::pair{*base, *head};
}

Reply compare(SqliteStore& store, const Call& call) {
  const auto range = read_basehead(call);
  if (!range) return reply::not_found();
  const auto& [base, head] = *range;
  const git::Divergence found = call.git->compare(base, head);
  if (!found.merge_base) {
    return make_refusal(404, "No common ancestor between " + base + " and " + head + ".");
  }
  git::Log log = call.git->log({head, base, "", {}, {}, 0, kComparedMax});
  std::reverse(log.commits.begin(), log.commits.end());
  const char* status = "identical";
  if (found.ahead > 0) status = found.behind > 0 ? "diverged" : "ahead";
  if (found.ahead == 0 && found.behind > 0) status = "behind";
  const std::string range_text = base + "..." + head;
  const std::string page = place_of(call).page() + "/compare/" + range_text;
  const auto shown = [&](const git::Sha& sha) {
    return commit_json(know(store, *call.git->commit(sha)), place_of(call));
  };
  return reply::ok(
      {{"url", place_of(call).api() + "/compare/" + range_text},
       {"html_url", page},
       {"permalink_url", page},
       {"diff_url", page + ".diff"},
       {"patch_url", page + ".patch"},
       {"base_commit", shown(base)},
       {"merge_base_commit", shown(*found.merge_base)},
       {"status", status},
       {"ahead_by", found.ahead},
       {"behind_by", found.behind},
       {"total_commits", found.ahead},
       {"commits", commits_json(store, call, log.commits)},
       {"files", changes_json(call, call.git->changes(*found.merge_base, head), head)}});
}

// ---- Statuses ----

Json branches_at(const Call& call, const git::Sha& sha) {
  Json list = Json::array();
  for (const git::Ref& ref : call.git->refs("refs/heads/")) {
    if (ref.sha != sha) continue;
    list.push_back(short_branch_json(git::branch_of(ref.name), sha, false, place_of(call)));
  }
  return list;
}

Reply create_status(SqliteStore& store, const Call& call) {
  const auto commit = call.git->commit(param(call, "sha"));
  if (!commit) return no_commit(call, "sha");
  auto status = parse_status(call.body);
  if (!status.ok()) return reply::refuse_field("Status", status.error().message);
  status->sha = commit->sha;
  status->creator = call.user;
  status->created = call.now;
  const CommitStatus added = GitTables(store).add_status(call.repository, *status);
  Json shown = status_json(added, place_of(call));
  Json told = {{"id", added.id},
               {"sha", added.sha},
               {"name", call.repository.full_name()},
               {"commit", commit_json(know(store, *commit), place_of(call))},
               {"branches", branches_at(call, added.sha)}};
  told["commit"]["commit"]["verification"].erase("verified_at");
  for (const char* field :
       {"target_url", "context", "description", "state", "created_at", "updated_at"}) {
    told[field] = shown[field];
  }
  call.announcements.push_back({"status", "", 0, std::move(told)});
  return reply::created(std::move(shown));
}

Reply list_statuses(SqliteStore& store, const Call& call) {
  const auto sha = call.git->resolve(param(call, "ref"));
  if (!sha) return reply::not_found();
  Json all = Json::array();
  for (const CommitStatus& status : GitTables(store).list_statuses(call.repository, *sha)) {
    all.push_back(status_json(status, place_of(call)));
  }
  return reply::slice(call, all);
}

Reply get_combined(SqliteStore& store, const Call& call) {
  const auto sha = call.git->resolve(param(call, "ref"));
  if (!sha) return reply::not_found();
  const auto latest = latest_statuses(store, call.repository, *sha);
  Json list = Json::array();
  for (const CommitStatus& status : latest) {
    list.push_back(status_json(status, place_of(call)));
    list.back().erase("creator");
  }
  const std::string commit = place_of(call).api() + "/commits/" + *sha;
  return reply::ok({{"state", combined_state(latest)},
                    {"statuses", std::move(list)},
                    {"sha", *sha},
                    {"total_count", latest.size()},
                    {"repository", repository_json(call.repository, call.role, call.urls)},
                    {"commit_url", commit},
                    {"url", commit + "/status"}});
}

// ---- Check runs ----

void announce_check(const Call& call, const CheckRun& check, bool is_new) {
  const char* action = is_new ? "created" : "completed";
  if (!is_new && check.status != "completed") return;
  call.announcements.push_back(
      {"check_run",
       action,
       0,
       {{"check_run", payload_check_json(check, call.repository.owner, place_of(call))}}});
}

Reply create_check(SqliteStore& store, const Call& call) {
  const auto commit = call.git->commit(text_of(call, "head_sha"));
  if (!commit) return refuse_because("No commit found for SHA: " + text_of(call, "head_sha"));
  CheckRun check;
  check.sha = commit->sha;
  check.started = call.now;
  if (base::Status read = read_check_input(call.body, call.now, check); !read.ok()) {
    return reply::refuse_field("CheckRun", read.error().message);
  }
  check = GitTables(store).add_check(call.repository, check);
  announce_check(call, check, true);
  if (check.status == "completed") announce_check(call, check, false);
  return reply::created(check_json(check, place_of(call)));
}

Reply get_check(SqliteStore& store, const Call& call) {
  const auto check =
      GitTables(store).find_check(call.repository, numeric_param(call, "check_run_id"));
  return check ? reply::ok(check_json(*check, place_of(call))) : reply::not_found();
}

Reply edit_check(SqliteStore& store, const Call& call) {
  auto check = GitTables(store).find_check(call.repository, numeric_param(call, "check_run_id"));
  if (!check) return reply::not_found();
  const bool was_completed = check->status == "completed";
  if (base::Status read = read_check_input(call.body, call.now, *check); !read.ok()) {
    return reply::refuse_field("CheckRun", read.error().message);
  }
  GitTables(store).save_check(*check);
  if (!was_completed) announce_check(call, *check, false);
  return reply::ok(check_json(*check, place_of(call)));
}

Reply list_checks(SqliteStore& store, const Call& call) {
  const auto sha = call.git->resolve(param(call, "ref"));
  if (!sha) return reply::not_found();
  const std::string_view name = call.request.query_value("check_name");
  const std::string_view status = call.request.query_value("status");
  const bool is_latest = call.request.query_value("filter", "latest") != "all";
  std::vector<std::string> seen;
  Json all = Json::array();
  for (const CheckRun& check : GitTables(store).list_checks(call.repository, *sha)) {
    const bool is_old = std::find(seen.begin(), seen.end(), check.name) != seen.end();
    seen.push_back(check.name);
    if (is_latest && is_old) continue;
    if (!name.empty() && check.name != name) continue;
    if (!status.empty() && check.status != status) continue;
    all.push_back(check_json(check, place_of(call)));
  }
  Reply page = reply::slice(call, all);
  page.body = {{"total_count", all.size()}, {"check_runs", std::move(page.body)}};
  return page;
}

}  // namespace

std::vector<Endpoint> commit_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/commits", read, list_commits},
      {"GET", "/repos/{owner}/{repo}/commits/{ref}", read, show_commit},
      {"GET", "/repos/{owner}/{repo}/compare/{basehead}", read, compare},
      {"POST", "/repos/{owner}/{repo}/statuses/{sha}", write, create_status},
      {"GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", read, list_statuses},
      {"GET", "/repos/{owner}/{repo}/commits/{ref}/status", read, get_combined},
      {"POST", "/repos/{owner}/{repo}/check-runs", write, create_check},
      {"GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", read, get_check},
      {"PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", write, edit_check},
      {"GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", read, list_checks},
  };
}

}  // namespace forge
