// One `up` per state folder: a lock on <state>/up.lock that the kernel drops when its holder ends,
// however it ends. The file holds the holder's pid for messages.
#pragma once

#include <string>

#include "base/result.h"

namespace up {

class StateLock {
 public:
  // Makes the folder (mode 0700) when it is missing. Errors: conflict (another `up` holds it; the
  // message names its pid), denied (the folder cannot be written).
  [[nodiscard]] static base::Result<StateLock> take(const std::string& state_dir);
  // Whether somebody holds the lock now. Never disturbs a holder or a taker.
  [[nodiscard]] static bool is_held(const std::string& state_dir);

  StateLock(StateLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace up
