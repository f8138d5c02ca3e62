#include "forge/write_meter.h"

#include <algorithm>
#include <chrono>

namespace forge {
namespace {

// Adds `at` and forgets what is older than `span`; how many are left.
int slide(std::deque<base::WallTime>& window, base::WallTime at, base::Millis span) {
  window.push_back(at);
  while (window.front() + span <= at) window.pop_front();
  return static_cast<int>(window.size());
}

}  // namespace

void WriteMeter::note(base::WallTime at) {
  const std::lock_guard lock(mutex_);
  ++report_.total;
  report_.worst_minute =
      std::max(report_.worst_minute, slide(minute_, at, std::chrono::minutes(1)));
  report_.worst_hour = std::max(report_.worst_hour, slide(hour_, at, std::chrono::hours(1)));
}

WriteReport WriteMeter::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

}  // namespace forge
