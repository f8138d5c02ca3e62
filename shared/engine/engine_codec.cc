#include "engine/engine_codec.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace engine {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kLineBytesMax = 4096;
constexpr std::size_t kFrameHead = 8;
constexpr int kApiMinorMin = 24;
constexpr int kApiMinorMax = 44;

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double cpu_limit_of(const json& host) {
  if (const auto nano = base::get_int(host, "NanoCpus"); nano > 0) {
    return static_cast<double>(nano) / 1e9;
  }
  const auto quota = base::get_int(host, "CpuQuota");
  if (quota <= 0) return 0;
  const auto period = base::get_int(host, "CpuPeriod");
  return static_cast<double>(quota) / static_cast<double>(period > 0 ? period : 100'000);
}

std::map<std::string, std::string> labels_of(const json& config) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : base::get_object(config, "Labels").items()) {
    if (value.is_string()) labels.emplace(name, value.get<std::string>());
  }
  return labels;
}

void read_state(const json& state, Container& out) {
  out.state = parse_run_state(base::get_string(state, "Status")).value_or(RunState::dead);
  out.oom_killed = base::get_bool(state, "OOMKilled");
  out.exit_code = static_cast<int>(base::get_int(state, "ExitCode"));
  out.pid = static_cast<int>(base::get_int(state, "Pid"));
  out.started_at = base::get_string(state, "StartedAt");
  out.finished_at = base::get_string(state, "FinishedAt");
  const std::string health = base::get_string(base::get_object(state, "Health"), "Status");
  out.health = parse_health_state(health).value_or(HealthState::none);
}

// All payloads in order, or nothing when these are not frames.
std::optional<std::string> join_frames(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    if (body.size() < kFrameHead || body[0] < 0 || body[0] > 2 || body[1] != 0 || body[2] != 0 ||
        body[3] != 0) {
      return std::nullopt;
    }
    std::size_t size = 0;
    for (std::size_t i = 4; i < kFrameHead; ++i)
      size = size << 8U | static_cast<unsigned char>(body[i]);
    body.remove_prefix(kFrameHead);
    out.append(body.substr(0, size));
    body.remove_prefix(std::min(size, body.size()));
  }
  return out;
}

// Health comes within the action: "health_status: healthy".
void read_health_action(std::string_view action, Event& out) {
  const auto colon = action.find(": ");
  if (colon == std::string_view::npos) return;
  out.health = parse_health_state(action.substr(colon + 2)).value_or(HealthState::none);
}

}  // namespace

base::Result<Container> parse_container(std::string_view inspect_json) {
  auto parsed = base::parse_json(inspect_json);
  if (!parsed) return parsed.error().in("container");
  const json& object = *parsed;
  Container out;
  out.id = base::get_string(object, "Id");
  if (!is_container_id(out.id)) return Error{ErrorCode::invalid, "container: no full id"};
  out.name = base::get_string(object, "Name");
  if (out.name.starts_with('/')) out.name.erase(0, 1);
  const json& config = base::get_object(object, "Config");
  const json& host = base::get_object(object, "HostConfig");
  out.image = base::get_string(config, "Image");
  out.image_id = base::get_string(object, "Image");
  read_state(base::get_object(object, "State"), out);
  const std::string policy = base::get_string(base::get_object(host, "RestartPolicy"), "Name");
  out.restart_policy = parse_restart_policy(policy).value_or(RestartPolicy::no);
  out.restart_count = static_cast<int>(base::get_int(object, "RestartCount"));
  out.memory_limit_bytes = base::get_int(host, "Memory");
  out.cpu_limit = cpu_limit_of(host);
  for (const json& mount : base::get_array(object, "Mounts")) {
    if (!mount.is_object()) continue;
    out.has_volumes |= base::get_string(mount, "Type") == "volume" && base::get_bool(mount, "RW");
  }
  out.labels = labels_of(config);
  return out;
}

base::Result<std::vector<ContainerId>> parse_container_ids(std::string_view list_json) {
  auto parsed = base::parse_json(list_json);
  if (!parsed) return parsed.error().in("container list");
  if (!parsed->is_array()) return Error{ErrorCode::invalid, "container list: not an array"};
  std::vector<ContainerId> out;
  for (const json& item : *parsed) {
    std::string id = base::get_string(item, "Id");
    if (!is_container_id(id)) return Error{ErrorCode::invalid, "container list: no full id"};
    out.push_back(std::move(id));
  }
  return out;
}

