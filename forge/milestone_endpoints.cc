#include <algorithm>
#include <optional>
#include <utility>

#include "forge/endpoint_tools.h"

namespace forge {
namespace {

constexpr std::size_t kMilestoneTitleMax = 255;

std::optional<Milestone> milestone_of(SqliteStore& store, const Call& call) {
  const std::int64_t number = numeric_param(call, "milestone_number");
  if (number > 1'000'000'000) return std::nullopt;
  return store.find_milestone(call.repository, static_cast<int>(number));
}

void announce(const Call& call, std::string action, const Milestone& milestone,
              nlohmann::json extra = nlohmann::json::object()) {
  extra["milestone"] = to_json(call, milestone);
  call.announcements.push_back({"milestone", std::move(action), 0, std::move(extra)});
}

// Puts what the client sent into `milestone`; an answer means it is refused.
std::optional<Reply> read_milestone(SqliteStore& store, const Call& call, Milestone& milestone) {
  const auto input = parse_milestone_input(call.body);
  if (!input.ok()) return reply::refuse_field("Milestone", input.error().message);
  if (input->title) {
    if (input->title->empty() || count_characters(*input->title) > kMilestoneTitleMax) {
      return reply::refuse_field("Milestone", "title");
    }
    for (const Milestone& other : store.list_milestones(call.repository, std::nullopt)) {
      if (other.title == *input->title && other.id != milestone.id) {
        return reply::refuse({"Milestone", "title", "already_exists", ""});
      }
    }
    milestone.title = *input->title;
  }
  if (milestone.title.empty()) return reply::refuse({"Milestone", "title", "missing_field", ""});
  if (input->description) milestone.description = *input->description;
  if (input->has_due) milestone.due = input->due;
  if (input->is_open && *input->is_open != milestone.is_open) {
    milestone.is_open = *input->is_open;
    milestone.closed.reset();
    if (!milestone.is_open) milestone.closed = call.now;
  }
  milestone.updated = call.now;
  return std::nullopt;
}

Reply list_milestones(SqliteStore& store, const Call& call) {
  const std::string_view state = call.request.query_value("state", "open");
  std::optional<bool> is_open;
  if (state != "all") is_open = state != "closed";
  auto all = store.list_milestones(call.repository, is_open);
  const bool is_by_due = call.request.query_value("sort", "due_on") == "due_on";
  std::stable_sort(all.begin(), all.end(), [&](const Milestone& a, const Milestone& b) {
    if (!is_by_due) return a.open_issues + a.closed_issues < b.open_issues + b.closed_issues;
    if (a.due.has_value() != b.due.has_value()) return a.due.has_value();
    return a.due && *a.due < *b.due;
  });
  if (call.request.query_value("direction", "asc") == "desc") std::reverse(all.begin(), all.end());
  return reply::slice(call, list_json(call, all));
}

Reply create_milestone(SqliteStore& store, const Call& call) {
  Milestone milestone;
  milestone.creator = call.user;
  milestone.created = call.now;
  if (auto refused = read_milestone(store, call, milestone)) return *refused;
  milestone = store.add_milestone(call.repository, milestone);
  announce(call, "created", milestone);
  return reply::created(to_json(call, milestone));
}

Reply get_milestone(SqliteStore& store, const Call& call) {
  const auto milestone = milestone_of(store, call);
  return milestone ? reply::ok(to_json(call, *milestone)) : reply::not_found();
}

Reply edit_milestone(SqliteStore& store, const Call& call) {
  auto milestone = milestone_of(store, call);
  if (!milestone) return reply::not_found();
  const Milestone before = *milestone;
  if (auto refused = read_milestone(store, call, *milestone)) return *refused;
  store.save_milestone(*milestone);
  nlohmann::json changes = nlohmann::json::object();
  if (milestone->title != before.title) changes["title"] = {{"from", before.title}};
  if (milestone->description != before.description) {
    changes["description"] = {{"from", before.description.value_or("")}};
  }
  if (!changes.empty()) announce(call, "edited", *milestone, {{"changes", std::move(changes)}});
  if (milestone->is_open != before.is_open) {
    announce(call, milestone->is_open ? "opened" : "closed", *milestone);
  }
  return reply::ok(to_json(call, *milestone));
}

Reply delete_milestone(SqliteStore& store, const Call& call) {
  const auto milestone = milestone_of(store, call);
  if (!milestone) return reply::not_found();
  store.remove_milestone(milestone->id);
  announce(call, "deleted", *milestone);
  return reply::no_content();
}

}  // namespace

std::vector<Endpoint> milestone_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/milestones", read, list_milestones},
      {"POST", "/repos/{owner}/{repo}/milestones", write, create_milestone},
      {"GET", "/repos/{owner}/{repo}/milestones/{milestone_number}", read, get_milestone},
      {"PATCH", "/repos/{owner}/{repo}/milestones/{milestone_number}", write, edit_milestone},
      {"DELETE", "/repos/{owner}/{repo}/milestones/{milestone_number}", write, delete_milestone},
  };
}

}  // namespace forge
