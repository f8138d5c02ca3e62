// The supervisor behind `sre-space up`: starts the roles of this host, starts a dead one again with
// backoff, and stops all in reverse order. Linux only (pidfd). Source of the pattern: Boost.Process
// to start, a pidfd per child on Asio to notice its end; no SIGCHLD, no thread.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"

namespace up {

struct Child {
  std::string name;                    // The role.
  std::vector<std::string> arguments;  // Given to the executable as they are.
  // "NAME=value"; the child gets these and kLifelineVariable, nothing else.
  std::vector<std::string> environment;
};

struct SuperviseOptions {
  std::string state_dir;  // For up.lock and up.json.
  base::Duration backoff_first = std::chrono::milliseconds(50);
  base::Duration backoff_most = std::chrono::seconds(30);
  base::Duration backoff_reset = std::chrono::seconds(10);  // Up for so long: backoff begins anew.
  base::Duration kill_after =
      std::chrono::seconds(5);  // From the stop until SIGKILL for what is left.
  // While stopping: one that has not ended after so long no longer holds up the one before it.
  base::Duration order_wait = std::chrono::milliseconds(300);
};

// Runs until SIGTERM or SIGINT (a second one kills at once). Call from the main thread, once.
// Answers the exit code: 0 stopped as asked; 1 when the state folder is locked or not writable, or
// when a child ended with exit code 2 (its configuration is bad), which stops all.
[[nodiscard]] int supervise(const std::string& executable, const std::vector<Child>& children,
                            const SuperviseOptions& options, const base::Logger& logger);

}  // namespace up
