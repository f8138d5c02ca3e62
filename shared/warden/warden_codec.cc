#include "warden/warden_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;
using engine::Container;
using nlohmann::json;

constexpr std::size_t kOpLength = 26;  // A ULID.
constexpr std::size_t kTextMax = 128;
constexpr base::Duration kGraceMax = std::chrono::minutes(5);
constexpr double kCpuMax = 1024;

Error invalid(std::string_view what, std::string_view why) {
  return {ErrorCode::invalid, std::string(what) + ": " + std::string(why)};
}

json to_json(const Container& c) {
  return {{"id", c.id},
          {"name", c.name},
          {"image", c.image},
          {"image_id", c.image_id},
          {"state", engine::to_string(c.state)},
          {"oom_killed", c.oom_killed},
          {"exit_code", c.exit_code},
          {"pid", c.pid},
          {"started_at", c.started_at},
          {"finished_at", c.finished_at},
          {"health", engine::to_string(c.health)},
          {"restart_policy", engine::to_string(c.restart_policy)},
          {"restart_count", c.restart_count},
          {"memory_limit_bytes", c.memory_limit_bytes},
          {"cpu_limit", c.cpu_limit},
          {"has_volumes", c.has_volumes},
          {"labels", c.labels}};
}

base::Result<Container> container_from(const json& object) {
  Container out;
  out.id = base::get_string(object, "id");
  const auto state = engine::parse_run_state(base::get_string(object, "state"));
  const auto health = engine::parse_health_state(base::get_string(object, "health"));
  const auto policy = engine::parse_restart_policy(base::get_string(object, "restart_policy"));
  if (!engine::is_container_id(out.id)) return invalid("container", "no full id");
  if (!state || !health || !policy) return invalid("container", "state, health or restart_policy");
  out.name = base::get_string(object, "name");
  out.image = base::get_string(object, "image");
  out.image_id = base::get_string(object, "image_id");
  out.state = *state;
  out.oom_killed = base::get_bool(object, "oom_killed");
  out.exit_code = static_cast<int>(base::get_int(object, "exit_code"));
  out.pid = static_cast<int>(base::get_int(object, "pid"));
  out.started_at = base::get_string(object, "started_at");
  out.finished_at = base::get_string(object, "finished_at");
  out.health = *health;
  out.restart_policy = *policy;
  out.restart_count = static_cast<int>(base::get_int(object, "restart_count"));
  out.memory_limit_bytes = base::get_int(object, "memory_limit_bytes");
  out.cpu_limit = base::get_number(object, "cpu_limit");
  out.has_volumes = base::get_bool(object, "has_volumes");
  for (const auto& [name, value] : base::get_object(object, "labels").items()) {
    if (value.is_string()) out.labels.emplace(name, value.get<std::string>());
  }
  return out;
}

json to_json(const Member& member) {
  return {{"service", member.service}, {"container", to_json(member.container)}};
}

base::Result<Member> member_from(const json& object) {
  auto container = container_from(base::get_object(object, "container"));
  if (!container) return container.error();
  Member out{base::get_string(object, "service"), std::move(*container)};
  if (out.service.empty()) return invalid("member", "no service");
  return out;
}

json to_json(const engine::Event& event) {
  json out = {{"kind", engine::to_string(event.kind)},
              {"id", event.id},
              {"name", event.name},
              {"time_ns", event.time_ns}};
  if (event.exit_code) out["exit_code"] = *event.exit_code;
  if (!event.signal.empty()) out["signal"] = event.signal;
  if (event.health != engine::HealthState::none) out["health"] = engine::to_string(event.health);
  return out;
}

base::Result<engine::Event> event_from(const json& object) {
  engine::Event out;
  const auto kind = engine::parse_event_kind(base::get_string(object, "kind"));
  out.id = base::get_string(object, "id");
  if (!kind || !engine::is_container_id(out.id)) return invalid("event", "no kind or full id");
  out.kind = *kind;
  out.name = base::get_string(object, "name");
  out.time_ns = base::get_int(object, "time_ns");
  if (const auto code = base::get_int(object, "exit_code", -1); code >= 0) {
    out.exit_code = static_cast<int>(code);
  }
  out.signal = base::get_string(object, "signal");
  const std::string health = base::get_string(object, "health", "none");
  out.health = engine::parse_health_state(health).value_or(engine::HealthState::none);
  return out;
}

json to_json(const engine::Stats& stats) {
  return {{"id", stats.id},
          {"at", base::format_utc(stats.at)},
          {"memory_bytes", stats.memory_bytes},
          {"memory_limit_bytes", stats.memory_limit_bytes},
          {"cpu_percent", stats.cpu_percent}};
}

base::Result<engine::Stats> stats_from(const json& object) {
  engine::Stats out;
  out.id = base::get_string(object, "id");
  const auto at = base::parse_utc(base::get_string(object, "at"));
  if (!engine::is_container_id(out.id) || !at) return invalid("stats", "no full id or time");
  out.at = *at;
  out.memory_bytes = base::get_int(object, "memory_bytes");
  out.memory_limit_bytes = base::get_int(object, "memory_limit_bytes");
  out.cpu_percent = base::get_number(object, "cpu_percent");
  return out;
}

