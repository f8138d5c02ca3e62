// What Scout calls a symptom: which signal the engine's words and the rings of a service make.
#include <algorithm>

#include "agents/scout/scout.h"

namespace scout {
namespace {

using incident::Signal;
using incident::SignalKind;

constexpr base::Duration kStartGrace =
    std::chrono::seconds(10);  // A young process may not listen yet.

std::string number(double value) {
  auto text = std::to_string(value);
  return text.substr(0, text.find('.') + 2);
}

std::string describe_death(const engine::Container& container) {
  std::string text = "container " + container.name + " is not running: exit code " +
                     std::to_string(container.exit_code);
  if (container.oom_killed) text += ", killed by the kernel for want of memory";
  return text;
}

}  // namespace

// A dependency shows trouble too, or has not answered well since ours began: its own incident may
// explain ours, so it gets time to open.
bool Scout::is_upstream_suspicious(const Watch& watch, base::Instant since, base::Now now) const {
  for (const auto& name : watch.service().depends_on) {
    const auto found = watches_.find(name);
    if (found == watches_.end()) continue;
    const Watch& upstream = found->second;
    const bool dead = upstream.confirm_death || deaths_.contains(name);
    const bool doubtful = !upstream.down && upstream.container &&
                          (upstream.suspicious(now) || !upstream.answered_well_since(since));
    if (book_.open_of(name, false) == nullptr && (dead || doubtful)) return true;
    if (is_upstream_suspicious(upstream, since, now)) return true;
  }
  return false;
}

Signal Scout::signal_of(const Watch& watch, SignalKind kind, base::Now now) const {
  Signal signal;
  signal.kind = kind;
  signal.service = watch.service().name;
  signal.at = now.wall;
  signal.cpu_percent = watch.last_cpu_percent();
  signal.memory_bytes = watch.last_memory();
  signal.restart_count = watch.restarts_within(config_.limits.policy_restarts_window, now);
  signal.engine_restarts = kind == SignalKind::restarted_by_engine;
  signal.replicas = replicas_of(signal.service);
  if (!watch.container) return signal;
  const auto& container = *watch.container;
  signal.container = container.id;
  signal.container_name = container.name;
  signal.image = container.image;
  signal.started_at = container.started_at;
  signal.memory_limit_bytes = container.memory_limit_bytes;
  if (incident::is_death(kind)) {
    signal.exit_code = container.exit_code;
    signal.oom_killed = container.oom_killed;
    signal.detail = describe_death(container);
    signal.confirmed_by = {"engine state"};
    if (kind == SignalKind::restarted_by_engine)
      signal.detail = "container " + container.name + " died and its restart policy brings it back";
    if (watch.death_seen) signal.at = watch.died_at;
  }
  return signal;
}

// What besides the failed probes says that a running container is sick.
std::vector<std::string> Scout::second_signals(const Watch& watch, base::Now now) const {
  std::vector<std::string> signals;
  if (watch.cpu_at_zero(now)) signals.emplace_back("stats: CPU at 0");
  if (watch.cpu_at_limit(config_.limits.cpu_window, now))
    signals.emplace_back("stats: CPU at its limit");
  for (const auto& [name, caller] : watches_) {
    const auto& needs = caller.service().depends_on;
    const bool calls = std::find(needs.begin(), needs.end(), watch.service().name) != needs.end();
    if (calls && caller.failing(now) != nullptr)
      signals.push_back("caller: the probe of " + name + " fails");
  }
  return signals;
}

Signal Scout::failing_signal(const Watch& watch, const ProbeWatch& probe, base::Now now) const {
  const auto& last = probe.ring.back().second;
  const auto kind = last.result == telemetry::ProbeResult::refused   ? SignalKind::probe_refused
                    : last.result == telemetry::ProbeResult::timeout ? SignalKind::probe_timeout
                                                                     : SignalKind::probe_error;
  auto signal = signal_of(watch, kind, now);
  signal.at = probe.failing_since_wall;
  signal.probe = probe.name;
  signal.bound_ms = base::to_ms(probe.settings.latency_bound.value_or(probe.settings.timeout));
  signal.detail = probe.name + " probe failed " + std::to_string(probe.failed_in_row) +
                  (probe.failed_in_row == 1 ? " time: " : " times in a row: ") +
                  std::string(telemetry::to_string(last.result));
  if (last.status != 0) signal.detail += ", status " + std::to_string(last.status);
  if (last.connected && kind == SignalKind::probe_timeout)
    signal.confirmed_by.push_back("tcp connects, nothing answers");
  for (auto& second : second_signals(watch, now)) signal.confirmed_by.push_back(std::move(second));
  return signal;
}

Signal Scout::slow_signal(const Watch& watch, const ProbeWatch& probe, base::Now now) const {
  const auto window = probe.settings.window;
  auto signal = signal_of(watch, SignalKind::latency_above_bound, now);
  signal.probe = probe.name;
  signal.bound_ms = base::to_ms(*probe.settings.latency_bound);
  signal.at = now.wall - std::chrono::duration_cast<base::Millis>(window);
  for (const auto& [at, sample] : probe.ring) {
    if (now.boot - at <= window) signal.latency_ms = std::max(signal.latency_ms, sample.latency_ms);
  }
  signal.detail = probe.name + " answers slower than " +
                  base::format_duration(*probe.settings.latency_bound) + " for " +
                  base::format_duration(window) + ", worst " + std::to_string(signal.latency_ms) +
                  "ms";
  signal.confirmed_by.push_back("every sample of the window");
  return signal;
}

std::optional<Signal> Scout::symptom_of(const Watch& watch, base::Now now) const {
  if (watch.down) return std::nullopt;
  if (const auto* probe = watch.failing(now)) {
    const bool young = watch.started && now.boot - *watch.started < kStartGrace;
    if (probe->ring.back().second.result == telemetry::ProbeResult::refused && young)
      return std::nullopt;
    return failing_signal(watch, *probe, now);
  }
  if (const auto* probe = watch.slow(now)) return slow_signal(watch, *probe, now);
  if (watch.cpu_at_limit(config_.limits.cpu_window, now)) {
    auto signal = signal_of(watch, SignalKind::cpu_at_limit, now);
    signal.at = now.wall - std::chrono::duration_cast<base::Millis>(config_.limits.cpu_window);
    signal.detail = "CPU at its limit for " + base::format_duration(config_.limits.cpu_window) +
                    ": " + number(signal.cpu_percent) + " %";
    signal.confirmed_by.push_back("every sample of the window");
    return signal;
  }
  if (watch.container && watch.container->health == engine::HealthState::unhealthy) {
    auto signal = signal_of(watch, SignalKind::engine_unhealthy, now);
    signal.detail = "the engine's own health check says unhealthy";
    return signal;
  }
  return std::nullopt;
}

}  // namespace scout
