#include "forge/hooks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/id.h"
#include "base/json.h"
#include "forge/app_codec.h"
#include "forge/endpoint_tools.h"
#include "forge/hook_codec.h"
#include "forge/pull_tools.h"

namespace forge {
namespace {

// 8-4-4-4-12 hexadecimal digits, as GitHub's delivery ids look.
std::string make_guid() {
  base::SystemRandom random;
  std::string guid = base::make_token(random, 16);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) guid.insert(at, "-");
  return guid;
}

void enqueue(SqliteStore& store, const Call& call, const Hook& hook, std::string event,
             std::string action, std::string payload) {
  Delivery delivery;
  delivery.hook_id = hook.id;
  delivery.guid = make_guid();
  delivery.event = std::move(event);
  delivery.action = std::move(action);
  delivery.payload = std::move(payload);
  delivery.created = call.now;
  store.add_delivery(std::move(delivery));
}

// What happens to a pull request as to an issue is told as the pull request's.
bool is_of_pull(SqliteStore& store, const Call& call, const Announcement& what) {
  if (what.event == "pull_request") return true;
  return what.event == "issues" &&
         GitTables(store).find_pull(call.repository, what.issue_number).has_value();
}

std::string make_payload(SqliteStore& store, const Call& call, const Announcement& what) {
  nlohmann::json payload = what.extra.is_object() ? what.extra : nlohmann::json::object();
  if (!what.action.empty()) payload["action"] = what.action;
  if (const auto& apps = call.apps.all(); !apps.empty()) {
    payload["installation"] = installation_lite_json(apps.front().id);
  }
  if (is_of_pull(store, call, what)) {
    payload["number"] = what.issue_number;
    payload["pull_request"] = payload_pull_json(store, call, what.issue_number);
  } else if (what.issue_number != 0) {
    payload["issue"] = to_json(call, *store.find_issue(call.repository, what.issue_number));
    payload["issue"].erase("closed_by");
  }
  payload["repository"] = payload_repository_json(call.repository, call.urls);
  payload["sender"] = user_json(call.user, call.urls);
  return base::dump_json(payload);
}

}  // namespace

void publish(SqliteStore& store, const Call& call) {
  if (call.announcements.empty()) return;
  const std::vector<Hook> hooks = store.list_hooks(call.repository);
  for (const Announcement& what : call.announcements) {
    std::optional<std::string> payload;
    const std::string event = is_of_pull(store, call, what) ? "pull_request" : what.event;
    for (const Hook& hook : hooks) {
      if (!hook.wants(event)) continue;
      if (!payload) payload = make_payload(store, call, what);
      enqueue(store, call, hook, event, what.action, *payload);
    }
  }
}

void ping(SqliteStore& store, const Call& call, const Hook& hook) {
  enqueue(store, call, hook, "ping", "",
          base::dump_json(ping_payload(hook, call.repository, call.user, call.urls)));
}

}  // namespace forge
