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
// Schedules everything; the simulation must be at its beginning.
void schedule_bad_day(Simulation& simulation, std::uint64_t seed);
// The bad day, its end, and time to settle. Answers what is broken.
[[nodiscard]] std::vector<std::string> live_through(Simulation& simulation, std::uint64_t seed);

}  // namespace simulation
