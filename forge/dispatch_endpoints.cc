// Repository and workflow dispatch: what they ask for is told to the webhooks. No workflow is run
// here, so there are never any runs.
#include <optional>
#include <utility>

#include "forge/app_codec.h"
#include "forge/endpoint_tools.h"
#include "forge/endpoints.h"

namespace forge {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kEventTypeMax = 100;
constexpr std::size_t kPayloadFieldsMax = 10;
constexpr std::size_t kInputsMax = 25;

Json field_of(const Call& call, const char* name, Json fallback) {
  return call.body.contains(name) ? call.body[name] : std::move(fallback);
}

Json installation_of(const Call& call) {
  return installation_lite_json(call.apps.all().empty() ? 0 : call.apps.all().front().id);
}

Reply dispatch_repository(SqliteStore&, const Call& call) {
  const auto type = parse_text(call.body, "event_type");
  if (!type.ok() || type->value_or("").empty() || count_characters(**type) > kEventTypeMax) {
    return reply::refuse({"RepositoryDispatch", "event_type", "invalid", ""});
  }
  Json payload = field_of(call, "client_payload", Json::object());
  if (!payload.is_object() || payload.size() > kPayloadFieldsMax) {
    return reply::refuse({"RepositoryDispatch", "client_payload", "invalid",
                          "No more than 10 properties are allowed"});
  }
  call.announcements.push_back({"repository_dispatch",
                                **type,
                                0,
                                {{"branch", "main"},
                                 {"client_payload", std::move(payload)},
                                 {"installation", installation_of(call)}}});
  return reply::no_content();
}

// By id (from 1) or file name.
std::optional<int> find_workflow(const Call& call) {
  const std::string& wanted = param(call, "workflow_id");
  const auto& files = call.rights.workflows;
  const auto number = numeric_param(call, "workflow_id");
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i] == wanted || number == static_cast<std::int64_t>(i) + 1) {
      return static_cast<int>(i);
    }
  }
  return std::nullopt;
}

Json shown_workflow(const Call& call, int index) {
  return workflow_json(call.rights.workflows[static_cast<std::size_t>(index)], index,
                       call.repository, call.urls);
}

Reply list_workflows(SqliteStore&, const Call& call) {
  Json all = Json::array();
  for (std::size_t i = 0; i < call.rights.workflows.size(); ++i) {
    all.push_back(shown_workflow(call, static_cast<int>(i)));
  }
  const std::size_t total = all.size();
  Reply page = reply::slice(call, all);
  page.body = {{"total_count", total}, {"workflows", std::move(page.body)}};
  return page;
}

Reply get_workflow(SqliteStore&, const Call& call) {
  const auto index = find_workflow(call);
  return index ? reply::ok(shown_workflow(call, *index)) : reply::not_found();
}

Reply dispatch_workflow(SqliteStore&, const Call& call) {
  const auto index = find_workflow(call);
  if (!index) return reply::not_found();
  const auto ref = parse_text(call.body, "ref");
  if (!ref.ok() || ref->value_or("").empty()) {
    return reply::refuse({"WorkflowDispatch", "ref", "missing_field", ""});
  }
  Json inputs = field_of(call, "inputs", nullptr);
  if (!inputs.is_null() && (!inputs.is_object() || inputs.size() > kInputsMax)) {
    return reply::refuse({"WorkflowDispatch", "inputs", "invalid", ""});
  }
  call.announcements.push_back({"workflow_dispatch",
                                "",
                                0,
                                {{"inputs", std::move(inputs)},
                                 {"ref", **ref},
                                 {"workflow", shown_workflow(call, *index)["path"]}}});
  return reply::no_content();
}

Reply list_no_runs(SqliteStore&, const Call&) {
  return reply::ok({{"total_count", 0}, {"workflow_runs", Json::array()}});
}
Reply find_no_run(SqliteStore&, const Call&) { return reply::not_found(); }
Reply list_workflow_runs(SqliteStore& store, const Call& call) {
  return find_workflow(call) ? list_no_runs(store, call) : reply::not_found();
}

}  // namespace

std::vector<Endpoint> dispatch_endpoints() {
  using enum Role;
  return {
      {"POST", "/repos/{owner}/{repo}/dispatches", write, dispatch_repository},
      {"GET", "/repos/{owner}/{repo}/actions/workflows", read, list_workflows},
      {"GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}", read, get_workflow},
      {"POST", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", write,
       dispatch_workflow},
      {"GET", "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", read,
       list_workflow_runs},
      {"GET", "/repos/{owner}/{repo}/actions/runs", read, list_no_runs},
      {"GET", "/repos/{owner}/{repo}/actions/runs/{run_id}", read, find_no_run},
      {"POST", "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun", write, find_no_run},
      {"POST", "/repos/{owner}/{repo}/actions/runs/{run_id}/cancel", write, find_no_run},
  };
}

}  // namespace forge
