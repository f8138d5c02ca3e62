#include "chaos/memory_look.h"

#include <algorithm>

#include "memory/store.h"

namespace chaos {

base::Result<Remembered> look_up(const std::string& state_dir, std::int64_t incident,
                                 base::WallTime now) {
  auto opened = memory::MemoryStore::open(state_dir + "/memory", memory::MemoryStore::Access::read);
  if (!opened.ok()) return opened.error();
  const auto found = opened->store->find(incident);
  if (!found) {
    return base::Error{base::ErrorCode::not_found,
                       "incident " + std::to_string(incident) + " is not remembered"};
  }
  const auto recall = opened->store->recall(found->symptom, now, 0);
  const bool matches =
      std::any_of(recall.matches.begin(), recall.matches.end(),
                  [&](const auto& match) { return match.past.incident == incident; });
  const auto* advice = recall.recommended();
  return Remembered{found->failure_class, found->action, found->proven,
                    matches && advice != nullptr && advice->action == found->action};
}

}  // namespace chaos
