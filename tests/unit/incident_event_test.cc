// Tests of the events: names, owners, and their JSON there and back.
#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/id.h"
#include "base/json.h"
#include "incident/event_codec.h"
#include "incident/texts.h"
#include "tests/support/print.h"
#include "tests/support/samples.h"

using namespace incident;
using nlohmann::json;

namespace {

template <std::size_t... I>
std::vector<Payload> make_defaults(std::index_sequence<I...>) {
  return {Payload(std::in_place_index<I>)...};
}
// A default-made payload of each kind.
std::vector<Payload> defaults() {
  return make_defaults(std::make_index_sequence<std::variant_size_v<PayloadVariant>>());
}

// Calls `found(path, value)` for everything in `value` that is no object and no array.
template <class F>
void each_leaf(const json& value, const std::string& path, F&& found) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) each_leaf(inner, path + "." + key, found);
  } else if (value.is_array() && !value.empty()) {
    for (const auto& inner : value) each_leaf(inner, path + "[]", found);
  } else {
    found(path, value);
  }
}

std::string error_of(std::string_view name, std::string_view text) {
  const auto decoded = decode(name, text);
  return decoded.ok() ? "" : decoded.error().message;
}

// Every role there is, found by name so that a new one cannot be forgotten here.
std::vector<Role> roles() {
  std::vector<Role> found;
  for (const char* name : {"scout", "brain", "fixer", "memory", "scribe", "warden", "console",
                           "forge", "up", "chaos", "person"}) {
    found.push_back(parse_role(name).value());
  }
  return found;
}

}  // namespace

TEST_CASE("events: every kind has a name of its own") {
  std::set<std::string_view> names;
  for (const auto& what : defaults()) {
    CHECK(names.insert(name_of(what)).second);
    CHECK(name_of(what).find_first_not_of("abcdefghijklmnopqrstuvwxyz._") ==
          std::string_view::npos);
  }
  CHECK(names.size() == std::variant_size_v<PayloadVariant>);
}

TEST_CASE("events: the samples are one of each kind, with every field away from its default") {
  const auto full = samples::all();
  const auto empty = defaults();
  REQUIRE(full.size() == empty.size());
  for (std::size_t i = 0; i < full.size(); ++i) {
    REQUIRE(full[i].index() == i);
    std::map<std::string, json> plain;
    each_leaf(*base::parse_json(encode(empty[i])), "",
              [&](const std::string& path, const json& value) { plain[path] = value; });
    each_leaf(
        *base::parse_json(encode(full[i])), "", [&](const std::string& path, const json& value) {
          CAPTURE(name_of(full[i]));
          CAPTURE(path);
          const auto known = plain.find(path);
          if (known != plain.end()) {
            CHECK(known->second != value);  // A field that no sample sets is a field nobody tests.
          } else {
            CHECK(!value.empty());  // Inside a list, which is empty by default.
          }
        });
  }
}

TEST_CASE("events: every kind survives JSON, full and empty") {
  for (const auto& all : {samples::all(), defaults()}) {
    for (const auto& what : all) {
      CAPTURE(name_of(what));
      const auto text = encode(what);
      const auto back = decode(name_of(what), text);
      REQUIRE(back.ok());
      CHECK(back->index() == what.index());
      CHECK(encode(*back) == text);
    }
  }
}

TEST_CASE("events: values at the edge of their type survive JSON") {
  auto opened = std::get<IncidentOpened>(samples::all()[0]);
  opened.signal.memory_bytes = std::numeric_limits<std::int64_t>::max();
  opened.signal.restart_count = std::numeric_limits<int>::min();
  opened.signal.exit_code.reset();
  opened.signal.detail = "quote \" backslash \\ newline \n tab \t ä € 😀";
  opened.signal.detail += '\0';
  const auto back = decode("incident.opened", encode(opened));
  REQUIRE(back.ok());
  const auto& signal = std::get<IncidentOpened>(*back).signal;
  CHECK(signal.memory_bytes == opened.signal.memory_bytes);
  CHECK(signal.restart_count == opened.signal.restart_count);
  CHECK(signal.exit_code == std::nullopt);
  CHECK(signal.detail == opened.signal.detail);
}

