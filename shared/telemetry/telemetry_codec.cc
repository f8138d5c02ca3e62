#include "telemetry/telemetry_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/names.h"

namespace telemetry {
namespace {

using nlohmann::json;

constexpr base::NameTable<ProbeResult, 5> kResults{{{ProbeResult::ok, "ok"},
                                                    {ProbeResult::slow, "slow"},
                                                    {ProbeResult::timeout, "timeout"},
                                                    {ProbeResult::refused, "refused"},
                                                    {ProbeResult::error, "error"}}};

base::WallTime time_in(const json& item) {
  return base::wall_from_ms(base::get_int(item, "at_ms"));
}

}  // namespace

std::string_view to_string(ProbeResult result) { return base::name_in(kResults, result); }
std::optional<ProbeResult> parse_probe_result(std::string_view text) {
  return base::value_in(kResults, text);
}

std::string encode(const Snapshot& snapshot) {
  json probes = json::array(), usage = json::array(), engine = json::array();
  for (const auto& p : snapshot.probes) {
    probes.push_back({{"at_ms", base::to_ms(p.at)},
                      {"probe", p.probe},
                      {"result", std::string(to_string(p.result))},
                      {"connected", p.connected},
                      {"status", p.status},
                      {"latency_ms", p.latency_ms}});
  }
  for (const auto& u : snapshot.usage) {
    usage.push_back({{"at_ms", base::to_ms(u.at)},
                     {"memory_bytes", u.memory_bytes},
                     {"memory_limit_bytes", u.memory_limit_bytes},
                     {"cpu_percent", u.cpu_percent}});
  }
  for (const auto& e : snapshot.engine) {
    json item = {{"at_ms", base::to_ms(e.at)}, {"kind", e.kind}, {"signal", e.signal}};
    if (e.exit_code) item["exit_code"] = *e.exit_code;
    engine.push_back(std::move(item));
  }
  return base::dump_json(
      {{"service", snapshot.service}, {"probes", probes}, {"usage", usage}, {"engine", engine}});
}

base::Result<Snapshot> decode(std::string_view text) {
  auto parsed = base::parse_json(text);
  if (!parsed) return parsed.error().in("snapshot");
  Snapshot snapshot;
  snapshot.service = base::get_string(*parsed, "service");
  for (const auto& p : base::get_array(*parsed, "probes")) {
    snapshot.probes.push_back(
        {time_in(p), base::get_string(p, "probe"),
         parse_probe_result(base::get_string(p, "result")).value_or(ProbeResult::error),
         base::get_bool(p, "connected"), static_cast<int>(base::get_int(p, "status")),
         base::get_int(p, "latency_ms")});
  }
  for (const auto& u : base::get_array(*parsed, "usage")) {
    snapshot.usage.push_back({time_in(u), base::get_int(u, "memory_bytes"),
                              base::get_int(u, "memory_limit_bytes"),
                              base::get_number(u, "cpu_percent")});
  }
  for (const auto& e : base::get_array(*parsed, "engine")) {
    std::optional<int> exit_code;
    if (e.contains("exit_code")) exit_code = static_cast<int>(base::get_int(e, "exit_code"));
    snapshot.engine.push_back(
        {time_in(e), base::get_string(e, "kind"), exit_code, base::get_string(e, "signal")});
  }
  return snapshot;
}

}  // namespace telemetry
