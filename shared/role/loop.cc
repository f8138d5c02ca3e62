#include "role/loop.h"

#include <unistd.h>

namespace role {

bool wait_for(const Outside& outside, int mailbox, base::Instant until) {
  pollfd descriptors[] = {{outside.wakeup.descriptor(), POLLIN, 0},
                          {mailbox, POLLIN, 0},
                          {outside.stop_descriptor, POLLIN, 0}};
  const auto left = std::max(until - outside.clock.now().boot, base::Duration(0));
  const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  if (ppoll(descriptors, std::size(descriptors), &timeout, nullptr) <= 0) return false;
  return descriptors[2].revents != 0;
}

bool stop_file_exists(const Outside& outside) {
  return !outside.stop_file.empty() && access(outside.stop_file.c_str(), F_OK) == 0;
}

}  // namespace role
