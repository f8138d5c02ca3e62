#include "incident/event_codec.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace incident {
namespace {

using nlohmann::json;

// One description of each struct's fields serves both directions: `fields(archive, value)` visits
// them with their names; Writer fills a JSON object, Reader takes from one.
template <class A>
void fields(A& a, Signal& v) {
  a("kind", v.kind);
  a("service", v.service);
  a("container", v.container);
  a("container_name", v.container_name);
  a("image", v.image);
  a("started_at", v.started_at);
  a("at", v.at);
  a("detail", v.detail);
  a("probe", v.probe);
  a("confirmed_by", v.confirmed_by);
  a("exit_code", v.exit_code);
  a("oom_killed", v.oom_killed);
  a("by_person", v.by_person);
  a("engine_restarts", v.engine_restarts);
  a("restart_count", v.restart_count);
  a("latency_ms", v.latency_ms);
  a("bound_ms", v.bound_ms);
  a("cpu_percent", v.cpu_percent);
  a("memory_bytes", v.memory_bytes);
  a("memory_limit_bytes", v.memory_limit_bytes);
  a("replicas", v.replicas);
  a("asked", v.asked);
  a("asked_by", v.asked_by);
}
template <class A>
void fields(A& a, Evidence& v) {
  a("id", v.id);
  a("kind", v.kind);
  a("text", v.text);
  a("lines", v.lines);
}
template <class A>
void fields(A& a, Cause& v) {
  a("from", v.from);
  a("to", v.to);
  a("evidence", v.evidence);
}
template <class A>
void fields(A& a, Change& v) {
  a("field", v.field);
  a("from", v.from);
  a("to", v.to);
}
template <class A>
void fields(A& a, MenuEntry& v) {
  a("id", v.id);
  a("action", v.action);
  a("service", v.service);
  a("container", v.container);
  a("seen_started_at", v.seen_started_at);
  a("risk", v.risk);
  a("undo", v.undo);
  a("reason", v.reason);
  a("worked", v.worked);
  a("tried", v.tried);
  a("runbook", v.runbook);
  a("step", v.step);
  a("more", v.more);
  a("soak_ms", v.soak);
  a("on_failure", v.on_failure);
  a("change", v.change);
  a("snapshot", v.snapshot);
  a("commit", v.commit);
}
template <class A>
void fields(A& a, Match& v) {
  a("incident", v.incident);
  a("issue", v.issue);
  a("service", v.service);
  a("failure", v.failure);
  a("action", v.action);
  a("proven", v.proven);
  a("similarity", v.similarity);
}
template <class A>
void fields(A& a, IncidentOpened& v) {
  a("signal", v.signal);
  a("severity", v.severity);
  a("fingerprint", v.fingerprint);
  a("snapshot", v.snapshot);
}
template <class A>
void fields(A& a, SignalAdded& v) {
  a("signal", v.signal);
  a("count", v.count);
}
template <class A>
void fields(A& a, SelfHealed& v) {
  a("reason", v.reason);
}
template <class A>
void fields(A& a, VerificationTried& v) {
  a("op", v.op);
  a("attempt", v.attempt);
  a("ok", v.ok);
  a("latency_ms", v.latency_ms);
  a("detail", v.detail);
}
template <class A>
void fields(A& a, VerificationPassed& v) {
  a("op", v.op);
  a("probes", v.probes);
  a("worst_ms", v.worst_ms);
  a("detail", v.detail);
}
template <class A>
void fields(A& a, VerificationFailed& v) {
  a("op", v.op);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, DeploySeen& v) {
  a("service", v.service);
  a("container", v.container);
  a("image", v.image);
  a("image_id", v.image_id);
  a("keeps_data", v.keeps_data);
  a("snapshot", v.snapshot);
  a("commit", v.commit);
  a("version", v.version);
}
template <class A>
void fields(A& a, DeployReported& v) {
  a("service", v.service);
  a("environment", v.environment);
  a("version", v.version);
  a("commit", v.commit);
  a("status", v.status);
  a("at", v.at);
}
template <class A>
void fields(A& a, MemoryRecalled& v) {
  a("matches", v.matches);
  a("action", v.action);
  a("worked", v.worked);
  a("tried", v.tried);
}
template <class A>
void fields(A& a, MemoryIndexed& v) {
  a("failure", v.failure);
  a("action", v.action);
  a("proven", v.proven);
}
template <class A>
void fields(A& a, EvidenceCollected& v) {
  a("items", v.items);
}
template <class A>
void fields(A& a, DiagnosisMade& v) {
  a("failure", v.failure);
  a("culprit", v.culprit);
  a("confidence", v.confidence);
  a("persistence", v.persistence);
  a("path", v.path);
  a("ruled_out", v.ruled_out);
  a("explanation", v.explanation);
  a("rule", v.rule);
  a("commit", v.commit);
}
template <class A>
void fields(A& a, PlanMade& v) {
  a("hash", v.hash);
  a("generation", v.generation);
  a("expires", v.expires);
  a("menu", v.menu);
  a("asked_by", v.asked_by);
}
template <class A>
void fields(A& a, IncidentJoined& v) {
  a("root", v.root);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, PostmortemWritten& v) {
  a("text", v.text);
}
template <class A>
void fields(A& a, PlanRefused& v) {
  a("plan", v.plan);
  a("guard", v.guard);
  a("values", v.values);
  a("retry", v.retry);
}
template <class A>
void fields(A& a, Judgement& v) {
  a("entry", v.entry);
  a("answer", v.answer);
  a("guard", v.guard);
  a("values", v.values);
}
template <class A>
void fields(A& a, PlanJudged& v) {
  a("plan", v.plan);
  a("by", v.by);
  a("entries", v.entries);
}
template <class A>
void fields(A& a, ApprovalAsked& v) {
  a("plan", v.plan);
  a("expires", v.expires);
}
template <class A>
void fields(A& a, ActionIntended& v) {
  a("op", v.op);
  a("plan", v.plan);
  a("epoch", v.epoch);
  a("action", v.action);
  a("service", v.service);
  a("container", v.container);
  a("seen_started_at", v.seen_started_at);
  a("expires", v.expires);
  a("change", v.change);
  a("undoes", v.undoes);
  a("snapshot", v.snapshot);
  a("commit", v.commit);
}
template <class A>
void fields(A& a, ActionDone& v) {
  a("op", v.op);
  a("started_at", v.started_at);
  a("superseded", v.superseded);
  a("container", v.container);
  a("snapshot", v.snapshot);
}
template <class A>
void fields(A& a, ActionFailed& v) {
  a("op", v.op);
  a("error", v.error);
}
template <class A>
void fields(A& a, ActionUnknown& v) {
  a("op", v.op);
  a("error", v.error);
}
template <class A>
void fields(A& a, VerificationAsked& v) {
  a("op", v.op);
  a("service", v.service);
  a("since", v.since);
  a("soak_ms", v.soak);
}
template <class A>
void fields(A& a, UndoDone& v) {
  a("op", v.op);
}
template <class A>
void fields(A& a, IncidentResolved& v) {
  a("op", v.op);
  a("action", v.action);
  a("proven", v.proven);
}
template <class A>
void fields(A& a, Escalated& v) {
  a("to", v.to);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, IssueOpened& v) {
  a("number", v.number);
  a("url", v.url);
}
template <class A>
void fields(A& a, ApprovalGiven& v) {
  a("plan", v.plan);
  a("by", v.by);
}
template <class A>
void fields(A& a, PrOpened& v) {
  a("op", v.op);
  a("number", v.number);
  a("url", v.url);
  a("branch", v.branch);
  a("head", v.head);
}
template <class A>
void fields(A& a, PrMerged& v) {
  a("op", v.op);
  a("commit", v.commit);
}
template <class A>
void fields(A& a, PrClosed& v) {
  a("op", v.op);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, IncidentClosed& v) {
  a("reason", v.reason);
}
template <class A>
void fields(A& a, IncidentReopened& v) {
  a("by", v.by);
}
template <class A>
void fields(A& a, OperatorCommanded& v) {
  a("command", v.command);
  a("by", v.by);
  a("refusal", v.refusal);
}
template <class A>
void fields(A& a, GithubIntended& v) {
  a("op", v.op);
  a("kind", v.kind);
  a("key", v.key);
  a("digest", v.digest);
}
template <class A>
void fields(A& a, GithubDone& v) {
  a("op", v.op);
  a("number", v.number);
  a("url", v.url);
}
template <class A>
void fields(A& a, GithubFailed& v) {
  a("op", v.op);
  a("error", v.error);
}
template <class A>
void fields(A& a, GithubUnknown& v) {
  a("op", v.op);
  a("error", v.error);
}
template <class A>
void fields(A& a, OpHeld& v) {
  a("op", v.op);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, VotesCounted& v) {
  a("op", v.op);
  a("up", v.up);
  a("down", v.down);
}
template <class A>
void fields(A& a, StoodDown& v) {
  a("reason", v.reason);
  a("by", v.by);
}
template <class A>
void fields(A& a, StopSet& v) {
  a("reason", v.reason);
  a("by", v.by);
}
template <class A>
void fields(A& a, StopCleared& v) {
  a("by", v.by);
}

template <class E>
std::optional<E> parse_enum(std::string_view text);
template <>
std::optional<SignalKind> parse_enum(std::string_view t) {
  return parse_signal_kind(t);
}
template <>
std::optional<Severity> parse_enum(std::string_view t) {
  return parse_severity(t);
}
template <>
std::optional<FailureClass> parse_enum(std::string_view t) {
  return parse_failure_class(t);
}
template <>
std::optional<Persistence> parse_enum(std::string_view t) {
  return parse_persistence(t);
}
template <>
std::optional<Action> parse_enum(std::string_view t) {
  return parse_action(t);
}

struct Writer {
  json out = json::object();

