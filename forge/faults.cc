#include "forge/faults.h"

#include <algorithm>

namespace forge {

void Faults::fail_write(int nth, WriteFault fault) {
  const std::lock_guard lock(mutex_);
  script_[writes_ + nth] = fault;
}

void Faults::limit_writes(int writes, int retry_after_s) {
  const std::lock_guard lock(mutex_);
  limited_ = writes;
  retry_after_s_ = std::max(1, retry_after_s);
}

void Faults::set_list_lag(base::Millis lag) {
  const std::lock_guard lock(mutex_);
  lag_ = lag;
}

Faults::Verdict Faults::next_write() {
  const std::lock_guard lock(mutex_);
  ++writes_;
  Verdict verdict;
  if (const auto found = script_.find(writes_); found != script_.end()) {
    verdict.fault = found->second;
    script_.erase(found);
  }
  if (limited_ > 0) {
    --limited_;
    verdict.retry_after_s = retry_after_s_;
  }
  return verdict;
}

base::Millis Faults::list_lag() const {
  const std::lock_guard lock(mutex_);
  return lag_;
}

}  // namespace forge
