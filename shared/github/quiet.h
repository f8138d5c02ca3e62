// How long GitHub asked to be left alone: shared by all lines that speak for one account, so that
// what one of them is told holds for the others too. Thread-safe.
#pragma once

#include <algorithm>
#include <mutex>

#include "base/time.h"

namespace github {

class Quiet {
 public:
  // Of two waits the longer one stands.
  void ask(base::Instant until) {
    const std::lock_guard lock(mutex_);
    until_ = std::max(until_, until);
  }
  // Zero: GitHub may be called.
  [[nodiscard]] base::Duration left(base::Instant now) const {
    const std::lock_guard lock(mutex_);
    return std::max(until_ - now, base::Duration(0));
  }

 private:
  mutable std::mutex mutex_;  // Guards: until_.
  base::Instant until_{};
};

}  // namespace github
