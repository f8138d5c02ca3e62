#include <nlohmann/json.hpp>

#include "agents/up/status.h"
#include "base/json.h"

namespace up {
namespace {

base::Result<base::WallTime> time_of(const nlohmann::json& object) {
  const auto time = base::parse_utc(base::get_string(object, "since"));
  if (!time) return base::Error{base::ErrorCode::invalid, "read up.json: since is no UTC time"};
  return *time;
}

int small_int(const nlohmann::json& object, const char* key) {
  return static_cast<int>(base::get_int(object, key));
}

}  // namespace

std::string encode_status(const Status& status) {
  auto roles = nlohmann::json::array();
  for (const auto& role : status.roles) {
    roles.push_back({{"role", role.role},
                     {"pid", role.pid},
                     {"restarts", role.restarts},
                     {"since", base::format_utc(role.since)},
                     {"state", role.state},
                     {"last_exit", role.last_exit}});
  }
  return base::dump_json(
      {{"pid", status.pid}, {"since", base::format_utc(status.since)}, {"roles", roles}});
}

base::Result<Status> decode_status(std::string_view text) {
  const auto json = base::parse_json(text);
  if (!json.ok()) return json.error().in("read up.json");
  const auto since = time_of(*json);
  if (!since.ok()) return since.error();
  Status status{small_int(*json, "pid"), *since, {}};
  for (const auto& item : base::get_array(*json, "roles")) {
    const auto role_since = time_of(item);
    if (!role_since.ok()) return role_since.error();
    status.roles.push_back({base::get_string(item, "role"), small_int(item, "pid"),
                            small_int(item, "restarts"), *role_since,
                            base::get_string(item, "state"), base::get_string(item, "last_exit")});
  }
  return status;
}

}  // namespace up
