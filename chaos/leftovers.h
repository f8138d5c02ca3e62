// Which fault is in force now, on disk, so that a runner that was killed in the middle is cleaned
// up after by the next one: <state>/chaos-fault, one line "experiment service". Adapter.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace chaos {

struct Leftover {
  std::string experiment, service;
};

// Durable when it returns. Errors: unavailable.
[[nodiscard]] base::Status note_fault(const std::string& state_dir, const Leftover& fault);
[[nodiscard]] std::optional<Leftover> noted_fault(const std::string& state_dir);
void forget_fault(const std::string& state_dir);

}  // namespace chaos
