// A role's tie to its supervisor: the read end of a pipe whose only write end `up` holds. When `up`
// is gone, even by SIGKILL, the pipe ends and so does the role. Processes that a role starts may
// keep the tie by inheriting the descriptor and the variable.
#pragma once

#include <thread>

namespace up {

inline constexpr const char* kLifelineVariable = "SRE_LIFELINE_FD";

// Watches on a thread of its own from construction on: at the pipe's end it sends SIGTERM to this
// process and, when that has not ended it within 2 s, leaves by _exit(1). Without the variable (a
// role started by hand) it watches nothing. Create at most one, in main.
class Lifeline {
 public:
  Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;
  ~Lifeline();

 private:
  int wake_fd_ = -1;  // An eventfd that ends the watch.
  std::jthread watcher_;
};

}  // namespace up