  template <class T>
  void operator()(const char* key, T& value) {
    out[key] = value_of(value);
  }

  static json value_of(std::string& v) { return v; }
  static json value_of(bool& v) { return v; }
  static json value_of(int& v) { return v; }
  static json value_of(std::int64_t& v) { return v; }
  // JSON has no infinity: what would be written as null could not be read again.
  static json value_of(double& v) { return std::isfinite(v) ? v : 0.0; }
  static json value_of(base::WallTime& v) { return base::to_ms(v); }
  static json value_of(base::Duration& v) { return base::to_ms(v); }
  template <class T>
  static json value_of(std::optional<T>& v) {
    return v ? value_of(*v) : json(nullptr);
  }
  template <class T>
  static json value_of(std::vector<T>& v) {
    json list = json::array();
    for (auto& item : v) list.push_back(value_of(item));
    return list;
  }
  template <class T>
  static json value_of(T& v) {
    if constexpr (std::is_enum_v<T>) {
      return std::string(to_string(v));
    } else {
      Writer nested;
      fields(nested, v);
      return std::move(nested.out);
    }
  }
};

struct Reader {
  const json& in;
  std::string error;  // The first field that did not fit.

  template <class T>
  void operator()(const char* key, T& value) {
    const auto found = in.find(key);
    if (found == in.end() || !error.empty()) return;
    if (!read(*found, value))
      error = std::string("field \"") + key + "\" has the wrong type or value";
  }