struct NoticeWriter {
  json operator()(const Connected&) const { return {{"notice", "connected"}}; }
  json operator()(const Lost& lost) const { return {{"notice", "lost"}, {"reason", lost.reason}}; }
  json operator()(const Happened& happened) const {
    return {
        {"notice", "happened"}, {"service", happened.service}, {"event", to_json(happened.event)}};
  }
  json operator()(const Sampled& sampled) const {
    return {{"notice", "sampled"}, {"service", sampled.service}, {"stats", to_json(sampled.stats)}};
  }
  json operator()(const Replicated& replicated) const {
    return {{"notice", "replicated"}, {"service", replicated.service}};
  }
};

// A non-empty printable text of bounded length.
bool is_plain(const std::string& text) {
  return !text.empty() && text.size() <= kTextMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

// Digits and capitals: the warden names files after it.
bool is_ulid(const std::string& text) {
  return text.size() == kOpLength && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// The fields that only this verb has.
std::vector<std::string_view> own_fields(Verb verb) {
  switch (verb) {
    case Verb::restart:
    case Verb::start:
    case Verb::clear_queue:
      return {};
    case Verb::recreate:
      return {"snapshot"};
    case Verb::set_limits:
      return {"memory_bytes", "cpu"};
    case Verb::scale:
      return {"count"};
  }
  return {};
}

std::optional<Error> unknown_field(const json& object, Verb verb) {
  constexpr std::array<std::string_view, 8> kFields = {
      "op_id", "epoch", "plan_hash", "expires", "verb", "id", "seen_started_at", "grace_ms"};
  const auto own = own_fields(verb);
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(kFields, name) == kFields.end() &&
        std::ranges::find(own, name) == own.end()) {
      return invalid("operation",
                     "unknown field \"" + std::string(base::cut_utf8(name, 40)) + "\"");
    }
  }
  return std::nullopt;
}

std::optional<Error> read_own_fields(const json& object, Operation& out) {
  for (const std::string_view name : own_fields(out.verb)) {
    if (!object.contains(name)) return invalid("operation", name);
  }
  out.snapshot = base::get_string(object, "snapshot");
  out.memory_bytes = base::get_int(object, "memory_bytes");
  out.cpu = base::get_number(object, "cpu");
  const auto count = base::get_int(object, "count", out.verb == Verb::scale ? -1 : 0);
  // A hash is written as an id is.
  if (out.verb == Verb::recreate && !engine::is_container_id(out.snapshot)) {
    return invalid("operation", "snapshot");
  }
  if (out.verb == Verb::set_limits) {
    if (!object["memory_bytes"].is_number_integer() || out.memory_bytes < 0) {
      return invalid("operation", "memory_bytes");
    }
    if (!object["cpu"].is_number() || !(out.cpu >= 0 && out.cpu <= kCpuMax)) {
      return invalid("operation", "cpu");
    }
    if (out.memory_bytes == 0 && out.cpu == 0) return invalid("operation", "no limit given");
  }
  if (count < 0 || count > kReplicasMax) return invalid("operation", "count");
  out.count = static_cast<int>(count);
  return std::nullopt;
}

}  // namespace

std::string encode(const Member& member) { return base::dump_json(to_json(member)); }

base::Result<Member> parse_member(std::string_view text) {
  const auto parsed = base::parse_json(text);
  return parsed ? member_from(parsed.value()) : parsed.error();
}

std::string encode(const Listing& listing) {
  json members = json::array(), replicas = json::array();
  for (const Member& member : listing.members) members.push_back(to_json(member));
  for (const Member& member : listing.replicas) replicas.push_back(to_json(member));
  return base::dump_json({{"members", std::move(members)},
                          {"missing", listing.missing},
                          {"replicas", std::move(replicas)}});
}

base::Result<Listing> parse_listing(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  const json& object = parsed.value();
  if (!object.is_object() || !object.contains("members")) return invalid("listing", "no members");
  Listing out;
  for (const json& item : base::get_array(object, "members")) {
    auto member = member_from(item);
    if (!member) return member.error();
    out.members.push_back(std::move(*member));
  }
  for (const json& item : base::get_array(object, "replicas")) {
    auto member = member_from(item);
    if (!member) return member.error();
    out.replicas.push_back(std::move(*member));
  }
  for (const json& item : base::get_array(object, "missing")) {
    if (item.is_string()) out.missing.push_back(item.get<std::string>());
  }
  return out;
}

std::string encode_kept(const std::string& snapshot) {
  return base::dump_json({{"snapshot", snapshot}});
}

base::Result<std::string> parse_kept(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  auto snapshot = base::get_string(*parsed, "snapshot");
  if (!engine::is_container_id(snapshot)) return invalid("snapshot", "no hash");
  return snapshot;
}

