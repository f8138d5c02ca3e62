#include "tests/simulation/undo_case.h"

#include "agents/scribe/thread.h"
#include "tests/simulation/bad_day.h"
#include "tests/simulation/checks.h"

namespace simulation {

using namespace std::chrono_literals;
using engine::SnapshotFacts;
using incident::FailureClass;
using runbook::StepKind;

namespace {

constexpr const char* kPolicy = "policy-service";
constexpr const char* kQuote = "quote-service";
constexpr const char* kUser = "user-service";
constexpr base::Duration kLeaks = 15s;        // Longer than a restart's proof and a merge.
constexpr base::Duration kSoonBack = 1200ms;  // Less than the soak, more than a good probe takes.

bool is_bad_image(const SnapshotFacts& made, int) { return made.image == "demo:2"; }
bool is_small(const SnapshotFacts& made, int) { return made.memory_limit_bytes < 90 << 20; }
bool is_large(const SnapshotFacts& made, int) { return made.memory_limit_bytes > 90 << 20; }
bool is_tight(const SnapshotFacts& made, int) { return made.memory_limit_bytes < 60 << 20; }
bool is_alone(const SnapshotFacts&, int replicas) { return replicas < 1; }
bool is_nearly_alone(const SnapshotFacts&, int replicas) { return replicas < 2; }

// The configuration alone is another: its hash is not that of the world's beginning.
std::function<bool(const SnapshotFacts&, int)> differs_from_the_first() {
  return [first = std::string()](const SnapshotFacts& made, int) mutable {
    if (first.empty()) first = made.hash_without_limits;  // Asked for the first time before it.
    return made.hash_without_limits != first;
  };
}

std::optional<base::Error> no_second_replica(const std::string& verb, const std::string& name) {
  if (verb != "start" || !name.ends_with("replica-2")) return std::nullopt;
  return base::Error{base::ErrorCode::unavailable, "engine: no room for another one"};
}

std::optional<base::Error> no_change_in_place(const std::string& verb, const std::string&) {
  if (verb != "update") return std::nullopt;
  return base::Error{base::ErrorCode::conflict, "engine: device or resource busy"};
}

UndoCase of(const char* name, const char* service, StepKind action, Fault fault,
            std::function<bool(const SnapshotFacts&, int)> afflicts = {}) {
  return {name, service, action, {fault, {}, std::move(afflicts)}};
}

UndoCase deployed(const char* name, const char* service, StepKind action, Fault fault,
                  Version version = {"demo:2", "good", 0}) {
  auto made = of(name, service, action, fault, is_bad_image);
  made.deploy = std::move(version);
  if (action != StepKind::rollback) made.then = StepKind::rollback;
  return made;
}

UndoCase struck(const char* name, const char* service, StepKind action, Fault fault) {
  auto made = of(name, service, action, fault);
  made.is_strike = true;
  made.then = StepKind::restart;
  return made;
}

// The runbooks' remedy for it, or one that could be.
void add_remedies(std::vector<UndoCase>& all) {
  const auto raise = StepKind::pull_request, roll = StepKind::rollback, more = StepKind::scale_up;
  for (const bool in_place : {true, false}) {
    auto& oom = all.emplace_back(of("oom, a higher limit", kPolicy, raise, Fault::oom, is_small));
    oom.malady.after = kLeaks;
    oom.restarts_first = true;
    oom.harm = Malady{Fault::oom, {}, is_large};
    if (in_place) continue;
    oom.name += " by recreation";
    oom.prepare = [](World& world) { world.obstacle = no_change_in_place; };
  }
  all.push_back(
      of("slow for want of memory, a higher limit", kPolicy, raise, Fault::slow, is_small));
  all.push_back(of("slow, and a higher limit kills it", kPolicy, raise, Fault::slow, is_small));
  all.back().harm = Malady{Fault::crash, {}, is_large};
  all.push_back(of("busy, a replica more", kQuote, more, Fault::busy, is_alone));
  all.push_back(of("busy beside a replica, one more", kQuote, more, Fault::busy, is_nearly_alone));
  all.back().prepare = [](World& world) { world.add_replicas(kQuote, 1); };
  all.push_back(of("slow under load, a replica more", kQuote, more, Fault::slow, is_alone));
  for (const bool is_possible : {true, false}) {
    auto& busy = all.emplace_back(
        of("busy, two replicas more", kPolicy, more, Fault::busy, is_nearly_alone));
    busy.by = 2;
    if (is_possible) continue;
    busy.name = "busy, and only one of two replicas starts";
    busy.prepare = [](World& world) { world.obstacle = no_second_replica; };
  }
  all.push_back(deployed("bad deploy crashes, rollback", kPolicy, roll, Fault::crash));
  all.push_back(deployed("bad deploy answers errors, rollback", kPolicy, roll, Fault::errors));
  all.push_back(deployed("bad deploy is slow, rollback", kPolicy, roll, Fault::slow));
  all.push_back(deployed("bad deploy hangs, rollback", kPolicy, roll, Fault::hang));
  all.push_back(deployed("bad deploy is busy, rollback", kQuote, roll, Fault::busy));
  all.push_back(deployed("bad deploy of one without probes, rollback", kUser, roll, Fault::crash));
  all.push_back(deployed("bad deploy beside a replica, rollback", kQuote, roll, Fault::hang));
  all.back().prepare = [](World& world) { world.add_replicas(kQuote, 1); };
  all.push_back(deployed("deploy with too little memory, rollback", kPolicy, roll, Fault::oom,
                         {"", "good", 32 << 20}));
  all.back().malady.afflicts = is_tight;
  all.push_back(deployed("deploy with a bad environment, rollback", kPolicy, roll, Fault::errors,
                         {"", "bad", 0}));
  all.back().malady.afflicts = differs_from_the_first();
}

// What nobody would order, and runbooks of one's own may.
void add_follies(std::vector<UndoCase>& all) {
  const auto raise = StepKind::pull_request, more = StepKind::scale_up, again = StepKind::restart;
  all.push_back(struck("hang, a replica more", kPolicy, more, Fault::hang));
  all.push_back(struck("errors, a replica more", kPolicy, more, Fault::errors));
  all.push_back(struck("slow, a higher limit", kPolicy, raise, Fault::slow));
  all.push_back(struck("hang, a higher limit", kPolicy, raise, Fault::hang));
  all.push_back(struck("crash, a higher limit", kPolicy, raise, Fault::crash));
  all.push_back(struck("crash, restart", kPolicy, again, Fault::crash));
  all.push_back(struck("hang, restart", kQuote, again, Fault::hang));
  all.push_back(struck("dependency down, restart", kUser, again, Fault::crash));
  all.push_back(struck("left behind by a dependency, a replica more", kQuote, more, Fault::errors));
  all.back().prepare = [](World& world) { world.let_hold_on(kQuote); };
  all.push_back(deployed("bad deploy hangs, a replica more", kQuote, more, Fault::hang));
  all.push_back(
      deployed("bad deploy answers errors, a higher limit", kPolicy, raise, Fault::errors));
}

std::vector<UndoCase> make_cases() {
  std::vector<UndoCase> all;
  add_remedies(all);
  add_follies(all);
  return all;
}

config::Config config_for_undo() {
  auto config = demo_config();
  auto& limits = config.limits;
  limits.confidence_min = 0.4;  // Runbooks of one's own act on what no rule is sure of.
  limits.deploy_freeze = 0s;
  limits.no_progress_actions = 100;
  limits.soak = 3s;
  limits.verify_deadline = 8s;
  limits.host_cpu_percent = limits.host_memory_percent = 100;
  config.balancer.emplace();
  config.balancer->upstreams = {{kQuote, "quote", 8000}, {kPolicy, "policy", 8000}};
  for (auto& service : config.services) {
    service.bounds = {16 << 20, 512 << 20, 0.1, 2};
    if (service.name != kPolicy) continue;
    config::Gitops gitops;
    gitops.file = fakes::kFile;
    gitops.memory_limit = "services.policy.mem_limit";
    gitops.merge_by_us = true;
    gitops.merge_after = 2s;
    service.gitops = gitops;
  }
  return config;
}

runbook::Runbook runbook_of(const char* name, StepKind kind, int by) {
  runbook::Runbook made;
  made.name = name;
  made.title = name;
  made.risk = "medium";
  made.rank = 0.9;
  made.reason = "It is what this runbook knows.";
  made.proof = "the probes pass for the soak time";
  made.undo = "as before";
  runbook::Step step;
  step.kind = kind;
  step.by = by;
  step.times = 1.5;
  made.steps = {step, {}};
  made.steps.back().kind = StepKind::verify;
  return made;
}

// Whatever it is called: the case's action first.
runbook::Catalogue catalogue_of(const UndoCase& one) {
  runbook::Catalogue catalogue = runbook::shipped();
  std::vector<FailureClass> failures;
  for (auto& shipped : catalogue) {
    if (!shipped.when) continue;
    failures.insert(failures.end(), shipped.when->failures.begin(), shipped.when->failures.end());
    shipped.when.reset();
    shipped.on_recurrence.reset();
  }
  auto first = runbook_of("first", one.action, one.by);
  if (one.restarts_first) {
    const auto before = runbook_of("", StepKind::restart, 1).steps;
    first.steps.insert(first.steps.begin(), before.begin(), before.end());
  }
  first.when.emplace();
  first.when->failures = failures;
  if (one.then) {
    first.on_failure = "second";
    catalogue.push_back(runbook_of("second", *one.then, 1));
  }
  catalogue.push_back(std::move(first));
  return catalogue;
}

}  // namespace

const char* to_string(Remedy remedy) {
  switch (remedy) {
    case Remedy::right:
      return "right";
    case Remedy::wrong:
      return "wrong";
    case Remedy::half:
      return "half";
  }
  return "";
}

const std::vector<UndoCase>& undo_cases() {
  static const std::vector<UndoCase> all = make_cases();
  return all;
}

std::unique_ptr<Simulation> make_simulation(const UndoCase& one, Remedy remedy,
                                            std::uint64_t seed) {
  auto made = std::make_unique<Simulation>(config_for_undo(), seed, catalogue_of(one));
  Simulation& simulation = *made;
  if (one.prepare) one.prepare(simulation.world());
  simulation.at(3s, [&simulation, &one, remedy] {
    World& world = simulation.world();
    Malady malady = one.malady;
    if (remedy != Remedy::right) {
      malady = one.harm.value_or(Malady{malady.fault});
      malady.after = remedy == Remedy::half ? kSoonBack : base::Duration(0);
      malady.is_everywhere = true;
    }
    const bool cures = one.is_strike && remedy == Remedy::right;
    // What comes later, or only with the remedy, did not make it sick.
    if (cures || malady.after != base::Duration(0) || one.harm)
      world.strike(one.service, one.malady.fault);
    if (!cures) world.curse(one.service, std::move(malady));
    if (one.deploy) world.deploy(one.service, *one.deploy);
  });
  return made;
}

std::vector<std::string> live_to_the_end(Simulation& simulation) {
  std::vector<std::string> broken;
  simulation.run_for(10s);  // The slowest symptom shows by then.
  if (!simulation.run_until_quiet(6s, 20min)) broken.emplace_back("it never comes to rest");
  if (simulation.runs_away()) return {"it writes without end"};
  for (auto& line : broken_at_end(simulation)) broken.push_back(std::move(line));
  return broken;
}

namespace {

constexpr base::Duration kDay = 40s;

// Somebody dies at a call of the engine, where most is at stake.
void schedule_death_at_work(Simulation& simulation, Dice& dice) {
  if (dice.chance(30)) return;
  const char* role = dice.chance(60) ? "warden" : "fixer";
  const auto call = 1 + static_cast<int>(dice.below(14));
  simulation.kill_at_engine_call(role, call, dice.chance(50), dice.chance(50));
}

}  // namespace

UndoDay make_undo_day(std::uint64_t seed) {
  Dice dice(seed + 2'000'000);
  UndoDay day;
  day.one = &undo_cases()[dice.below(undo_cases().size())];
  const auto remedy = static_cast<Remedy>(dice.below(3));
  day.name = day.one->name + ", " + to_string(remedy);
  day.simulation = make_simulation(*day.one, remedy, seed);
  schedule_death_at_work(*day.simulation, dice);
  if (dice.chance(60)) schedule_kills(*day.simulation, dice, kDay);
  if (dice.chance(50)) schedule_github(*day.simulation, dice, kDay);
  if (dice.chance(70)) schedule_engine(*day.simulation, dice, kDay);
  if (dice.chance(50)) schedule_ledger(*day.simulation, dice, kDay);
  schedule_stop(*day.simulation, dice, kDay);
  return day;
}

std::vector<std::string> live_through(const UndoDay& day) {
  return live_through(*day.simulation, kDay);
}

std::string ending_of(Simulation& simulation, const UndoCase& one) {
  incident::Book book;
  for (const auto& record : simulation.ledger().all()) book.absorb(record.event);
  std::string ending = "no incident";
  for (const auto& [id, entry] : book.entries()) {
    const auto& incident = entry.incident;
    if (incident.signal.service == one.service && incident.root == 0)
      ending = incident::to_string(scribe::road_end(entry));
  }
  return ending;
}

}  // namespace simulation