  static bool read(const json& j, std::string& v) {
    return j.is_string() && (v = j.get<std::string>(), true);
  }
  static bool read(const json& j, bool& v) { return j.is_boolean() && (v = j.get<bool>(), true); }
  static bool read(const json& j, std::int64_t& v) {
    if (!j.is_number_integer()) return false;
    if (j.is_number_unsigned() && j.get<std::uint64_t>() > INT64_MAX) return false;
    return v = j.get<std::int64_t>(), true;
  }
  static bool read(const json& j, int& v) {
    std::int64_t wide = 0;
    if (!read(j, wide) || wide < std::numeric_limits<int>::min() ||
        wide > std::numeric_limits<int>::max())
      return false;
    return v = static_cast<int>(wide), true;
  }
  static bool read(const json& j, double& v) {
    return j.is_number() && (v = j.get<double>(), true);
  }
  static bool read(const json& j, base::WallTime& v) {
    std::int64_t ms = 0;
    return read(j, ms) && (v = base::wall_from_ms(ms), true);
  }
  static bool read(const json& j, base::Duration& v) {
    constexpr std::int64_t kMost =
        base::Duration::max().count() / 1'000'000;  // What nanoseconds hold.
    std::int64_t ms = 0;
    return read(j, ms) && ms >= -kMost && ms <= kMost && (v = base::Millis(ms), true);
  }
  template <class T>
  static bool read(const json& j, std::optional<T>& v) {
    if (j.is_null()) return v.reset(), true;
    return read(j, v.emplace());
  }
  template <class T>
  static bool read(const json& j, std::vector<T>& v) {
    if (!j.is_array()) return false;
    for (const auto& item : j) {
      if (!read(item, v.emplace_back())) return false;
    }
    return true;
  }
  template <class T>
  static bool read(const json& j, T& v) {
    if constexpr (std::is_enum_v<T>) {
      if (!j.is_string()) return false;
      const auto parsed = parse_enum<T>(j.get<std::string>());
      return parsed && (v = *parsed, true);
    } else {
      if (!j.is_object()) return false;
      Reader nested{j, ""};
      fields(nested, v);
      return nested.error.empty();
    }
  }
};

// Calls `visit` with a default-made payload of each kind until one has the name.
template <std::size_t I = 0>
std::optional<Payload> payload_named(std::string_view name) {
  if constexpr (I == std::variant_size_v<PayloadVariant>) {
    return std::nullopt;
  } else {
    Payload candidate(std::in_place_index<I>);
    if (name_of(candidate) == name) return candidate;
    return payload_named<I + 1>(name);
  }
}

template <class T>
json encode_value(const T& value) {
  T copy = value;
  return Writer::value_of(copy);
}

json payload_json(const Payload& what) {
  return std::visit([](const auto& value) { return encode_value(value); }, what);
}

json phases(const Incident& incident) {
  json out = json::object();
  for (const auto& [phase, moment] : incident.reached) {
    out[phase] = {{"at", base::format_utc(moment.at)}, {"boot_ms", base::to_ms(moment.boot)}};
  }
  return out;
}

template <class T>
json optional_json(const std::optional<T>& value) {
  return value ? encode_value(*value) : json(nullptr);
}

json attempts(const Incident& incident) {
  json out = json::array();
  for (const auto& attempt : incident.attempts) {
    json item = encode_value(attempt.intent);
    item["state"] = std::string(to_string(attempt.state));
    item["started_at"] = attempt.started_at;
    item["error"] = attempt.error;
    item["container_after"] = attempt.container;
    item["snapshot_before"] = attempt.snapshot;
    item["pull"] = optional_json(attempt.pull);
    item["merged"] = attempt.merged;
    item["closed"] = attempt.closed;
    item["intended_at"] = base::to_ms(attempt.intended_at);
    item["ended_at"] = attempt.ended_at ? json(base::to_ms(*attempt.ended_at)) : json(nullptr);
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

std::string encode(const Payload& what) { return base::dump_json(payload_json(what)); }

base::Result<Payload> decode(std::string_view name, std::string_view text) {
  auto payload = payload_named(name);
  if (!payload) return base::Error{base::ErrorCode::invalid, "unknown event " + std::string(name)};
  auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error().in(name);
  if (!parsed->is_object())
    return base::Error{base::ErrorCode::invalid, std::string(name) + ": payload is not an object"};
  Reader reader{*parsed, ""};
  std::visit([&](auto& value) { fields(reader, value); }, *payload);
  if (!reader.error.empty())
    return base::Error{base::ErrorCode::invalid, std::string(name) + ": " + reader.error};
  return *std::move(payload);
}

json to_json(const Event& event) {
  return {{"id", event.id},
          {"incident", event.incident},
          {"role", std::string(to_string(event.role))},
          {"at", base::format_utc(event.at)},
          {"boot_ms", base::to_ms(event.boot)},
          {"event", std::string(name_of(event.what))},
          {"payload", payload_json(event.what)}};
}

json to_json(const Incident& incident) {
  json out = {{"id", incident.id},
              {"state", std::string(to_string(incident.state))},
              {"service", incident.signal.service},
              {"severity", std::string(to_string(incident.severity))},
              {"signal", encode_value(incident.signal)},
              {"fingerprint", incident.fingerprint},
              {"snapshot", incident.snapshot},
              {"signals", incident.signals},
              {"issue", incident.issue},
              {"issue_url", incident.issue_url},
              {"root", incident.root},
              {"indexed", incident.indexed},
              {"ending", incident.ending},
              {"held_by", incident.held_by},
              {"dry_run", incident.dry_run},
              {"preview_asked_by", incident.preview_asked_by},
              {"escalation_asked_by", incident.escalation_asked_by},
              {"phases", phases(incident)},
              {"attempts", attempts(incident)}};
  out["action_asked"] = nullptr;
  if (const auto& asked = incident.action_asked)
    out["action_asked"] = {{"action", to_string(asked->action)},
                           {"service", asked->service},
                           {"count", asked->count},
                           {"by", asked->by},
                           {"at", asked->at.time_since_epoch().count()}};
  out["evidence"] = encode_value(incident.evidence);
  out["recalled"] = optional_json(incident.recalled);
  out["diagnosis"] = optional_json(incident.diagnosis);
  out["plan"] = optional_json(incident.plan);
  out["refused"] = optional_json(incident.refused);
  out["asked"] = optional_json(incident.asked);
  out["approval"] = optional_json(incident.approval);
  out["approvals"] = encode_value(incident.approvals);
  out["verification"] = optional_json(incident.verification);
  out["first_good"] = optional_json(incident.first_good);
  out["passed"] = optional_json(incident.passed);
  out["failed"] = optional_json(incident.failed);
  out["outcome"] = optional_json(incident.outcome);
  out["escalation"] = optional_json(incident.escalation);
  out["postmortem"] = incident.postmortem ? json(*incident.postmortem) : json(nullptr);
  return out;
}

std::string canonical(const Incident& incident) { return base::dump_json(to_json(incident)); }

}  // namespace incident