TEST_CASE("events: what cannot be said in JSON is still written so that it can be read") {
  DiagnosisMade made;
  for (const double odd :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    made.confidence = odd;
    const auto back = decode("diagnosis.made", encode(made));
    REQUIRE(back.ok());
    CHECK(std::get<DiagnosisMade>(*back).confidence == 0.0);
  }
  const auto back = decode("escalated", encode(Escalated{"person", "\xff\xfe"}));
  REQUIRE(back.ok());
  CHECK(std::get<Escalated>(*back).reason == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("events: damaged JSON is refused with the event and, where there is one, the field") {
  struct Row {
    const char* name;
    std::string text;
    const char* said;
  };
  const Row rows[] = {
      {"no.such.event", "{}", "unknown event no.such.event"},
      {"", "{}", "unknown event"},
      {"incident.opened", "", "incident.opened"},
      {"incident.opened", "{", "incident.opened"},
      {"incident.opened", "[]", "not an object"},
      {"incident.opened", "null", "not an object"},
      {"incident.opened", "\"text\"", "not an object"},
      {"incident.opened", R"({"severity":"high","severity":"low"})", "twice"},
      {"incident.opened", R"({"signal":3})", "signal"},
      {"incident.opened", R"({"signal":{"kind":"bored"}})", "signal"},
      {"incident.opened", R"({"signal":{"confirmed_by":[1]}})", "signal"},
      {"incident.opened", R"({"signal":{"exit_code":"1"}})", "signal"},
      {"incident.opened", R"({"severity":"Critical"})", "severity"},
      {"incident.opened", R"({"severity":null})", "severity"},
      {"incident.opened", R"({"fingerprint":["a"]})", "fingerprint"},
      {"signal.added", R"({"count":"4"})", "count"},
      {"signal.added", R"({"count":4.5})", "count"},
      {"signal.added", R"({"count":5000000000})", "count"},
      {"signal.added", R"({"count":-5000000000})", "count"},
      {"issue.opened", R"({"number":18446744073709551615})", "number"},
      {"verification.tried", R"({"ok":1})", "ok"},
      {"verification.asked", R"({"soak_ms":9223372036854775807})", "soak_ms"},
      {"verification.asked", R"({"since":"yesterday"})", "since"},
      {"plan.made", R"({"menu":{}})", "menu"},
      {"plan.made", R"({"menu":[{"action":"format_disk"}]})", "menu"},
      {"memory.recalled", R"({"matches":[{"similarity":"1"}]})", "matches"},
      {"postmortem.written", R"({"text":)" + std::string(100, '[') + std::string(100, ']') + "}",
       "deeper"},
      {"postmortem.written", "{\"text\":\"\xff\"}", "not JSON"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto error = error_of(row.name, row.text);
    CAPTURE(error);
    CHECK(error.find(row.said) != std::string::npos);
    CHECK(error.find(row.name) != std::string::npos);
  }
}

TEST_CASE("events: unknown fields are ignored and absent ones take their default") {
  const auto back =
      decode("signal.added", R"({"colour":"red","signal":{"service":"a","mood":{"x":[1]}}})");
  REQUIRE(back.ok());
  CHECK(std::get<SignalAdded>(*back).count == 1);
  CHECK(std::get<SignalAdded>(*back).signal.service == "a");
  CHECK(decode("signal.added", "{}").ok());
}

TEST_CASE("events: no damage of the bytes does worse than an error") {
  base::SeededRandom random(5);
  for (const auto& what : samples::all()) {
    const auto text = encode(what);
    for (int i = 0; i < 60; ++i) {
      auto damaged = text;
      switch (random.next() % 3) {
        case 0:
          damaged[random.next() % damaged.size()] = static_cast<char>(random.next());
          break;
        case 1:
          damaged.resize(random.next() % damaged.size());
          break;
        case 2:
          damaged.insert(random.next() % damaged.size(), 1, "{}[]\":,0-e\\"[random.next() % 11]);
          break;
      }
      const auto back = decode(name_of(what), damaged);
      if (!back.ok()) CHECK(back.error().code == base::ErrorCode::invalid);
    }
  }
}

TEST_CASE("events: each has its owner, and nobody else may write it") {
  const std::set<std::string_view> anybody = {"incident.stood_down", "stop.set", "stop.cleared"};
  const std::map<std::string_view, std::set<Role>> owners = {
      {"incident.opened", {Role::scout}},
      {"signal.added", {Role::scout}},
      {"incident.self_healed", {Role::scout}},
      {"verification.tried", {Role::scout}},
      {"verification.passed", {Role::scout}},
      {"verification.failed", {Role::scout}},
      {"deploy.seen", {Role::scout}},
      {"deploy.reported", {Role::scout}},
      {"memory.recalled", {Role::memory}},
      {"memory.indexed", {Role::memory}},
      {"evidence.collected", {Role::brain}},
      {"diagnosis.made", {Role::brain}},
      {"plan.made", {Role::brain}},
      {"incident.joined", {Role::brain}},
      {"postmortem.written", {Role::brain}},
      {"plan.refused", {Role::fixer}},
      {"plan.judged", {Role::fixer}},
      {"approval.asked", {Role::fixer}},
      {"action.intended", {Role::fixer}},
      {"action.done", {Role::fixer}},
      {"action.failed", {Role::fixer}},
      {"action.unknown", {Role::fixer}},
      {"verification.asked", {Role::fixer}},
      {"undo.done", {Role::fixer}},
      {"incident.resolved", {Role::fixer}},
      {"escalated", {Role::fixer}},
      {"issue.opened", {Role::scribe}},
      {"approval.given", {Role::scribe, Role::person}},
      {"pr.opened", {Role::scribe}},
      {"pr.merged", {Role::scribe}},
      {"pr.closed", {Role::scribe}},
      {"incident.closed", {Role::scribe}},
      {"incident.reopened", {Role::scribe}},
      {"operator.commanded", {Role::scribe, Role::person}},
      {"github.intended", {Role::scribe}},
      {"github.done", {Role::scribe}},
      {"github.failed", {Role::scribe}},
      {"github.unknown", {Role::scribe}},
      {"op.held", {Role::scribe, Role::fixer}},
      {"votes.counted", {Role::scribe}},
  };
  CHECK(owners.size() + anybody.size() == std::variant_size_v<PayloadVariant>);
  for (const auto& what : defaults()) {
    for (const Role role : roles()) {
      CAPTURE(name_of(what));
      CAPTURE(role);
      const bool allowed =
          anybody.contains(name_of(what)) || owners.at(name_of(what)).contains(role);
      CHECK(may_write(role, what) == allowed);
    }
  }
}

TEST_CASE("events: every enum value has a name that reads back, and no two share one") {
  const auto check = [](auto parse, std::initializer_list<const char*> names) {
    std::set<int> values;
    for (const char* name : names) {
      const auto value = parse(name);
      REQUIRE(value.has_value());
      CHECK(to_string(*value) == name);
      CHECK(values.insert(static_cast<int>(*value)).second);
    }
    CHECK_FALSE(parse("").has_value());
    CHECK_FALSE(parse("no such name").has_value());
  };
  check(parse_signal_kind,
        {"container_died", "found_stopped", "restarted_by_engine", "probe_timeout", "probe_refused",
         "probe_error", "latency_above_bound", "cpu_at_limit", "engine_unhealthy"});
  check(parse_severity, {"critical", "high", "medium", "low"});
  check(parse_failure_class,
        {"crash", "oom", "crash_loop", "hang", "high_latency", "cpu_saturation", "dependency_down",
         "stopped", "nothing_wrong", "unknown"});
  check(parse_persistence, {"transient", "systemic", "architectural"});
  check(parse_action, {"restart", "scale_up", "scale_down", "rollback", "revert_config",
                       "clear_queue", "pull_request", "escalate", "noop"});
  check(parse_state,
        {"open", "diagnosing", "planned", "awaiting_approval", "acting", "verifying", "resolved",
         "closed", "escalated", "inconclusive", "stood_down", "self_healed", "joined"});
}

TEST_CASE("events: as shown to people and programs, an event carries its name, times and payload") {
  const Event event{"01ID",
                    4,
                    Role::fixer,
                    base::wall_from_ms(1000),
                    base::instant_from_ms(77),
                    Escalated{"person", "budget"}};
  CHECK(to_json(event) ==
        json::parse(R"({"id":"01ID","incident":4,"role":"fixer","at":"1970-01-01T00:00:01.000Z",
      "boot_ms":77,"event":"escalated","payload":{"reason":"budget","to":"person"}})"));
}

TEST_CASE("events: every text can be edited, enums and hashes of blobs excepted") {
  const std::set<std::string> fixed = {".signal.kind", ".severity",      ".failure", ".persistence",
                                       ".action",      ".menu[].action", ".snapshot"};
  for (auto what : samples::all()) {
    CAPTURE(name_of(what));
    edit_texts(what, [](std::string& text) { text += " edited"; });
    std::set<std::string> missed, marked;
    each_leaf(*base::parse_json(encode(what)), "", [&](const std::string& path, const json& value) {
      if (!value.is_string()) return;
      (value.get<std::string>().ends_with(" edited") ? marked : missed).insert(path);
    });
    for (const auto& path : missed) {  // Of lines the last one alone bears the mark.
      CAPTURE(path);
      CHECK((fixed.contains(path) || marked.contains(path)));
    }
  }
}

TEST_CASE("events: lines are edited as one text, and become as many as it has then") {
  Payload what = EvidenceCollected{{{"E1", "log", "t", {"a", "b", "c"}}}};
  edit_texts(what, [](std::string& text) {
    if (text == "a\nb\nc") text = "a\nx";
  });
  CHECK(std::get<EvidenceCollected>(what).items[0].lines == std::vector<std::string>{"a", "x"});
}
