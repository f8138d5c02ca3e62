// Scout's view of one service: what the engine last said of its container, and rings of probe
// results and usage. Pure; not thread-safe. Answers questions about symptoms, opens nothing.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "config/config.h"
#include "engine/engine.h"
#include "incident/event.h"
#include "telemetry/telemetry.h"

namespace scout {

inline constexpr base::Duration kRing = std::chrono::seconds(60);
inline constexpr std::size_t kRingMax = 600;  // Per ring, whatever the rate.
// Between two looks while something is awaited: a start's first good answer, a soak time's end.
inline constexpr base::Duration kBurstMax = std::chrono::milliseconds(250);

// One probe's schedule and ring.
struct ProbeWatch {
  config::Probe settings;
  std::string name;                   // "health" or "path".
  std::optional<base::Instant> next;  // When the next one starts; empty: not scheduled.
  base::Duration burst{0};            // > 0 while waiting for the first good answer after a start.
  int failed_in_row = 0;
  base::Instant failing_since{};  // Start of the first failure of the row.
  base::WallTime failing_since_wall{};
  std::deque<std::pair<base::Instant, telemetry::ProbeSample>> ring;
};

class Watch {
 public:
  explicit Watch(const config::Service& service);

  [[nodiscard]] const config::Service& service() const { return service_; }
  [[nodiscard]] std::deque<ProbeWatch>& probes() { return probes_; }
  [[nodiscard]] const std::deque<ProbeWatch>& probes() const { return probes_; }

  // What is known of the container: nothing before the first list and while the engine is lost.
  std::optional<engine::Container> container;
  bool missing = false;          // The engine was asked and has no container of this service.
  bool down = false;             // Dead, or being restarted: not probed until it starts.
  bool confirm_death = false;    // A death was heard of: the engine's state must be re-read.
  bool confirm_symptom = false;  // Probes or stats show a symptom: likewise.
  bool death_seen = false;       // The cause of the present stop was seen, not found.
  engine::ContainerId latest;    // That was heard to start last; empty: none was.
  base::WallTime died_at{};      // Of the die event, by the engine's clock.
  std::optional<base::Instant>
      kill_at;                // Last kill event of the present life whose signal ends processes.
  bool death_killed = false;  // A kill that counts came before the present death.
  std::optional<base::Instant> started;       // Boot time of the last start that was heard of.
  std::deque<base::Instant> engine_restarts;  // Deaths followed by the engine's own restart.
  std::optional<base::Instant>
      alerted;  // A person or a monitor said so: one failed probe suffices.

  // A probe's result. Results started before the last start say nothing about the present life.
  void add(const telemetry::ProbeSample& sample, base::Instant started_at, base::Now now);
  void add(const engine::Stats& stats, base::Now now);
  void add(const engine::Event& event, base::Now now);

  // Forgets what the previous life showed, and probes at once.
  void begin_life(base::Now now);
  // Stops probing until begin_life().
  void end_life();

  // The probe with `fails` failures in a row, if there is one.
  [[nodiscard]] const ProbeWatch* failing(base::Now now) const;
  // The probe that has answered slower than its bound for its whole window.
  [[nodiscard]] const ProbeWatch* slow(base::Now now) const;
  // More than half of the probe's recent answers were bad: not a symptom yet, but not innocent.
  [[nodiscard]] bool suspicious(base::Now now) const;
  // A kill so shortly before `now` that a death now follows from it.
  [[nodiscard]] bool was_killed(base::Instant now) const;
  // Each probe has answered well to a question asked since then; true without any probe.
  [[nodiscard]] bool answered_well_since(base::Instant since) const;
  // At the CPU limit in every sample of `window` and, where they are rare, in at least 3 in a row.
  [[nodiscard]] bool cpu_at_limit(base::Duration window, base::Now now) const;
  // Where too little is measured, cpu_at_limit() says no without knowing it.
  [[nodiscard]] bool is_cpu_measured(base::Duration window, base::Now now) const;
  // Every configured probe's latest result is good, and there is one no older than `age`.
  [[nodiscard]] bool looks_healthy(base::Duration age, base::Now now) const;
  // The last two samples, fresh ones, show no use of CPU at all.
  [[nodiscard]] bool cpu_at_zero(base::Now now) const;
  [[nodiscard]] double last_cpu_percent() const {
    return usage_.empty() ? 0 : usage_.back().second.cpu_percent;
  }
  [[nodiscard]] std::int64_t last_memory() const {
    return usage_.empty() ? 0 : usage_.back().second.memory_bytes;
  }
  [[nodiscard]] int restarts_within(base::Duration window, base::Now now) const;

  [[nodiscard]] telemetry::Snapshot snapshot() const;

 private:
  config::Service service_;
  std::deque<ProbeWatch> probes_;
  std::deque<std::pair<base::Instant, telemetry::UsageSample>> usage_;
  std::deque<std::pair<base::Instant, telemetry::EngineSample>> engine_;
};

}  // namespace scout
