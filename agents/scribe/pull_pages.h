// What people read of a pull request in a thread. Pure; used by the pages and the card.
#pragma once

#include <string>

#include "agents/scribe/pull_plan.h"
#include "incident/incident.h"

namespace scribe {

// "memory limit 64 MiB → 96 MiB"; empty for no change.
[[nodiscard]] std::string change_in_words(const incident::Change& change);
// "[#12](https://…)"; without the link where the address has odd characters.
[[nodiscard]] std::string pull_link(const incident::PrOpened& pull);

struct PullShown {
  const incident::ActionIntended* intent = nullptr;
  const incident::PrOpened* pull = nullptr;  // Not opened (yet).
  base::WallTime opened_at;
  std::string merged, closed;        // As in incident::Attempt.
  const PullPlace* place = nullptr;  // Not known (any more).
};
// "waits for a person, who merges or closes it" and the like; empty for other actions.
[[nodiscard]] std::string pull_state(const PullShown& shown);
// Rows of the action's table; empty for actions that change no value.
[[nodiscard]] std::string pull_rows(const PullShown& shown);

}  // namespace scribe
