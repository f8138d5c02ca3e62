// What must hold of every run, however the roles were killed and the world failed. Each check looks
// at what happened outside (engine effects, GitHub) and compares it with the ledger.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/simulation/simulation.h"

namespace simulation {

// Always true, in the middle of a run too: one line per violation.
[[nodiscard]] std::vector<std::string> broken_always(Simulation& simulation);
// True besides when all faults are over and the run has settled.
[[nodiscard]] std::vector<std::string> broken_at_end(Simulation& simulation);

// What people see of one incident.
struct Told {
  incident::IncidentId incident = 0;
  github::Issue issue;
  std::vector<std::pair<std::string, github::Comment>> comments;  // With their keys.
};
[[nodiscard]] std::vector<Told> told(Simulation& simulation);

[[nodiscard]] std::string join(const std::vector<std::string>& lines);

// The log, a line for each event.
void print_log(Simulation& simulation, std::ostream& out);

}  // namespace simulation
