#include "tests/simulation/bad_day.h"

#include "tests/simulation/checks.h"

namespace simulation {

using namespace std::chrono_literals;

namespace {

void schedule_faults(Simulation& simulation, Dice& dice) {
  const auto& services = simulation.config().services;
  const auto count = 1 + dice.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = services[dice.below(services.size())].name;
    const auto fault = static_cast<Fault>(dice.below(dice.chance(10) ? 6 : 5));
    simulation.at(3s + dice.within(kBadDay - 10s),
                  [&simulation, name, fault] { simulation.world().strike(name, fault); });
  }
}

}  // namespace

void schedule_kills(Simulation& simulation, Dice& dice, base::Duration length) {
  const auto count = dice.below(8);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string role = kRoles[dice.below(kRoles.size())];
    const bool lost = dice.chance(50);
    simulation.at(dice.within(length), [&simulation, role, lost] { simulation.kill(role, lost); });
  }
}

void schedule_github(Simulation& simulation, Dice& dice, base::Duration length) {
  if (dice.chance(40)) {
    const auto from = dice.within(length);
    simulation.at(from, [&simulation] { simulation.world().github.set_down(true); });
    simulation.at(from + dice.within(20s),
                  [&simulation] { simulation.world().github.set_down(false); });
  }
  constexpr fakes::Fault kFaults[] = {fakes::Fault::commit_then_502, fakes::Fault::lost_502,
                                      fakes::Fault::drop_reply, fakes::Fault::rate_limited,
                                      fakes::Fault::refused};
  const auto times = dice.below(4);
  for (std::uint64_t i = 0; i < times; ++i) {
    std::vector<fakes::Fault> script;
    const auto count = 1 + dice.below(6);
    for (std::uint64_t j = 0; j < count; ++j)
      script.push_back(kFaults[dice.below(std::size(kFaults))]);
    simulation.at(dice.within(length),
                  [&simulation, script] { simulation.world().github.script(script); });
  }
}

void schedule_engine(Simulation& simulation, Dice& dice, base::Duration length) {
  if (!dice.chance(35)) return;
  const auto how = dice.chance(50) ? EngineHealth::down : EngineHealth::hung;
  const auto from = dice.within(length);
  simulation.at(from, [&simulation, how] { simulation.world().set_engine(how); });
  simulation.at(from + dice.within(20s),
                [&simulation] { simulation.world().set_engine(EngineHealth::well); });
}

void schedule_ledger(Simulation& simulation, Dice& dice, base::Duration length) {
  const auto times = dice.below(4);
  for (std::uint64_t i = 0; i < times; ++i) {
    std::vector<base::ErrorCode> codes;
    const auto count = 1 + dice.below(8);
    for (std::uint64_t j = 0; j < count; ++j)
      codes.push_back(dice.chance(80) ? base::ErrorCode::unavailable : base::ErrorCode::unknown);
    simulation.at(dice.within(length),
                  [&simulation, codes] { simulation.ledger().fail_appends(codes); });
  }
}

void schedule_stop(Simulation& simulation, Dice& dice, base::Duration length) {
  if (!dice.chance(25)) return;
  const auto from = dice.within(length);
  simulation.at(from, [&simulation] { simulation.set_stop(true); });
  simulation.at(from + dice.within(20s), [&simulation] { simulation.set_stop(false); });
}

config::Config config_of(std::uint64_t seed) {
  Dice dice(seed + 1'000'000);
  auto config = demo_config();
  auto& limits = config.limits;
  if (dice.chance(50)) limits.service_actions_per_hour = 1 + static_cast<int>(dice.below(3));
  if (dice.chance(30)) limits.global_actions_per_hour = 1 + static_cast<int>(dice.below(4));
  if (dice.chance(30)) limits.cooldown = 5s;
  if (dice.chance(30)) limits.spacing = 2s;
  if (dice.chance(30)) limits.issue_spacing = 1s;
  return config;
}

void schedule_bad_day(Simulation& simulation, std::uint64_t seed) {
  Dice dice(seed);
  schedule_faults(simulation, dice);
  schedule_kills(simulation, dice, kBadDay);
  schedule_github(simulation, dice, kBadDay);
  schedule_engine(simulation, dice, kBadDay);
  schedule_ledger(simulation, dice, kBadDay);
  schedule_stop(simulation, dice, kBadDay);
}

std::vector<std::string> live_through(Simulation& simulation, std::uint64_t seed) {
  schedule_bad_day(simulation, seed);
  return live_through(simulation, kBadDay);
}

std::vector<std::string> live_through(Simulation& simulation, base::Duration length) {
  simulation.run_for(length + 20s);  // What was away for a while comes back within this.
  if (simulation.runs_away()) return {"it writes without end"};
  auto broken = broken_always(simulation);
  if (!broken.empty()) return broken;
  simulation.world().github.script({});
  simulation.ledger().fail_appends({});
  simulation.set_stop(false);
  if (!simulation.run_until_quiet(4s, 10min)) broken.emplace_back("it never comes to rest");
  simulation.run_for(10s);
  for (auto& line : broken_at_end(simulation)) broken.push_back(std::move(line));
  return broken;
}

}  // namespace simulation
