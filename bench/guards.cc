// How long the Fixer takes to decide about a plan, facts and guards together. Run by bench/guards;
// docs/formats/bench.md says what the numbers are.
#include <cstdio>
#include <cstdlib>

#include "agents/fixer/facts.h"
#include "base/id.h"
#include "bench/numbers.h"

namespace {

using namespace incident;
using namespace std::chrono_literals;

constexpr int kServices = 40;
constexpr int kDecisions = 20'000;
constexpr double kBoundUs = 50;

double us(base::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// A ledger of past incidents, all healed by a restart, and one whose plan waits to be judged.
struct Day {
  config::Config config;
  Book book;
  fixer::History history;
  base::WallTime now = base::wall_from_ms(1795182756000);
  std::int64_t events = 0;

  explicit Day(int past) {
    config.mode = config::Mode::automatic;
    config.limits.service_actions_per_hour = config.limits.service_actions_per_day = 100'000;
    config.limits.global_actions_per_hour = config.limits.global_actions_per_day = 100'000;
    config.limits.cooldown = config.limits.spacing = 0s;
    config.limits.blast_radius_percent = config.limits.flap_start_percent = 100;
    config.limits.flap_restarts = 100'000;
    for (int i = 0; i < kServices; ++i) {
      config::Service service;
      service.name = "service-" + std::to_string(i);
      if (i > 0) service.depends_on = {"service-" + std::to_string(i - 1)};
      config.services.push_back(service);
    }
    const auto apart = past > 0 ? std::chrono::duration_cast<base::Millis>(23h) / past : 1s;
    now -= 23h;
    for (int i = 1; i <= past; ++i, now += apart) {
      plan(i, i % kServices);
      const std::string op = "op" + std::to_string(i);
      ActionIntended intended;
      intended.op = op;
      intended.plan = "p1";
      intended.service = config.services[static_cast<std::size_t>(i % kServices)].name;
      add(Role::fixer, i, intended);
      add(Role::fixer, i, ActionDone{op, "t2", false});
      add(Role::fixer, i, VerificationAsked{op, intended.service, now, 1s});
      add(Role::scout, i, VerificationTried{op, 1, true, 1, ""});
      add(Role::scout, i, VerificationPassed{op, 10, 1, ""});
      add(Role::fixer, i, IncidentResolved{op, "restart", true});
      add(Role::brain, i, PostmortemWritten{"it is well"});
      add(Role::memory, i, MemoryIndexed{"hang", "restart", true});
      add(Role::scribe, i, IncidentClosed{"healed"});
    }
    plan(past + 1, 7);
  }
  void plan(IncidentId id, int service) {
    IncidentOpened opened;
    opened.signal.kind = SignalKind::probe_timeout;
    opened.signal.service = config.services[static_cast<std::size_t>(service)].name;
    opened.signal.confirmed_by = {"engine state"};
    add(Role::scout, id, opened);
    DiagnosisMade made;
    made.confidence = 0.97;
    made.culprit = opened.signal.service;
    add(Role::brain, id, made);
    MenuEntry entry;
    entry.action = Action::restart;
    entry.service = opened.signal.service;
    entry.container = std::string(64, 'a');
    add(Role::brain, id, PlanMade{"p1", 1, now + 5min, {entry}});
  }
  void add(Role role, IncidentId id, Payload what) {
    const Event event{std::to_string(++events), id, role, now, {}, std::move(what)};
    book.absorb(event);
    history.absorb(event);
  }
  [[nodiscard]] policy::Verdict judge(const Incident& incident) const {
    const ledger::Lease lease{1, "fixer", now + 10s};
    const auto facts = fixer::facts_of(
        incident, {config, book, history, {now, {}}, false, false, lease, 10.0, 10.0});
    return policy::judge(incident, facts, config.limits);
  }
};

}  // namespace

int main(int count, char** words) {
  bool ok = true;
  std::printf("{\"benchmark\":\"guards\",\"bound_us\":%.0f,\"ledgers\":[", kBoundUs);
  std::vector<int> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::atoi(words[i]));
  if (sizes.empty()) sizes = {0, 100, 1'000};
  const base::SystemClock clock;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Day day(sizes[i]);
    const Incident& incident = *day.book.find(sizes[i] + 1);
    std::vector<double> times;
    bool allowed = true;
    for (int decision = 0; decision < kDecisions; ++decision) {
      const auto begun = clock.now().boot;
      const auto verdict = day.judge(incident);
      times.push_back(us(clock.now().boot - begun));
      allowed = allowed && verdict.answer == policy::Answer::allow;  // All guards were asked.
    }
    const auto spread = bench::spread_of(times);
    const bool within = allowed && spread.p99 <= kBoundUs;
    ok = ok && within;
    std::printf(
        "%s{\"incidents_today\":%d,\"ok\":%s,\"allowed\":%s,\"decision_us\":{\"n\":%zu,"
        "\"p50\":%.2f,\"p90\":%.2f,\"p95\":%.2f,\"p99\":%.2f,\"max\":%.2f}}",
        i == 0 ? "" : ",", sizes[i], within ? "true" : "false", allowed ? "true" : "false",
        spread.n, spread.p50, spread.p90, spread.p95, spread.p99, spread.max);
  }
  std::printf("],\"ok\":%s}\n", ok ? "true" : "false");
  return ok ? 0 : 1;
}
