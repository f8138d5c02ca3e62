// Checks that docs/formats/events.md tells of every event, every field that the codec writes, and
// every name of an enum. Run from the project's root.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "incident/event_codec.h"
#include "tests/support/print.h"
#include "tests/support/samples.h"

using nlohmann::json;

namespace {

// The page by section: under each `### ` heading with an event's name, the text up to the next one.
struct Page {
  std::string whole;
  std::map<std::string, std::string> sections;

  Page() {
    std::ifstream in("docs/formats/events.md");
    REQUIRE_MESSAGE(in.good(), "docs/formats/events.md is not here; run from the project's root");
    whole.assign(std::istreambuf_iterator<char>(in), {});
    std::string section;
    for (const auto line : base::split(whole, '\n')) {
      if (line.substr(0, 5) == "### `")
        section = line.substr(5, line.find('`', 5) - 5);
      else if (line.substr(0, 3) == "## ")
        section.clear();
      else if (!section.empty())
        (sections[section] += line) += '\n';
    }
  }
};

// The names of fields that stand in a row of a table of `section`.
std::set<std::string> fields_of(const std::string& section) {
  std::set<std::string> found;
  for (const auto line : base::split(section, '\n')) {
    if (line.substr(0, 3) == "| `") found.emplace(line.substr(3, line.find('`', 3) - 3));
  }
  return found;
}

// Every key in `value` of the event `name`, but for those inside a signal and a change, which the
// page describes once each.
void keys_of(const json& value, const std::string& name, std::set<std::string>& found) {
  if (value.is_array()) {
    for (const auto& inner : value) keys_of(inner, name, found);
  }
  if (!value.is_object()) return;
  for (const auto& [key, inner] : value.items()) {
    found.insert(key);
    const bool elsewhere =
        (key == "signal" && name != "incident.opened") || (key == "change" && name != "plan.made");
    if (!elsewhere) keys_of(inner, name, found);
  }
}

}  // namespace

TEST_CASE("events.md: has a section for every event and for no other") {
  const Page page;
  std::set<std::string> names;
  for (const auto& what : samples::all()) names.emplace(incident::name_of(what));
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(page.sections.contains(name));
  }
  for (const auto& [name, text] : page.sections) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
}

TEST_CASE("events.md: each section lists exactly the fields that the codec writes") {
  const Page page;
  for (const auto& what : samples::all()) {
    const std::string name(incident::name_of(what));
    const auto section = page.sections.find(name);
    if (section == page.sections.end()) continue;  // Told above.
    std::set<std::string> written;
    keys_of(*base::parse_json(incident::encode(what)), name, written);
    const auto documented = fields_of(section->second);
    for (const auto& key : written) {
      CAPTURE(name);
      CAPTURE(key);
      CHECK(documented.contains(key));
    }
    for (const auto& key : documented) {
      CAPTURE(name);
      CAPTURE(key);
      CHECK(written.contains(key));
    }
  }
}

TEST_CASE("events.md: names the envelope and every value of every enum") {
  const Page page;
  const auto event = incident::to_json(
      incident::Event{"id", 1, incident::Role::scout, {}, {}, incident::UndoDone{}});
  for (const auto& [key, value] : event.items()) {
    CAPTURE(key);
    CHECK(page.whole.find("| `" + key + "` |") != std::string::npos);
  }
  for (const char* name : {"container_died",
                           "found_stopped",
                           "restarted_by_engine",
                           "probe_timeout",
                           "probe_refused",
                           "probe_error",
                           "latency_above_bound",
                           "cpu_at_limit",
                           "engine_unhealthy",
                           "critical",
                           "medium",
                           "crash",
                           "oom",
                           "crash_loop",
                           "hang",
                           "high_latency",
                           "cpu_saturation",
                           "dependency_down",
                           "stopped",
                           "nothing_wrong",
                           "unknown",
                           "transient",
                           "systemic",
                           "architectural",
                           "restart",
                           "scale_up",
                           "scale_down",
                           "rollback",
                           "revert_config",
                           "clear_queue",
                           "pull_request",
                           "noop"}) {
    CAPTURE(name);
    CHECK(page.whole.find("`" + std::string(name) + "`") != std::string::npos);
  }
}

TEST_CASE("GLOSSARY.md: names every state and every role") {
  std::ifstream in("docs/GLOSSARY.md");
  REQUIRE(in.good());
  const std::string text(std::istreambuf_iterator<char>(in), {});
  for (const char* word : {"open",      "diagnosing",   "planned",    "awaiting_approval",
                           "acting",    "verifying",    "resolved",   "closed",
                           "escalated", "inconclusive", "stood_down", "self_healed",
                           "joined",    "scout",        "brain",      "fixer",
                           "memory",    "scribe",       "warden",     "console",
                           "forge"}) {
    CAPTURE(word);
    CHECK(text.find(word) != std::string::npos);
  }
}
