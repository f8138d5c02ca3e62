#include "forge/issue_changes.h"

#include <algorithm>
#include <utility>

#include "forge/endpoint_tools.h"

namespace forge {
namespace {

void tell(SqliteStore& store, const Call& call, const Issue& issue, Event event,
          nlohmann::json extra) {
  event.actor = call.user;
  event.created = call.now;
  call.announcements.push_back(
      {"issues", std::string(to_string(event.kind)), issue.number, std::move(extra)});
  store.add_event(issue.id, event);
}

void tell(SqliteStore& store, const Call& call, const Issue& issue, EventKind kind,
          std::string before, std::string after, nlohmann::json extra = {}) {
  tell(store, call, issue,
       {0, {}, kind, std::move(before), std::move(after), std::nullopt, call.now},
       std::move(extra));
}

// The labels of these names, made when unknown, as GitHub does; each once.
std::vector<Label> ensure_labels(SqliteStore& store, const Call& call,
                                 const std::vector<std::string>& names) {
  std::vector<Label> labels;
  for (const std::string& name : names) {
    auto label = store.find_label(call.repository, name);
    if (!label) {
      label = store.add_label(call.repository, name, kDefaultColor, std::nullopt);
      call.announcements.push_back({"label", "created", 0, {{"label", to_json(call, *label)}}});
    }
    if (!contains(labels, label->id)) labels.push_back(*label);
  }
  return labels;
}

std::optional<FieldError> check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (auto error = check_label_name(name)) return error;
  }
  return std::nullopt;
}

}  // namespace

bool contains(const std::vector<Label>& labels, Id id) {
  return std::any_of(labels.begin(), labels.end(), [id](const Label& l) { return l.id == id; });
}

std::optional<Reply> put_labels(SqliteStore& store, const Call& call, Issue& issue,
                                const std::vector<std::string>& names, bool only_these) {
  if (auto error = check_names(names)) return reply::refuse(std::move(*error));
  const std::vector<Label> wanted = ensure_labels(store, call, names);
  const std::vector<Label> had = issue.labels;
  for (const Label& label : had) {
    if (!only_these || contains(wanted, label.id)) continue;
    store.take_label_off(issue.id, label.id);
    tell(store, call, issue, EventKind::unlabeled, label.name, label.color,
         {{"label", to_json(call, label)}});
  }
  for (const Label& label : wanted) {
    if (contains(had, label.id)) continue;
    store.put_label_on(issue.id, label.id);
    tell(store, call, issue, EventKind::labeled, label.name, label.color,
         {{"label", to_json(call, label)}});
  }
  const auto now = store.find_issue(call.repository, issue.number);
  const bool is_changed = now->labels.size() != had.size() ||
                          !std::all_of(now->labels.begin(), now->labels.end(),
                                       [&](const Label& l) { return contains(had, l.id); });
  issue.labels = now->labels;
  if (is_changed) {
    issue.updated = call.now;
    store.touch_issue(issue.id, call.now);
  }
  if (issue.labels.size() <= kIssueLabelsMax) return std::nullopt;
  return reply::refuse({"Issue", "labels", "custom", "an issue cannot have more than 100 labels"});
}

std::optional<Reply> put_assignees(SqliteStore& store, const Call& call, Issue& issue,
                                   const std::vector<std::string>& logins) {
  std::vector<User> wanted;
  for (const std::string& login : logins) {
    const auto user = store.find_user(login);
    if (!user || call.rights.of(user->login) == Role::none) {
      return reply::refuse({"Issue", "assignees", "invalid", login + " cannot be assigned"});
    }
    wanted.push_back(*user);
  }
  if (wanted.size() > kAssigneesMax) return reply::refuse_field("Issue", "assignees");
  const auto has = [](const std::vector<User>& users, Id id) {
    return std::any_of(users.begin(), users.end(), [id](const User& u) { return u.id == id; });
  };
  const auto note = [&](EventKind kind, const User& user) {
    tell(store, call, issue, {0, {}, kind, "", "", user, call.now},
         {{"assignee", user_json(user, call.urls)}});
    issue.updated = call.now;
  };
  for (const User& user : issue.assignees) {
    if (!has(wanted, user.id)) note(EventKind::unassigned, user);
  }
  for (const User& user : wanted) {
    if (!has(issue.assignees, user.id)) note(EventKind::assigned, user);
  }
  store.set_assignees(issue.id, wanted);
  issue.assignees = std::move(wanted);
  return std::nullopt;
}

void change_text(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input) {
  nlohmann::json changes = nlohmann::json::object();
  if (input.title && *input.title != issue.title) {
    changes["title"] = {{"from", issue.title}};
    store.add_event(issue.id, {0, call.user, EventKind::renamed, issue.title, *input.title,
                               std::nullopt, call.now});
    issue.title = *input.title;
  }
  std::optional<std::string> body = input.body;
  if (body && body->empty()) body.reset();
  if (input.has_body && body != issue.body) {
    changes["body"] = {{"from", issue.body.value_or("")}};
    issue.body = body;
  }
  if (changes.empty()) return;
  issue.updated = call.now;
  call.announcements.push_back(
      {"issues", "edited", issue.number, {{"changes", std::move(changes)}}});
}

void change_state(SqliteStore& store, const Call& call, Issue& issue, const IssueInput& input) {
  const std::string reason = input.state_reason.value_or("");
  const bool to_open = input.state ? *input.state == "open" : issue.is_open;
  if (to_open == issue.is_open) {
    if (!to_open && !reason.empty() && reason != issue.state_reason && reason != "reopened") {
      issue.state_reason = reason;
      issue.updated = call.now;
    }
    return;
  }
  issue.is_open = to_open;
  issue.updated = call.now;
  if (to_open) {
    issue.state_reason = issue.pull ? "" : "reopened";
    issue.closed.reset();
    issue.closed_by.reset();
    tell(store, call, issue, EventKind::reopened, "", "");
  } else {
    issue.state_reason = reason.empty() || reason == "reopened" ? "completed" : reason;
    if (issue.pull) issue.state_reason.clear();  // Pull requests have none.
    issue.closed = call.now;
    issue.closed_by = call.user;
    tell(store, call, issue, EventKind::closed, "", issue.state_reason);
  }
}

bool change_milestone(SqliteStore& store, const Call& call, Issue& issue, int number) {
  if ((issue.milestone ? issue.milestone->number : 0) == number) return true;
  std::optional<Milestone> milestone;
  if (number != 0) milestone = store.find_milestone(call.repository, number);
  if (number != 0 && !milestone) return false;
  const auto note = [&](EventKind kind, const Milestone& which) {
    tell(store, call, issue, kind, which.title, "", {{"milestone", to_json(call, which)}});
  };
  if (issue.milestone) note(EventKind::demilestoned, *issue.milestone);
  if (milestone) note(EventKind::milestoned, *milestone);
  issue.milestone = std::move(milestone);
  issue.updated = call.now;
  return true;
}

void change_lock(SqliteStore& store, const Call& call, Issue& issue,
                 const std::optional<std::string>& reason) {
  if (issue.lock_reason.has_value() == reason.has_value()) return;
  issue.lock_reason = reason;
  issue.updated = call.now;
  tell(store, call, issue, reason ? EventKind::locked : EventKind::unlocked, "",
       reason.value_or(""));
}

}  // namespace forge
