#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"
#include "forge/issue_changes.h"
#include "forge/pull_tools.h"

namespace forge {
namespace {

using Json = nlohmann::json;

// Reads the list's filters; an answer means one of them is nonsense.
std::optional<Reply> read_filter(const Call& call, IssueFilter& filter) {
  const http::Request& request = call.request;
  const std::string_view state = request.query_value("state", "open");
  if (state != "open" && state != "closed" && state != "all")
    return reply::refuse_field("Issue", "state");
  filter.state = state == "open" ? IssueState::open : IssueState::closed;
  if (state == "all") filter.state = IssueState::all;
  for (const std::string_view name : base::split(request.query_value("labels"), ',')) {
    if (!base::trim(name).empty()) filter.labels.emplace_back(base::trim(name));
  }
  filter.creator = request.query_value("creator");
  filter.assignee = request.query_value("assignee");
  filter.milestone = request.query_value("milestone");
  if (!read_since(call, filter.since)) return reply::refuse_field("Issue", "since");
  const std::string_view sort = request.query_value("sort", "created");
  if (sort == "updated") filter.sort = SortKey::updated;
  if (sort == "comments") filter.sort = SortKey::comments;
  filter.is_descending = request.query_value("direction", "desc") != "asc";
  return std::nullopt;
}

Reply list_issues(SqliteStore& store, const Call& call) {
  IssueFilter filter;
  filter.known_at = call.known_at;
  if (auto refused = read_filter(call, filter)) return *refused;
  const Page page = parse_page(call.request.query);
  return reply::list(call, list_json(call, store.list_issues(call.repository, filter, page)), page,
                     store.count_issues(call.repository, filter));
}

Reply get_issue(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? reply::ok(to_json(call, *issue)) : reply::not_found();
}

std::optional<FieldError> check_issue(const IssueInput& input) {
  if (input.title) {
    if (auto error = check_title(*input.title)) return error;
  }
  if (input.body) {
    if (auto error = check_issue_body(*input.body)) return error;
  }
  if (input.state && input.state != "open" && input.state != "closed") {
    return FieldError{"Issue", "state", "invalid", ""};
  }
  static const std::vector<std::string> kReasons = {"", "completed", "not_planned", "duplicate",
                                                    "reopened"};
  const bool is_known = !input.state_reason || std::find(kReasons.begin(), kReasons.end(),
                                                         *input.state_reason) != kReasons.end();
  if (!is_known) return FieldError{"Issue", "state_reason", "invalid", ""};
  return std::nullopt;
}

Reply create_issue(SqliteStore& store, const Call& call) {
  const auto input = parse_issue_input(call.body);
  if (!input.ok()) return reply::refuse_field("Issue", input.error().message);
  if (!input->title) return reply::refuse({"Issue", "title", "missing_field", ""});
  if (auto error = check_issue(*input)) return reply::refuse(std::move(*error));
  std::optional<std::string> body = input->body;
  if (body && body->empty()) body.reset();
  Issue issue = store.add_issue(call.repository, call.user, *input->title, body, call.now);
  call.announcements.push_back({"issues", "opened", issue.number, {}});
  if (call.role >= Role::triage) {  // Others' labels and assignees are dropped, as GitHub does.
    if (input->labels) {
      if (auto refused = put_labels(store, call, issue, *input->labels, true)) return *refused;
    }
    if (input->assignees) {
      if (auto refused = put_assignees(store, call, issue, *input->assignees)) return *refused;
    }
    if (input->milestone) {
      if (!change_milestone(store, call, issue, *input->milestone)) {
        return reply::refuse_field("Issue", "milestone");
      }
      store.save_issue(issue);
    }
  }
  return reply::created(to_json(call, *store.find_issue(call.repository, issue.number)));
}

Reply edit_issue(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  const auto input = parse_issue_input(call.body);
  if (!input.ok()) return reply::refuse_field("Issue", input.error().message);
  if (auto error = check_issue(*input)) return reply::refuse(std::move(*error));
  const bool is_author = issue->author.id == call.user.id;
  if ((input->title || input->has_body) && !is_author && call.role < Role::write) {
    return reply::forbid("push");
  }
  if ((input->state || input->state_reason) && !is_author && call.role < Role::triage) {
    return reply::forbid("triage");
  }
  const bool is_sorting = input->labels || input->assignees || input->milestone;
  if (is_sorting && call.role < Role::triage) return reply::forbid("triage");
  if (issue->pull && input->state == "open") {
    if (auto refused = follow_again(store, call, issue->number)) return *refused;
  }
  change_text(store, call, *issue, *input);
  if (input->labels) {
    if (auto refused = put_labels(store, call, *issue, *input->labels, true)) return *refused;
  }
  if (input->assignees) {
    if (auto refused = put_assignees(store, call, *issue, *input->assignees)) return *refused;
  }
  if (input->milestone && !change_milestone(store, call, *issue, *input->milestone)) {
    return reply::refuse_field("Issue", "milestone");
  }
  change_state(store, call, *issue, *input);
  store.save_issue(*issue);
  return reply::ok(to_json(call, *store.find_issue(call.repository, issue->number)));
}

Reply list_events(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  Json all = Json::array();
  for (const Event& event : store.list_events(issue->id)) {
    all.push_back(event_json(event, call.repository, call.urls));
  }
  return reply::slice(call, all);
}

// Of the whole repository, each with its issue.
Reply list_all_events(SqliteStore& store, const Call& call) {
  const Page page = parse_page(call.request.query);
  Json all = Json::array();
  for (const auto& [number, event] : store.list_all_events(call.repository, page)) {
    Json shown = event_json(event, call.repository, call.urls);
    shown["issue"] = to_json(call, *store.find_issue(call.repository, number));
    all.push_back(std::move(shown));
  }
  return reply::list(call, std::move(all), page, store.count_all_events(call.repository));
}

Reply list_timeline(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  CommentFilter filter;
  filter.issue_number = issue->number;
  std::vector<std::pair<base::WallTime, Json>> entries;
  for (const Event& event : store.list_events(issue->id)) {
    entries.emplace_back(event.created, event_json(event, call.repository, call.urls));
  }
  for (const Comment& comment : store.list_comments(call.repository, filter, kEverything)) {
    const Role role = call.rights.of(comment.author.login);
    entries.emplace_back(comment.created,
                         timeline_comment_json(comment, role, call.repository, call.urls));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Json all = Json::array();
  for (auto& [time, entry] : entries) all.push_back(std::move(entry));
  return reply::slice(call, all);
}

// ---- Assignees of an issue, lock ----

// Adds to the assignees or takes away; as on GitHub, names that cannot be assigned are ignored.
Reply change_assignees(SqliteStore& store, const Call& call, bool is_adding) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  const auto input = parse_issue_input(call.body);
  if (!input.ok()) return reply::refuse_field("Issue", input.error().message);
  std::vector<std::string> logins;
  for (const User& user : issue->assignees) logins.push_back(user.login);
  for (const std::string& login : input->assignees.value_or(std::vector<std::string>())) {
    const auto user = store.find_user(login);
    if (!user || call.rights.of(user->login) == Role::none) continue;
    const auto at = std::find(logins.begin(), logins.end(), user->login);
    if (is_adding && at == logins.end()) logins.push_back(user->login);
    if (!is_adding && at != logins.end()) logins.erase(at);
  }
  if (auto refused = put_assignees(store, call, *issue, logins)) return *refused;
  store.save_issue(*issue);
  Json shown = to_json(call, *store.find_issue(call.repository, issue->number));
  return is_adding ? reply::created(std::move(shown)) : reply::ok(std::move(shown));
}

Reply add_assignees(SqliteStore& store, const Call& call) {
  return change_assignees(store, call, true);
}
Reply remove_assignees(SqliteStore& store, const Call& call) {
  return change_assignees(store, call, false);
}

Reply lock_issue(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  std::string reason;
  if (!call.body.is_null()) {
    const auto text = parse_text(call.body, "lock_reason");
    if (!text.ok()) return reply::refuse_field("Issue", "lock_reason");
    reason = text->value_or("");
  }
  if (!is_lock_reason(reason)) return reply::refuse_field("Issue", "lock_reason");
  change_lock(store, call, *issue, reason);
  store.save_issue(*issue);
  return reply::no_content();
}

Reply unlock_issue(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  change_lock(store, call, *issue, std::nullopt);
  store.save_issue(*issue);
  return reply::no_content();
}

}  // namespace

std::vector<Endpoint> issue_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/issues", read, list_issues},
      {"POST", "/repos/{owner}/{repo}/issues", read, create_issue},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}", read, get_issue},
      {"PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", read, edit_issue},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", triage, add_assignees},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", triage, remove_assignees},
      {"PUT", "/repos/{owner}/{repo}/issues/{issue_number}/lock", triage, lock_issue},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/lock", triage, unlock_issue},
      {"GET", "/repos/{owner}/{repo}/issues/events", read, list_all_events},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", read, list_events},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/timeline", read, list_timeline},
  };
}

}  // namespace forge
