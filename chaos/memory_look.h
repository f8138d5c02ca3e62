// Asks the memory's files, without its role, whether an incident is remembered and what would be
// recalled if it happened again. Adapter.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace chaos {

struct Remembered {
  std::string failure_class, action;
  bool proven = false;
  bool comes_back = false;  // Recall of the same symptom finds it and advises the action.
};

// Errors: not_found (not remembered yet), and those of memory::MemoryStore::open.
[[nodiscard]] base::Result<Remembered> look_up(const std::string& state_dir, std::int64_t incident,
                                               base::WallTime now);

}  // namespace chaos