std::string encode_log(const std::vector<std::string>& lines) {
  return base::dump_json({{"lines", lines}});
}

base::Result<std::vector<std::string>> parse_log(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  const json& object = parsed.value();
  if (!object.is_object() || !object.contains("lines")) return invalid("log", "no lines");
  std::vector<std::string> out;
  for (const json& item : base::get_array(object, "lines")) {
    if (!item.is_string()) return invalid("log", "a line is not text");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::string encode(const Notice& notice) {
  return base::dump_json(std::visit(NoticeWriter{}, notice));
}

base::Result<Notice> parse_notice(std::string_view line) {
  const auto parsed = base::parse_json(line);
  if (!parsed) return parsed.error();
  const json& object = parsed.value();
  const std::string name = base::get_string(object, "notice");
  if (name == "connected") return Notice(Connected{});
  if (name == "lost") return Notice(Lost{base::get_string(object, "reason")});
  const std::string service = base::get_string(object, "service");
  if (name == "happened") {
    auto event = event_from(base::get_object(object, "event"));
    if (!event) return event.error();
    return Notice(Happened{service, std::move(*event)});
  }
  if (name == "sampled") {
    auto stats = stats_from(base::get_object(object, "stats"));
    if (!stats) return stats.error();
    return Notice(Sampled{service, std::move(*stats)});
  }
  if (name == "replicated") return Notice(Replicated{service});
  return invalid("notice", "unknown kind");
}

std::string encode(const Operation& operation) {
  json out = {{"op_id", operation.op},
              {"epoch", operation.epoch},
              {"plan_hash", operation.plan_hash},
              {"expires", base::format_utc(operation.expires)},
              {"verb", to_string(operation.verb)},
              {"id", operation.container},
              {"seen_started_at", operation.seen_started_at},
              {"grace_ms", base::to_ms(operation.grace)}};
  if (operation.verb == Verb::recreate) out["snapshot"] = operation.snapshot;
  if (operation.verb == Verb::scale) out["count"] = operation.count;
  if (operation.verb == Verb::set_limits) {
    out["memory_bytes"] = operation.memory_bytes;
    out["cpu"] = operation.cpu;
  }
  return base::dump_json(out);
}

base::Result<Operation> parse_operation(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error().in("operation");
  const json& object = parsed.value();
  if (!object.is_object()) return invalid("operation", "not an object");
  Operation out;
  out.op = base::get_string(object, "op_id");
  out.epoch = base::get_int(object, "epoch", -1);
  out.plan_hash = base::get_string(object, "plan_hash");
  out.container = base::get_string(object, "id");
  out.seen_started_at = base::get_string(object, "seen_started_at");
  const auto grace_ms = base::get_int(object, "grace_ms", -1);
  const auto expires = base::parse_utc(base::get_string(object, "expires"));
  const auto verb = parse_verb(base::get_string(object, "verb"));
  if (!is_ulid(out.op)) return invalid("operation", "op_id");
  if (out.epoch < 0) return invalid("operation", "epoch");
  if (!is_plain(out.plan_hash)) return invalid("operation", "plan_hash");
  if (!expires) return invalid("operation", "expires");
  if (!verb) return invalid("operation", "verb");
  if (auto error = unknown_field(object, *verb)) return *error;
  if (!engine::is_container_id(out.container)) return invalid("operation", "id");
  if (!is_plain(out.seen_started_at)) return invalid("operation", "seen_started_at");
  if (grace_ms < 0 || grace_ms > base::to_ms(kGraceMax)) return invalid("operation", "grace_ms");
  out.expires = *expires;
  out.verb = *verb;
  out.grace = base::Millis(grace_ms);
  if (auto error = read_own_fields(object, out)) return *error;
  return out;
}

std::string encode(const Performed& performed) {
  return base::dump_json({{"outcome", to_string(performed.outcome)},
                          {"started_at", performed.started_at},
                          {"id", performed.container},
                          {"snapshot", performed.snapshot}});
}

base::Result<Performed> parse_performed(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error();
  const auto outcome = parse_outcome(base::get_string(parsed.value(), "outcome"));
  if (!outcome) return invalid("performed", "unknown outcome");
  return Performed{*outcome, base::get_string(parsed.value(), "started_at"),
                   base::get_string(parsed.value(), "id"),
                   base::get_string(parsed.value(), "snapshot")};
}

std::string encode(const Error& error) {
  return base::dump_json(
      {{"error", {{"code", base::to_string(error.code)}, {"message", error.message}}}});
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::invalid:
      return 400;
    case ErrorCode::denied:
      return 403;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::timeout:
      return 504;
    case ErrorCode::unknown:
      return 502;
    case ErrorCode::corrupt:
      return 500;
  }
  return 500;
}

Error parse_error(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed) return invalid("warden's answer", "not JSON");
  const json& object = base::get_object(parsed.value(), "error");
  const auto code = base::parse_error_code(base::get_string(object, "code"));
  if (!code) return invalid("warden's answer", "no error code");
  return {*code, base::get_string(object, "message")};
}

}  // namespace warden
