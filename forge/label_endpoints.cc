#include <optional>
#include <utility>

#include "base/text.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"
#include "forge/issue_changes.h"

namespace forge {
namespace {

using Json = nlohmann::json;

Reply list_labels(SqliteStore& store, const Call& call) {
  const Page page = parse_page(call.request.query);
  return reply::list(call, list_json(call, store.list_labels(call.repository, page)), page,
                     store.count_labels(call.repository));
}

Reply get_label(SqliteStore& store, const Call& call) {
  const auto label = store.find_label(call.repository, param(call, "name"));
  return label ? reply::ok(to_json(call, *label)) : reply::not_found();
}

std::optional<FieldError> check_label(const LabelInput& input) {
  if (input.name) {
    if (auto error = check_label_name(*input.name)) return error;
  }
  if (input.color) {
    if (auto error = check_color(*input.color)) return error;
  }
  return input.description ? check_description(*input.description) : std::nullopt;
}

Reply create_label(SqliteStore& store, const Call& call) {
  const auto input = parse_label_input(call.body);
  if (!input.ok()) return reply::refuse_field("Label", input.error().message);
  if (!input->name) return reply::refuse({"Label", "name", "missing_field", ""});
  if (auto error = check_label(*input)) return reply::refuse(std::move(*error));
  if (store.find_label(call.repository, *input->name)) {
    return reply::refuse({"Label", "name", "already_exists", ""});
  }
  const std::string color = base::to_lower_ascii(input->color.value_or(std::string(kDefaultColor)));
  Json label =
      to_json(call, store.add_label(call.repository, *input->name, color, input->description));
  call.announcements.push_back({"label", "created", 0, {{"label", label}}});
  return reply::created(std::move(label));
}

void announce_edit(const Call& call, const Label& before, const Label& after) {
  Json changes = Json::object();
  if (after.name != before.name) changes["name"] = {{"from", before.name}};
  if (after.color != before.color) changes["color"] = {{"from", before.color}};
  if (after.description != before.description) {
    changes["description"] = {{"from", before.description.value_or("")}};
  }
  if (changes.empty()) return;
  call.announcements.push_back(
      {"label", "edited", 0, {{"label", to_json(call, after)}, {"changes", std::move(changes)}}});
}

Reply edit_label(SqliteStore& store, const Call& call) {
  auto label = store.find_label(call.repository, param(call, "name"));
  if (!label) return reply::not_found();
  const auto input = parse_label_input(call.body);
  if (!input.ok()) return reply::refuse_field("Label", input.error().message);
  if (auto error = check_label(*input)) return reply::refuse(std::move(*error));
  const Label before = *label;
  if (input->name) {
    const auto other = store.find_label(call.repository, *input->name);
    if (other && other->id != label->id)
      return reply::refuse({"Label", "name", "already_exists", ""});
    label->name = *input->name;
  }
  if (input->color) label->color = base::to_lower_ascii(*input->color);
  if (input->description) label->description = input->description;
  store.save_label(*label);
  announce_edit(call, before, *label);
  return reply::ok(to_json(call, *label));
}

Reply delete_label(SqliteStore& store, const Call& call) {
  const auto label = store.find_label(call.repository, param(call, "name"));
  if (!label) return reply::not_found();
  store.remove_label(label->id);
  call.announcements.push_back({"label", "deleted", 0, {{"label", to_json(call, *label)}}});
  return reply::no_content();
}

Reply list_issue_labels(SqliteStore& store, const Call& call) {
  const auto issue = issue_of(store, call);
  return issue ? reply::slice(call, list_json(call, issue->labels)) : reply::not_found();
}

Reply change_issue_labels(SqliteStore& store, const Call& call, bool only_these) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  const auto names = parse_label_names(call.body);
  if (!names.ok()) return reply::refuse_field("Label", names.error().message);
  if (auto refused = put_labels(store, call, *issue, *names, only_these)) return *refused;
  return reply::ok(list_json(call, issue->labels));
}

Reply add_issue_labels(SqliteStore& store, const Call& call) {
  return change_issue_labels(store, call, false);
}
Reply set_issue_labels(SqliteStore& store, const Call& call) {
  return change_issue_labels(store, call, true);
}

Reply clear_issue_labels(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  if (auto refused = put_labels(store, call, *issue, {}, true)) return *refused;
  return reply::no_content();
}

Reply remove_issue_label(SqliteStore& store, const Call& call) {
  auto issue = issue_of(store, call);
  if (!issue) return reply::not_found();
  const auto label = store.find_label(call.repository, param(call, "name"));
  if (!label || !contains(issue->labels, label->id)) {
    return make_refusal(404, "Label does not exist");
  }
  std::vector<std::string> rest;
  for (const Label& other : issue->labels) {
    if (other.id != label->id) rest.push_back(other.name);
  }
  if (auto refused = put_labels(store, call, *issue, rest, true)) return *refused;
  return reply::ok(list_json(call, issue->labels));
}

}  // namespace

std::vector<Endpoint> label_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/labels", read, list_labels},
      {"POST", "/repos/{owner}/{repo}/labels", write, create_label},
      {"GET", "/repos/{owner}/{repo}/labels/{name}", read, get_label},
      {"PATCH", "/repos/{owner}/{repo}/labels/{name}", write, edit_label},
      {"DELETE", "/repos/{owner}/{repo}/labels/{name}", write, delete_label},
      {"GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", read, list_issue_labels},
      {"POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, add_issue_labels},
      {"PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, set_issue_labels},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels", triage, clear_issue_labels},
      {"DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", triage,
       remove_issue_label},
  };
}

}  // namespace forge
