// Random remedies on random bad days. SRE_SEED=n runs one; SRE_SEEDS=n so many instead of the usual
// number.
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "tests/simulation/checks.h"
#include "tests/simulation/undo_case.h"

namespace {

using namespace simulation;

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever the remedy and the day, what was changed is proven or is as before") {
  const auto only = number_in("SRE_SEED", 0);
  const auto seeds = number_in("SRE_SEEDS", 60);
  std::map<std::string, int> endings;
  int failed = 0;
  for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    const auto day = make_undo_day(seed);
    const auto broken = live_through(day);
    if (only != 0) print_log(*day.simulation, std::cout);
    ++endings[ending_of(*day.simulation, *day.one)];
    if (broken.empty()) continue;
    FAIL_CHECK("seed " << seed << ": " << day.name << join(broken));
    if (++failed == 10) break;
  }
  std::cout << seeds << " random remedies:";
  for (const auto& [ending, count] : endings) std::cout << " " << count << " " << ending << ",";
  std::cout << " at last\n";
}
