// A bad day made from a seed: faults of services, killed roles, lost answers, an engine and a
// GitHub that are away for a while, a ledger that cannot be written, a person's stop. All of it
// ends.
#pragma once

#include <cstdint>

#include "tests/simulation/simulation.h"

namespace simulation {

inline constexpr base::Duration kBadDay = std::chrono::seconds(60);

// Guard numbers differ from seed to seed.
[[nodiscard]] config::Config config_of(std::uint64_t seed);
// Whose seeds give always the same.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed * 7919 + 17) {}
  std::uint64_t below(std::uint64_t limit) { return random_.next() % limit; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  base::Duration within(base::Duration limit) {
    return base::Duration(
        static_cast<std::int64_t>(below(static_cast<std::uint64_t>(limit.count()))));
  }

 private:
  base::SeededRandom random_;
};

// Parts of a bad day; each is over before `length` and 20 s have passed.
void schedule_kills(Simulation& simulation, Dice& dice, base::Duration length);
void schedule_github(Simulation& simulation, Dice& dice, base::Duration length);
void schedule_engine(Simulation& simulation, Dice& dice, base::Duration length);
void schedule_ledger(Simulation& simulation, Dice& dice, base::Duration length);
void schedule_stop(Simulation& simulation, Dice& dice, base::Duration length);
// Schedules everything; the simulation must be at its beginning.
void schedule_bad_day(Simulation& simulation, std::uint64_t seed);
// The bad day, its end, and time to settle. Answers what is broken.
[[nodiscard]] std::vector<std::string> live_through(Simulation& simulation, std::uint64_t seed);
// The bad day, as long as it is scheduled for, its end, and time to settle.
[[nodiscard]] std::vector<std::string> live_through(Simulation& simulation, base::Duration length);

}  // namespace simulation
