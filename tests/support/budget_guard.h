// Fails the test in whose scope it lives when the forge's clients broke its budget of calls.
#pragma once

#include <doctest/doctest.h>

#include "forge/forge.h"

namespace support {

class BudgetGuard {
 public:
  explicit BudgetGuard(const forge::Forge& forge) : forge_(forge) {}  // Outlives the guard.
  ~BudgetGuard() {
    const base::Status kept = forge_.check_budget();
    CHECK_MESSAGE(kept.ok(), (kept.ok() ? "" : kept.error().message));
  }
  BudgetGuard(const BudgetGuard&) = delete;
  BudgetGuard& operator=(const BudgetGuard&) = delete;

 private:
  const forge::Forge& forge_;
};

}  // namespace support
