#include "agents/scout/watch.h"

#include <algorithm>
#include <utility>

namespace scout {
namespace {

constexpr double kAtLimit = 0.95;  // Share of the CPU limit that counts as "at the limit".
constexpr base::Duration kBurstFirst = std::chrono::milliseconds(10);
constexpr base::Duration kUsageFresh =
    std::chrono::seconds(15);  // Calm engines are sampled every 10 s.
constexpr double kIdlePercent = 0.05;
// Above the longest usual grace: `docker stop -t 60` ends its container within it, or kills again.
constexpr base::Duration kKillCounts = std::chrono::minutes(5);

template <class Ring>
void trim(Ring& ring, base::Now now) {
  while (!ring.empty() && (ring.size() > kRingMax || now.boot - ring.front().first > kRing))
    ring.pop_front();
}

bool is_bad(const ProbeWatch& probe, const telemetry::ProbeSample& sample) {
  if (sample.result != telemetry::ProbeResult::ok) return true;
  return probe.settings.latency_bound &&
         sample.latency_ms > base::to_ms(*probe.settings.latency_bound);
}

// Slowness has its own, longer rule (slow()); it is not a failure.
bool is_failure(const telemetry::ProbeSample& sample) {
  return sample.result != telemetry::ProbeResult::ok &&
         sample.result != telemetry::ProbeResult::slow;
}

// Signals that programs use for other things than ending.
bool ends_processes(const std::string& signal) {
  constexpr std::string_view kHarmless[] = {
      "1",      "10",      "12",      "17",      "18",      "23",     "28",
      "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH",
      "HUP",    "USR1",    "USR2",    "CHLD",    "CONT",    "URG",    "WINCH"};
  return std::find(std::begin(kHarmless), std::end(kHarmless), signal) == std::end(kHarmless);
}

}  // namespace

Watch::Watch(const config::Service& service) : service_(service) {
  const auto add_probe = [&](const std::optional<config::Probe>& settings, const char* name) {
    if (!settings) return;
    auto& probe = probes_.emplace_back();
    probe.settings = *settings;
    probe.name = name;
  };
  add_probe(service.health, "health");
  add_probe(service.path, "path");
}

void Watch::add(const telemetry::ProbeSample& sample, base::Instant started_at, base::Now now) {
  for (auto& probe : probes_) {
    if (probe.name != sample.probe) continue;
    if (down || (started && started_at < *started)) return;
    probe.ring.emplace_back(started_at, sample);
    std::sort(probe.ring.begin(), probe.ring.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    trim(probe.ring, now);
    if (!is_failure(sample)) {
      probe.failed_in_row = 0;
      probe.burst = base::Duration(0);
      return;
    }
    if (probe.failed_in_row++ == 0)
      probe.failing_since = started_at, probe.failing_since_wall = sample.at;
  }
}

void Watch::add(const engine::Stats& stats, base::Now now) {
  usage_.emplace_back(now.boot,
                      telemetry::UsageSample{stats.at, stats.memory_bytes, stats.memory_limit_bytes,
                                             stats.cpu_percent});
  trim(usage_, now);
}

void Watch::add(const engine::Event& event, base::Now now) {
  const auto at = base::wall_from_ms(event.time_ns / 1'000'000);
  engine_.emplace_back(now.boot,
                       telemetry::EngineSample{at, std::string(engine::to_string(event.kind)),
                                               event.exit_code, event.signal});
  trim(engine_, now);
  if (event.kind == engine::EventKind::kill && ends_processes(event.signal)) kill_at = now.boot;
}

void Watch::begin_life(base::Now now) {
  down = false;
  death_seen = false;
  if (std::exchange(death_killed, false)) confirm_death = false;  // A person's own restart is over.
  kill_at.reset();
  started = now.boot;
  for (auto& probe : probes_) {
    probe.failed_in_row = 0;
    probe.next = now.boot;
    probe.burst = kBurstFirst;
  }
  usage_.clear();
}

void Watch::end_life() {
  down = true;
  for (auto& probe : probes_) probe.next.reset();
}

const ProbeWatch* Watch::failing(base::Now now) const {
  const bool urged = alerted && now.boot - *alerted < std::chrono::seconds(10);
  for (const auto& probe : probes_) {
    if (probe.failed_in_row >= (urged ? 1 : probe.settings.fails)) return &probe;
  }
  return nullptr;
}

const ProbeWatch* Watch::slow(base::Now now) const {
  for (const auto& probe : probes_) {
    if (!probe.settings.latency_bound || probe.ring.size() < 3) continue;
    int seen = 0;
    bool covered = false, all = true;
    for (auto it = probe.ring.rbegin(); it != probe.ring.rend(); ++it) {
      if (started && it->first < *started) break;
      if (now.boot - it->first > probe.settings.window) {
        covered = true;
        break;
      }
      ++seen;
      all = all && is_bad(probe, it->second);
    }
    if (covered && all && seen >= 3) return &probe;
  }
  return nullptr;
}

bool Watch::suspicious(base::Now now) const {
  for (const auto& probe : probes_) {
    int seen = 0, bad = 0;
    for (const auto& [at, sample] : probe.ring) {
      if (now.boot - at > probe.settings.window) continue;
      ++seen;
      bad += is_bad(probe, sample) ? 1 : 0;
    }
    if (bad * 2 > seen) return true;
  }
  return false;
}

bool Watch::answered_well_since(base::Instant since) const {
  return std::all_of(probes_.begin(), probes_.end(), [&](const auto& probe) {
    return std::any_of(probe.ring.rbegin(), probe.ring.rend(), [&](const auto& item) {
      return item.first >= since && !is_bad(probe, item.second);
    });
  });
}

bool Watch::was_killed(base::Instant now) const { return kill_at && now - *kill_at < kKillCounts; }

bool Watch::cpu_at_limit(base::Duration window, base::Now now) const {
  if (!container || container->cpu_limit <= 0) return false;
  if (usage_.empty() || now.boot - usage_.back().first > std::max(window, kUsageFresh))
    return false;  // Missing is not "at the limit".
  int seen = 0;
  bool covered = false;
  for (auto it = usage_.rbegin(); it != usage_.rend(); ++it) {
    covered = usage_.back().first - it->first > window;
    if (covered && seen >= 3) return true;
    if (it->second.cpu_percent < container->cpu_limit * 100 * kAtLimit) return false;
    ++seen;
  }
  return covered && seen >= 3;
}

bool Watch::is_cpu_measured(base::Duration window, base::Now now) const {
  if (usage_.empty() || now.boot - usage_.back().first > std::max(window, kUsageFresh))
    return false;
  return usage_.back().first - usage_.front().first > window;
}

bool Watch::cpu_at_zero(base::Now now) const {
  if (usage_.size() < 2 || now.boot - usage_.back().first > kUsageFresh) return false;
  return std::all_of(usage_.rbegin(), usage_.rbegin() + 2,
                     [](const auto& item) { return item.second.cpu_percent < kIdlePercent; });
}

bool Watch::looks_healthy(base::Duration age, base::Now now) const {
  if (down || !container || container->state != engine::RunState::running) return false;
  for (const auto& probe : probes_) {
    if (probe.ring.empty() || is_bad(probe, probe.ring.back().second)) return false;
    const auto worst_age = age + probe.settings.every + probe.settings.timeout;
    if (now.boot - probe.ring.back().first > worst_age) return false;
    if (started && probe.ring.back().first < *started) return false;
  }
  return true;
}

int Watch::restarts_within(base::Duration window, base::Now now) const {
  return static_cast<int>(std::count_if(engine_restarts.begin(), engine_restarts.end(),
                                        [&](base::Instant at) { return now.boot - at <= window; }));
}

telemetry::Snapshot Watch::snapshot() const {
  telemetry::Snapshot snapshot;
  snapshot.service = service_.name;
  for (const auto& probe : probes_) {
    for (const auto& [at, sample] : probe.ring) snapshot.probes.push_back(sample);
  }
  for (const auto& [at, sample] : usage_) snapshot.usage.push_back(sample);
  for (const auto& [at, sample] : engine_) snapshot.engine.push_back(sample);
  return snapshot;
}

}  // namespace scout
