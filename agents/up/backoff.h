// How long a role that died waits before it is started again. Pure: callers pass the time it was
// up.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace up {

// Doubles from `first` to `most` with every death; a role that was up for `reset` begins anew.
class Backoff {
 public:
  Backoff(base::Duration first, base::Duration most, base::Duration reset)
      : first_(first), most_(most), reset_(reset), next_(first) {}

  [[nodiscard]] base::Duration after_death(base::Duration was_up) {
    if (was_up >= reset_) next_ = first_;
    const base::Duration wait = next_;
    next_ = std::min(next_ * 2, most_);
    return wait;
  }

 private:
  base::Duration first_, most_, reset_, next_;
};

}  // namespace up
