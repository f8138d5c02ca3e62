// What up_test supervises, and the supervisor it runs: one small program with a mode as its first
// word.
//   supervise STATE KILL_AFTER_MS FIFO NAME=MODE…   runs up::supervise over copies of itself
//   child FIFO NAME MODE                            a role; tells the FIFO "NAME event pid"
// Modes: run (ends on SIGTERM), crash (ends at once), refuse (exit code 2), deaf (ignores SIGTERM),
// parent (starts a deaf grandchild in its group that keeps the lifeline, then runs).
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "agents/up/lifeline.h"
#include "agents/up/supervisor.h"

namespace {

void tell(const std::string& fifo, const std::string& name, const std::string& event) {
  const int fd = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
  const std::string line = name + " " + event + " " + std::to_string(::getpid()) + "\n";
  if (fd < 0 || ::write(fd, line.data(), line.size()) < 0) std::_Exit(3);
  ::close(fd);
}

[[noreturn]] void wait_forever() {
  for (;;) ::pause();
}

int run_child(const std::string& fifo, const std::string& name, const std::string& mode) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  if (mode == "deaf") ::signal(SIGTERM, SIG_IGN);
  if (mode == "parent" && ::fork() == 0) {
    ::signal(SIGTERM, SIG_IGN);
    const up::Lifeline grandchild_lifeline;
    tell(fifo, name + "-grandchild", "started");
    wait_forever();
  }
  const up::Lifeline lifeline;
  tell(fifo, name, "started");
  if (mode == "crash") return 1;
  if (mode == "refuse") return 2;
  if (mode == "deaf") wait_forever();
  int number = 0;
  ::sigwait(&term, &number);
  tell(fifo, name, "stopped");
  return 0;
}

int run_supervisor(int count, char** words) {
  up::SuperviseOptions options;
  options.state_dir = words[2];
  options.kill_after = std::chrono::milliseconds(std::atoi(words[3]));
  const std::string fifo = words[4];
  std::vector<up::Child> children;
  for (int i = 5; i < count; ++i) {
    const std::string word = words[i];
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    children.push_back({name,
                        {"child", fifo, name, word.substr(equals + 1)},
                        {"PATH=/usr/bin:/bin", "MINE=of " + name}});
  }
  return up::supervise("/proc/self/exe", children, options,
                       base::Logger("up", base::LogLevel::info));
}

}  // namespace

int main(int count, char** words) {
  const std::string mode = count > 1 ? words[1] : "";
  if (mode == "child" && count == 5) return run_child(words[2], words[3], words[4]);
  if (mode == "supervise" && count > 5) return run_supervisor(count, words);
  return 64;
}
