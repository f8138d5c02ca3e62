// A restart storm: everything is red at once. The guards with their own numbers let two restarts
// through at most; then the brake holds, people are called, and one umbrella issue lists them.
#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "tests/simulation/checks.h"

namespace {

using namespace simulation;
using namespace std::chrono_literals;

constexpr int kServices = 40;

config::Config house(const std::string& opa = "") {
  config::Config config;
  config.mode = config::Mode::automatic;
  config.opa = opa;
  config::Probe health;
  health.url = "http://127.0.0.1:1/health";
  for (int i = 0; i < kServices; ++i) {
    config::Service service;
    service.name = "shop-" + std::to_string(i);
    service.container = "shop-" + std::to_string(i);
    service.health = health;
    config.services.push_back(service);
  }
  return config;
}

template <class T>
std::vector<T> all(Simulation& simulation) {
  std::vector<T> found;
  for (const auto& record : simulation.ledger().all()) {
    if (const auto* what = std::get_if<T>(&record.event.what)) found.push_back(*what);
  }
  return found;
}

void strike_all(Simulation& simulation, Fault fault, base::Duration apart) {
  for (int i = 0; i < kServices; ++i) {
    simulation.at(5s + apart * i, [&simulation, fault, i] {
      simulation.world().strike("shop-" + std::to_string(i), fault);
    });
  }
}

int umbrellas(Simulation& simulation) {
  github::IssueQuery query;
  query.label = "umbrella";
  const auto found = simulation.world().github.list_issues(query);
  REQUIRE(found.ok());
  return static_cast<int>(found->size());
}

void check_storm(Simulation& simulation, base::Duration apart, base::Duration after = 30min) {
  simulation.run_for(5s + apart * kServices + after);
  CHECK_FALSE(simulation.runs_away());
  CHECK(simulation.world().effects().size() <= 2);
  CHECK(simulation.world().starts().size() <= 2);
  std::set<std::string> named;
  int braked = 0;
  for (const auto& refused : all<incident::PlanRefused>(simulation)) {
    named.insert(refused.guard);
    if (refused.guard != "mass_failure") continue;
    ++braked;
    CHECK(refused.values.find(" of 40 services are red: ") != std::string::npos);
    CHECK(refused.values.find(" % is over 30 %") != std::string::npos);
  }
  CHECK(braked >= kServices / 2);
  std::set<std::string> called;
  for (const auto& record : simulation.ledger().all()) {
    if (std::holds_alternative<incident::Escalated>(record.event.what))
      called.insert(std::to_string(record.event.incident));
  }
  CHECK(called.size() >= kServices - 2);  // A person has every one that was not healed.
  CHECK(umbrellas(simulation) == 1);
  std::string guards;
  for (const auto& guard : named) guards += " " + guard;
  std::cout << simulation.world().effects().size() << " restarts, refused by" << guards << "\n";
}

}  // namespace

TEST_CASE("forty of forty die at once: two restarts at most, the brake, one umbrella") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    CAPTURE(seed);
    Simulation simulation(house(), seed);
    strike_all(simulation, Fault::crash, 0s);
    check_storm(simulation, 0s);
  }
}

TEST_CASE("the same one after the other") {
  for (const auto apart : {300ms, 3000ms}) {
    CAPTURE(apart.count());
    Simulation simulation(house(), 4);
    strike_all(simulation, Fault::crash, apart);
    check_storm(simulation, apart);
  }
}

TEST_CASE("the same by hanging, while the Fixer dies again and again") {
  Simulation simulation(house(), 5);
  strike_all(simulation, Fault::hang, 500ms);
  for (int i = 0; i < 20; ++i)
    simulation.at(6s + 2s * i, [&simulation] { simulation.kill("fixer", true); });
  check_storm(simulation, 500ms, 2min);  // What hangs is counted without end.
}

TEST_CASE("a policy server that says no holds every restart, one that says yes none") {
  for (const bool allow : {false, true}) {
    CAPTURE(allow);
    Simulation simulation(house("http://127.0.0.1:1/v1/data/sre/allow"), 6);
    simulation.world().opinion = {allow, allow ? "" : "the policy server says no: moving house"};
    simulation.at(5s, [&simulation] { simulation.world().strike("shop-7", Fault::crash); });
    simulation.run_for(10min);
    CHECK(simulation.world().starts().size() == (allow ? 1U : 0U));
    const auto refused = all<incident::PlanRefused>(simulation);
    REQUIRE(refused.size() == (allow ? 0U : 1U));
    if (!allow) CHECK(refused[0].guard == "opa");
  }
}

// The stop is in the ledger: no role has to remember it.
TEST_CASE("a stop survives the end of every role, and holds until a person clears it") {
  Simulation simulation(house(), 8);
  simulation.run_for(3s);
  simulation.set_stop(true);
  for (const auto* role : kRoles) simulation.kill(role, true);
  simulation.run_for(1s);
  simulation.world().strike("shop-7", Fault::crash);
  for (int i = 0; i < 5; ++i) {
    simulation.run_for(1min);
    for (const auto* role : kRoles) simulation.kill(role, i % 2 == 0);
  }
  CHECK(simulation.world().effects().empty());
  REQUIRE_FALSE(all<incident::PlanRefused>(simulation).empty());
  CHECK(all<incident::PlanRefused>(simulation)[0].guard == "stop");
  simulation.set_stop(false);
  simulation.run_for(10min);
  CHECK(simulation.world().starts().size() == 1);
  CHECK(simulation.world().is_well("shop-7"));
}
