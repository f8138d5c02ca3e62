#include "chaos/chaos_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace chaos {
namespace {

using nlohmann::json;

json or_null(const std::optional<std::int64_t>& ms) { return ms ? json(*ms) : json(nullptr); }

json encode(const Result& result) {
  return {
      {"scenario", result.scenario},
      {"service", result.service},
      {"container", result.container},
      {"ok", result.ok},
      {"missing_stage", result.missing_stage.empty() ? json(nullptr) : json(result.missing_stage)},
      {"reason", result.reason.empty() ? json(nullptr) : json(result.reason)},
      {"issue", result.issue == 0 ? json(nullptr) : json(result.issue)},
      {"failure_class", result.failure_class.empty() ? json(nullptr) : json(result.failure_class)},
      {"action", result.action.empty() ? json(nullptr) : json(result.action)},
      {"resolved", result.resolved},
      {"recalled", result.recalled},
      {"seen_before", result.seen_before},
      {"phases_ms",
       {{"detect", or_null(result.phases.detect)},
        {"diagnose", or_null(result.phases.diagnose)},
        {"act", or_null(result.phases.act)},
        {"healthy", or_null(result.phases.healthy)},
        {"closed", or_null(result.phases.closed)}}},
      {"incidents", result.incidents},
      {"restarts", result.restarts},
      {"broken", result.broken}};
}

}  // namespace

std::string encode_results(const std::vector<Result>& results) {
  json experiments = json::array();
  bool ok = !results.empty();
  for (const auto& result : results) {
    ok = ok && result.ok;
    experiments.push_back(encode(result));
  }
  return base::dump_json({{"ok", ok}, {"experiments", std::move(experiments)}});
}

std::string encode_experiments(const std::vector<Experiment>& experiments) {
  json list = json::array();
  for (const auto& experiment : experiments) {
    list.push_back({{"name", experiment.name},
                    {"description", experiment.description},
                    {"fault", std::string(to_string(experiment.fault.kind))},
                    {"class", experiment.expect.failure_class},
                    {"action", experiment.expect.action},
                    {"limit_ms", base::to_ms(experiment.limit)}});
  }
  return base::dump_json({{"experiments", std::move(list)}});
}

bool lists_issue(std::string_view incidents, std::int64_t issue) {
  const auto parsed = base::parse_json(incidents);
  if (!parsed.ok()) return false;
  for (const auto& incident : base::get_array(*parsed, "incidents")) {
    if (incident.is_object() && base::get_int(incident, "issue") == issue) return true;
  }
  return false;
}

std::vector<ListedProcess> decode_processes(std::string_view text) {
  const auto parsed = base::parse_json(text);
  if (!parsed.ok() || !parsed->is_object()) return {};
  std::vector<ListedProcess> processes{{"up", static_cast<int>(base::get_int(*parsed, "pid"))}};
  for (const auto& role : base::get_array(*parsed, "roles")) {
    if (!role.is_object()) continue;
    processes.push_back(
        {base::get_string(role, "role"), static_cast<int>(base::get_int(role, "pid"))});
  }
  return processes;
}

}  // namespace chaos
