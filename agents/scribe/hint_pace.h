// When a webhook's hint may be followed: at once, so that a person's word counts when it is said,
// but however many webhooks come, no more than one look a second in the long run. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "base/time.h"

namespace scribe {

// Not thread-safe. Invariant: at most kLooks times, oldest first.
class HintPace {
 public:
  static constexpr std::size_t kLooks = 5;  // In any stretch of …
  static constexpr base::Duration kStretch = std::chrono::seconds(5);

  // When the next look may be: now, or once the oldest of the last looks lies far enough back.
  [[nodiscard]] base::Instant free_at(base::Instant now) const {
    return looks_.size() < kLooks ? now : std::max(now, looks_.front() + kStretch);
  }
  void spend(base::Instant now) {
    looks_.push_back(now);
    if (looks_.size() > kLooks) looks_.pop_front();
  }

 private:
  std::deque<base::Instant> looks_;
};

}  // namespace scribe
