#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/json.h"
#include "base/text.h"
#include "forge/issue_changes.h"
#include "forge/pull_tools.h"
#include "forge/ref_changes.h"

namespace forge {
namespace {

using Json = nlohmann::json;

// "owner:branch" or "branch"; empty when the owner is another one: there are no forks here.
std::string own_branch(const Call& call, std::string_view head) {
  const std::size_t colon = head.find(':');
  if (colon == head.npos) return std::string(head);
  const std::string owner(head.substr(0, colon));
  const bool is_ours = base::equal_ignoring_case(owner, call.repository.owner.login);
  return is_ours ? std::string(head.substr(colon + 1)) : "";
}

Reply list_pulls(SqliteStore& store, const Call& call) {
  const http::Request& request = call.request;
  PullFilter filter;
  const std::string_view state = request.query_value("state", "open");
  if (state != "open" && state != "closed" && state != "all") {
    return reply::refuse_field("PullRequest", "state");
  }
  filter.state = state == "open" ? IssueState::open : IssueState::closed;
  if (state == "all") filter.state = IssueState::all;
  const std::string_view head = request.query_value("head");
  filter.head = own_branch(call, head);
  if (!head.empty() && filter.head.empty()) filter.head = head;  // Of a fork: none has that name.
  filter.base = request.query_value("base");
  filter.by_update = request.query_value("sort") == "updated";
  const bool is_by_creation = request.query_value("sort", "created") == "created";
  filter.is_descending = request.query_value("direction", is_by_creation ? "desc" : "asc") != "asc";
  const Page page = parse_page(request.query);
  GitTables tables(store);
  Json list = Json::array();
  for (const Pull& pull : tables.list_pulls(call.repository, filter, page)) {
    list.push_back(show_in_list(store, call, pull));
  }
  return reply::list(call, std::move(list), page, tables.count_pulls(call.repository, filter));
}

// Where the branches stand; a reply says why no pull request can be made of them.
std::variant<Pull, Reply> read_branches(SqliteStore& store, const Call& call) {
  Pull pull;
  const auto find = [&](const char* field, std::string& branch, std::string& sha) {
    branch = own_branch(call, text_of(call, field));
    const auto ref =
        git::is_branch_name(branch) ? call.git->find_ref("refs/heads/" + branch) : std::nullopt;
    if (ref) sha = ref->sha;
    return ref.has_value();
  };
  if (!find("head", pull.head, pull.head_sha)) return reply::refuse_field("PullRequest", "head");
  if (!find("base", pull.base, pull.base_sha)) return reply::refuse_field("PullRequest", "base");
  PullFilter same;
  same.head = pull.head;
  same.base = pull.base;
  const std::string pair = pull.base + " and " + pull.head;
  const std::string owner = call.repository.owner.login;
  if (GitTables(store).count_pulls(call.repository, same) > 0) {
    return reply::refuse({"PullRequest", "base", "custom",
                          "A pull request already exists for " + owner + ":" + pull.head + "."});
  }
  const git::Divergence found = call.git->compare(pull.base_sha, pull.head_sha);
  if (!found.merge_base) {
    return reply::refuse({"PullRequest", "base", "custom", pair + " have no history in common"});
  }
  if (found.ahead == 0) {
    return reply::refuse({"PullRequest", "base", "custom", "No commits between " + pair});
  }
  return pull;
}

Reply create_pull(SqliteStore& store, const Call& call) {
  const auto input = parse_issue_input(call.body.is_object() ? call.body : Json::object());
  if (!input.ok()) return reply::refuse_field("PullRequest", input.error().message);
  if (!input->title) return reply::refuse({"PullRequest", "title", "missing_field", ""});
  if (auto error = check_title(*input->title)) return reply::refuse(std::move(*error));
  const std::string body = input->body.value_or("");
  if (auto error = check_issue_body(body)) return reply::refuse(std::move(*error));
  auto read = read_branches(store, call);
  if (const auto* refused = std::get_if<Reply>(&read)) return *refused;
  auto pull = std::get<Pull>(std::move(read));
  const auto text = body.empty() ? std::nullopt : std::make_optional(body);
  const Issue issue = store.add_issue(call.repository, call.user, *input->title, text, call.now);
  pull.issue_id = issue.id;
  pull.number = issue.number;
  pull.is_draft = base::get_bool(call.body, "draft");
  GitTables(store).add_pull(pull);
  const base::Status kept = call.git->create_ref(pull_ref(pull.number), pull.head_sha);
  if (!kept.ok() && kept.error().code != base::ErrorCode::conflict) return refuse_git(kept.error());
  announce_pull(call, "opened", pull.number);
  return reply::created(show_whole(store, call, pull));
}

Reply get_pull(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  return pull ? reply::ok(show_whole(store, call, *pull)) : reply::not_found();
}

// An answer means the new base is refused.
std::optional<Reply> change_base(SqliteStore& store, const Call& call, Pull& pull) {
  const std::string base = text_of(call, "base");
  if (base.empty() || base == pull.base) return std::nullopt;
  const auto ref =
      git::is_branch_name(base) ? call.git->find_ref("refs/heads/" + base) : std::nullopt;
  if (!ref || !pull.is_open || base == pull.head) return reply::refuse_field("PullRequest", "base");
  const Json changes = {
      {"base", {{"ref", {{"from", pull.base}}}, {"sha", {{"from", pull.base_sha}}}}}};
  pull.base = base;
  pull.base_sha = ref->sha;
  GitTables(store).save_pull(pull);
  announce_pull(call, "edited", pull.number, {{"changes", changes}});
  return std::nullopt;
}

Reply edit_pull(SqliteStore& store, const Call& call) {
  auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  auto issue = store.find_issue(call.repository, pull->number);
  const auto input = parse_issue_input(call.body.is_object() ? call.body : Json::object());
  if (!input.ok()) return reply::refuse_field("PullRequest", input.error().message);
  if (issue->author.id != call.user.id && call.role < Role::write) return reply::forbid("push");
  if (input->state && *input->state != "open" && *input->state != "closed") {
    return reply::refuse_field("PullRequest", "state");
  }
  if (input->title) {
    if (auto error = check_title(*input->title)) return reply::refuse(std::move(*error));
  }
  if (input->body) {
    if (auto error = check_issue_body(*input->body)) return reply::refuse(std::move(*error));
  }
  if (auto refused = change_base(store, call, *pull)) return *refused;
  if (input->state == "open") {
    if (auto refused = follow_again(store, call, pull->number)) return *refused;
  }
  change_text(store, call, *issue, *input);
  IssueInput state;
  state.state = input->state;
  change_state(store, call, *issue, state);
  store.save_issue(*issue);
  return get_pull(store, call);
}

Reply list_files(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const auto changes = call.git->changes(start_of(*call.git, *pull), pull->head_sha);
  return reply::slice(call, changes_json(call, changes, pull->head_sha));
}

Reply list_pull_commits(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  git::Log log =
      call.git->log({pull->head_sha, start_of(*call.git, *pull), "", {}, {}, 0, kEverything.size});
  std::reverse(log.commits.begin(), log.commits.end());
  return reply::slice(call, commits_json(store, call, log.commits));
}

Reply list_pulls_of_commit(SqliteStore& store, const Call& call) {
  const auto sha = call.git->resolve(param(call, "commit_sha"));
  if (!sha) return reply::not_found();
  PullFilter filter;
  filter.state = IssueState::all;
  filter.sha = *sha;
  Json all = Json::array();
  for (const Pull& pull : GitTables(store).list_pulls(call.repository, filter, kEverything)) {
    all.push_back(show_in_list(store, call, pull));
  }
  return reply::slice(call, all);
}

// ---- Who is asked to review ----

Reply get_reviewers(SqliteStore& store, const Call& call) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  Json users = Json::array();
  for (const User& user : GitTables(store).list_reviewers(pull->issue_id)) {
    users.push_back(user_json(user, call.urls));
  }
  return reply::ok({{"users", std::move(users)}, {"teams", Json::array()}});
}

// Asks for reviews, or takes that back.
Reply change_reviewers(SqliteStore& store, const Call& call, bool is_adding) {
  const auto pull = pull_of(store, call);
  if (!pull) return reply::not_found();
  const auto issue = store.find_issue(call.repository, pull->number);
  GitTables tables(store);
  std::vector<User> users = tables.list_reviewers(pull->issue_id);
  const Json names =
      call.body.is_object() ? base::get_array(call.body, "reviewers") : Json::array();
  for (const Json& name : names) {
    const auto user = name.is_string() ? store.find_user(name.get<std::string>()) : std::nullopt;
    if (!user || call.rights.of(user->login) == Role::none) {
      return refuse_because("Reviews may only be requested from collaborators.");
    }
    if (user->id == issue->author.id) {
      return refuse_because("Review cannot be requested from pull request author.");
    }
    const auto at = std::find_if(users.begin(), users.end(),
                                 [&](const User& known) { return known.id == user->id; });
    if ((at == users.end()) != is_adding) continue;
    if (is_adding) {
      users.push_back(*user);
    } else {
      users.erase(at);
    }
    announce_pull(call, is_adding ? "review_requested" : "review_request_removed", pull->number,
                  {{"requested_reviewer", user_json(*user, call.urls)}});
  }
  tables.set_reviewers(pull->issue_id, users);
  Json shown = show_in_list(store, call, *pull);
  return is_adding ? reply::created(std::move(shown)) : reply::ok(std::move(shown));
}

Reply add_reviewers(SqliteStore& store, const Call& call) {
  return change_reviewers(store, call, true);
}
Reply remove_reviewers(SqliteStore& store, const Call& call) {
  return change_reviewers(store, call, false);
}

}  // namespace

std::vector<Endpoint> pull_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/pulls", read, list_pulls},
      {"POST", "/repos/{owner}/{repo}/pulls", write, create_pull},
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}", read, get_pull},
      {"PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", read, edit_pull},
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", read, list_files},
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", read, list_pull_commits},
      {"GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", read, list_pulls_of_commit},
      {"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", read, get_reviewers},
      {"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", write,
       add_reviewers},
      {"DELETE", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", write,
       remove_reviewers},
  };
}

}  // namespace forge
