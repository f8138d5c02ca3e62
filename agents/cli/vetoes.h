// What the guards have refused lately, and what would have been done without them: from dry runs
// one learns what automatic action would be like, from refusals whether a limit fits. Pure.
#pragma once

#include <string>
#include <vector>

#include "incident/incident.h"

namespace cli {

inline constexpr base::Millis kVetoesOf = std::chrono::hours(24 * 7);

// One guard's word on one kind of action of one service.
struct Veto {
  std::string guard, service, action;
  int times = 0;       // Plans refused, each counted once.
  int by_itself = 0;   // Of these: incidents that ended without an action of ours.
  std::string values;  // What it compared, the last time.
  base::WallTime latest;
};

// Of the week before `now`, the most frequent first.
[[nodiscard]] std::vector<Veto> list_vetoes(const incident::Book& book, base::WallTime now);

}  // namespace cli
