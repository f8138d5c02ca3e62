// Random bad days. SRE_SEED=n runs one; SRE_SEEDS=n so many instead of the usual number.
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "tests/simulation/bad_day.h"
#include "tests/simulation/checks.h"

namespace {

using namespace simulation;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever the day brings, every incident ends right or with a person") {
  const auto only = from_environment("SRE_SEED", 0);
  const auto seeds = from_environment("SRE_SEEDS", 250);
  std::int64_t events = 0;
  int failed = 0;
  for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    Simulation simulation(config_of(seed), seed);
    const auto broken = live_through(simulation, seed);
    events += simulation.head();
    if (only != 0) print_log(simulation, std::cout);
    if (broken.empty()) continue;
    FAIL_CHECK("seed " << seed << join(broken));
    if (++failed == 5) break;
  }
  std::cout << events << " events in " << seeds << " bad days\n";
}

TEST_CASE("the same seed gives the same day, event by event") {
  std::vector<std::string> logs[2];
  for (auto& log : logs) {
    Simulation simulation(config_of(42), 42);
    (void)live_through(simulation, 42);
    for (const auto& record : simulation.ledger().all()) {
      log.push_back(record.event.id + " " + std::to_string(base::to_ms(record.event.boot)) + " " +
                    std::string(incident::name_of(record.event.what)));
    }
  }
  CHECK(logs[0].size() > 20);
  CHECK(logs[0] == logs[1]);
}