base::Result<std::optional<Event>> parse_event(std::string_view line) {
  auto parsed = base::parse_json(line);
  if (!parsed) return parsed.error().in("event");
  const json& object = *parsed;
  // Newer engines left out `status`, older ones have both.
  const std::string action = base::get_string(object, "Action", base::get_string(object, "status"));
  const auto kind = parse_event_kind(std::string_view(action).substr(0, action.find(':')));
  if (base::get_string(object, "Type", "container") != "container" || !kind) {
    return std::optional<Event>();
  }
  const json& actor = base::get_object(object, "Actor");
  const json& attributes = base::get_object(actor, "Attributes");
  Event out;
  out.kind = *kind;
  out.id = base::get_string(actor, "ID", base::get_string(object, "id"));
  if (!is_container_id(out.id)) return Error{ErrorCode::invalid, "event: no full id"};
  out.name = base::get_string(attributes, "name");
  out.time_ns = base::get_int(object, "timeNano");
  if (*kind == EventKind::die) out.exit_code = parse_int(base::get_string(attributes, "exitCode"));
  if (*kind == EventKind::kill) out.signal = base::get_string(attributes, "signal");
  if (*kind == EventKind::health_status) read_health_action(action, out);
  return std::optional<Event>(std::move(out));
}

base::Result<Usage> parse_usage(std::string_view stats_json) {
  auto parsed = base::parse_json(stats_json);
  if (!parsed) return parsed.error().in("stats");
  const json& memory = base::get_object(*parsed, "memory_stats");
  if (!memory.contains("usage")) return Error{ErrorCode::invalid, "stats: no memory usage"};
  const json& detail = base::get_object(memory, "stats");
  // cgroup v1 says total_inactive_file, v2 inactive_file; v1 has the latter too, without children.
  const auto cache =
      base::get_int(detail, "total_inactive_file", base::get_int(detail, "inactive_file"));
  const json& cpu = base::get_object(base::get_object(*parsed, "cpu_stats"), "cpu_usage");
  return Usage{std::max<std::int64_t>(0, base::get_int(memory, "usage") - cache),
               base::get_int(memory, "limit"), base::get_int(cpu, "total_usage")};
}

std::vector<std::string> parse_log(std::string_view body, int lines) {
  const auto joined = join_frames(body);
  std::string_view text = joined ? std::string_view(*joined) : body;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty() || lines <= 0) return {};
  const auto all = base::split(text, '\n');
  const auto skip = all.size() - std::min(all.size(), static_cast<std::size_t>(lines));
  std::vector<std::string> out;
  for (std::size_t i = skip; i < all.size(); ++i) {
    out.push_back(base::clean_text(base::cut_utf8(all[i], kLineBytesMax)));
  }
  return out;
}

base::Result<std::string> parse_version(std::string_view version_json) {
  auto parsed = base::parse_json(version_json);
  if (!parsed) return parsed.error().in("engine version");
  const std::string version = base::get_string(*parsed, "Version");
  if (version.empty()) return Error{ErrorCode::invalid, "engine version: none given"};
  return base::clean_text(version + " (API " + base::get_string(*parsed, "ApiVersion") + ")");
}

base::Result<std::string> choose_api(std::string_view newest) {
  const auto minor = newest.starts_with("1.") ? parse_int(newest.substr(2)) : std::nullopt;
  if (!minor || *minor < kApiMinorMin) {
    return Error{ErrorCode::invalid, "engine API \"" +
                                         base::clean_text(base::cut_utf8(newest, 32)) +
                                         "\": 1.24 or newer is needed"};
  }
  return "1." + std::to_string(std::min(*minor, kApiMinorMax));
}

base::Result<ContainerId> parse_created_id(std::string_view body) {
  const auto parsed = base::parse_json(body);
  std::string id = parsed ? base::get_string(*parsed, "Id") : std::string();
  if (!is_container_id(id)) return Error{ErrorCode::invalid, "created container: no full id"};
  return id;
}

base::Result<std::string> parse_image_id(std::string_view image_json) {
  const auto parsed = base::parse_json(image_json);
  std::string id = parsed ? base::get_string(*parsed, "Id") : std::string();
  if (id.empty()) return Error{ErrorCode::invalid, "image: no id"};
  return id;
}

std::string parse_message(std::string_view body) {
  const auto parsed = base::parse_json(body);
  std::string message = parsed ? base::get_string(*parsed, "message") : std::string();
  if (message.empty()) message = std::string(body);
  return base::clean_text(base::cut_utf8(base::trim(message), 500));
}

}  // namespace engine
