#include "bench/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "bench/usage.h"

namespace bench {
namespace {

using base::Error;
using base::ErrorCode;

constexpr base::Duration kEndWithin = std::chrono::seconds(10);

// Starts `words` with `output` as its standard output and, when `and_errors`, its standard error.
pid_t spawn(const std::vector<std::string>& words, int output, bool and_errors) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(output, STDOUT_FILENO);
  if (and_errors) ::dup2(output, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

int pidfd_of(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

base::Result<std::string> run(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{ErrorCode::unavailable, "run: no pipe"};
  const pid_t pid = spawn(words, ends[1], false);
  ::close(ends[1]);
  std::string output;
  char buffer[65536];
  for (ssize_t size = 0; (size = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || status != 0) {
    std::string line;
    for (const auto& word : words) line += word + " ";
    return Error{ErrorCode::unavailable, "run " + line + ": failed"};
  }
  return output;
}

base::Result<Child> Child::start(const std::vector<std::string>& words,
                                 const std::string& log_path) {
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Error{ErrorCode::unavailable, "start " + words[0] + ": no log " + log_path};
  const pid_t pid = spawn(words, log, true);
  ::close(log);
  if (pid < 0) return Error{ErrorCode::unavailable, "start " + words[0] + ": no process"};
  return Child(pid);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child::~Child() {
  if (pid_ <= 0) return;
  const Exit ended(pid_);
  thaw();
  ::kill(pid_, SIGTERM);
  if (!ended.wait_for(kEndWithin)) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::vector<pid_t> Child::children() const { return children_of(pid_); }

void Child::freeze() const {
  ::kill(pid_, SIGSTOP);  // First: it must not see its children stand still.
  for (const pid_t pid : children()) ::kill(pid, SIGSTOP);
}

void Child::thaw() const {
  for (const pid_t pid : children()) ::kill(pid, SIGCONT);
  ::kill(pid_, SIGCONT);
}

Exit::Exit(pid_t pid) : descriptor_(pidfd_of(pid)) {}
Exit::~Exit() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool Exit::wait_for(base::Duration wait) const {
  if (descriptor_ < 0) return true;
  pollfd ended{descriptor_, POLLIN, 0};
  const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  return ::ppoll(&ended, 1, &timeout, nullptr) > 0;
}

void pause(base::Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace bench
