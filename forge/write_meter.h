// Counts the writes clients ask for, so that a test can hold them to a budget. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

#include "base/time.h"

namespace forge {

struct WriteReport {
  std::int64_t total = 0;
  int worst_minute = 0;  // The most writes within any 60 seconds.
  int worst_hour = 0;    // The most within any 3600 seconds.
};

class WriteMeter {
 public:
  void note(base::WallTime at);  // In order of time.
  [[nodiscard]] WriteReport report() const;

 private:
  mutable std::mutex mutex_;
  std::deque<base::WallTime> hour_;  // Of the last hour.
  std::deque<base::WallTime> minute_;
  WriteReport report_;
};

}  // namespace forge
