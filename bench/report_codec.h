// The JSON that benchmarks read (`sre-space incidents … --json`) and the one object each prints.
// Format: docs/formats/bench.md. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/http_load.h"
#include "bench/numbers.h"

namespace bench {

struct IncidentLine {
  std::int64_t id = 0;
  std::string state;
};
// Of `incidents list --json`. Errors: invalid.
[[nodiscard]] base::Result<std::vector<IncidentLine>> parse_incidents(std::string_view text);

struct IncidentView {
  std::string state, failure;
  // Boot clock in ms of the first event of each name.
  std::map<std::string, std::int64_t> reached;
};
// Of `incidents show N --json`. Errors: invalid.
[[nodiscard]] base::Result<IncidentView> parse_incident(std::string_view text);

// An incident at which people have a say. Times are of the boot clock, in ms; 0: not there yet.
struct SteeredView {
  std::string state;
  std::int64_t issue = 0;
  std::string plan;           // Hash.
  std::int64_t approved = 0;  // approval.given
  struct Operation {
    std::string action;
    std::int64_t intended = 0, done = 0, opened = 0, merged = 0;  // The last two: of the pull.
    std::string trouble;  // Why it failed, or why there will be no merge.
  };
  std::vector<Operation> operations;  // As they were intended.
  [[nodiscard]] const Operation* operation(std::string_view action) const;  // The first; null.
};
// Of `incidents show N --json`. Errors: invalid.
[[nodiscard]] base::Result<SteeredView> parse_steered(std::string_view text);

// What GitHub is sent to make a webhook for issues and their comments, and to put a file in place.
[[nodiscard]] std::string encode_hook(const std::string& url, const std::string& secret);
[[nodiscard]] std::string encode_file(const std::string& text);

// One class of faults, in ms since the fault.
struct ClassReport {
  std::string name;
  Spread detect, decide, intend, act, healthy;  // Ours.
  Spread cli, api;                              // By hand.
  int lost = 0;                                 // Rounds of ours that did not end as they must.
  std::vector<std::string> complaints;          // Why.
  double bound_factor = 0, bound_plus_ms = 0;
  [[nodiscard]] double reference_ms() const;  // The better way's median.
  [[nodiscard]] double bound_ms() const { return bound_factor * reference_ms() + bound_plus_ms; }
  [[nodiscard]] bool ok() const;
};

struct WaitReport {
  std::string name;
  Spread ms;
  double p50_max = 0, p99_max = 0;
  [[nodiscard]] bool ok() const { return ms.n > 0 && ms.p50 <= p50_max && ms.p99 <= p99_max; }
};

// One step on the way from the fault to the first good answer; no bound.
struct StepReport {
  std::string name;
  Spread ms;
};

struct MttrReport {
  std::vector<ClassReport> classes;
  std::vector<WaitReport> waits;
  std::vector<StepReport> path;  // Of crash and oom, in order.
  [[nodiscard]] bool ok() const;
};
[[nodiscard]] std::string encode(const MttrReport& report);

// From a person's word, and from a decision, to what follows.
struct SteeringReport {
  std::vector<WaitReport> waits;
  std::vector<StepReport> path;
  double merge_after_ms = 0;
  int lost = 0;                         // Rounds that did not end as they must.
  std::vector<std::string> complaints;  // Why.
  [[nodiscard]] bool ok() const;
};
[[nodiscard]] std::string encode(const SteeringReport& report);

struct ProcessReport {
  std::string name;
  double pss_mb = 0, cpu_percent = 0;  // 100 is one core.
};

struct IdleReport {
  int services = 0;
  double seconds = 0;
  std::vector<ProcessReport> roles;
  double engine_cpu_without = 0,
         engine_cpu_with = 0;  // dockerd and containerd, per cent of a core.
  double proxies_cpu_without = 0, proxies_cpu_with = 0;  // The published ports' own processes.
  Spread cold_start_ms;
  int incidents = 0;  // Opened while idle: must be none.
  double pss_mb_max = 100, cpu_percent_max = 2, cold_start_ms_max = 1000;
  [[nodiscard]] double pss_mb() const;
  [[nodiscard]] double cpu_percent() const;
  [[nodiscard]] bool ok() const;
};
[[nodiscard]] std::string encode(const IdleReport& report);

struct RecallReport {
  std::size_t cases = 0;
  Spread recall_us, scan_us;  // A recall of the store; an exact look at every vector.
  double recall_at_2 = 0;     // Share of the exact best two that the index finds.
  double recall_at_2_min = 0.95;
  [[nodiscard]] bool ok() const { return recall_at_2 >= recall_at_2_min; }
};
[[nodiscard]] std::string encode(const std::vector<RecallReport>& reports);

// One value of a large YAML file changed, and the file parsed once by yaml-cpp.
struct YamlEditReport {
  std::size_t bytes = 0;
  Spread edit_ms, parse_ms;
  double p50_max_ms = 50;
  [[nodiscard]] bool ok() const { return edit_ms.n > 0 && edit_ms.p50 <= p50_max_ms; }
};
[[nodiscard]] std::string encode(const YamlEditReport& report);

// The first page of a list, with few comments and with very many.
struct PageReport {
  std::string path;
  Spread few_ms, many_ms;
  std::size_t failed = 0;
  double factor_max = 1.5;  // And half a millisecond, which a busy machine may add to anything.
  [[nodiscard]] bool ok() const {
    return failed == 0 && many_ms.n > 0 && many_ms.p50 <= factor_max * few_ms.p50 + 0.5;
  }
};

struct ForgeReport {
  Load static_reads, reads, writes;
  double raw_inserts_per_second = 0;
  int comments = 0;
  std::vector<PageReport> pages;
  double reads_min = 3000, writes_min = 800;
  [[nodiscard]] bool ok() const;
};
[[nodiscard]] std::string encode(const ForgeReport& report);

}  // namespace bench
