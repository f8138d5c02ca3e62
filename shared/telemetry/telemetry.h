// Measurements of one service in the minute before an incident: what Scout keeps in its ring,
// stores by hash when an incident opens, and Brain reads as evidence. Pure. JSON:
// telemetry/telemetry_codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace telemetry {

enum class ProbeResult {
  ok,
  slow,
  timeout,
  refused,
  error
};  // error: status >= 500 or a broken answer.
[[nodiscard]] std::string_view to_string(ProbeResult result);
[[nodiscard]] std::optional<ProbeResult> parse_probe_result(std::string_view text);

struct ProbeSample {
  base::WallTime at;  // When it was started.
  std::string probe;  // "health" or "path".
  ProbeResult result = ProbeResult::ok;
  bool connected = false;  // TCP connected, whatever came after.
  int status = 0;          // HTTP status; 0 when there was none.
  std::int64_t latency_ms = 0;
};

struct UsageSample {
  base::WallTime at;
  std::int64_t memory_bytes = 0;
  std::int64_t memory_limit_bytes = 0;  // 0: none.
  double cpu_percent = 0;               // 100: one core.
};

struct EngineSample {
  base::WallTime at;
  std::string kind;  // die, oom, kill, start, …
  std::optional<int> exit_code;
  std::string signal;
};

struct Snapshot {
  std::string service;
  std::vector<ProbeSample> probes;
  std::vector<UsageSample> usage;
  std::vector<EngineSample> engine;
};

}  // namespace telemetry
