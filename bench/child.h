// Programs started by a benchmark. Adapter. Each child dies with us, however we end.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bench {

// Runs `words` to its end and answers its standard output; standard error goes to ours.
// Errors: unavailable (it could not be started, or ended with another code than 0).
[[nodiscard]] base::Result<std::string> run(const std::vector<std::string>& words);

// A program that runs beside us, its output in a file. Destruction ends it: TERM, after 10 s KILL.
class Child {
 public:
  // Errors: unavailable.
  [[nodiscard]] static base::Result<Child> start(const std::vector<std::string>& words,
                                                 const std::string& log_path);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  // The children of this program that run now.
  [[nodiscard]] std::vector<pid_t> children() const;
  // Stands the program and its children still, and lets them go on.
  void freeze() const;
  void thaw() const;

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

// A process's end as the kernel tells it (pidfd): exact, without asking again and again.
class Exit {
 public:
  explicit Exit(pid_t pid);
  ~Exit();
  Exit(const Exit&) = delete;
  Exit& operator=(const Exit&) = delete;
  // Waits at most `wait`; false when it has not ended by then.
  [[nodiscard]] bool wait_for(base::Duration wait) const;

 private:
  int descriptor_;
};

void pause(base::Duration duration);

}  // namespace bench
