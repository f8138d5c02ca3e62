// A child process of a test: a program, its arguments, and a pipe from its standard output.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "base/ensure.h"

extern char** environ;

namespace support {

// Ended by SIGKILL and reaped at the latest when it goes out of scope. Not thread-safe.
class Child {
 public:
  Child(const std::string& program, const std::vector<std::string>& arguments) {
    int ends[2];
    base::ensure(pipe2(ends, O_CLOEXEC) == 0, "no pipe could be made");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    base::ensure(failed == 0, "the test's program could not be started");
  }
  ~Child() {
    kill();
    close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next line without its end; nullopt at the end of output or when none comes within
  // `wait_ms`.
  std::optional<std::string> line(int wait_ms = 20'000) {
    while (true) {
      if (const auto end = pending_.find('\n'); end != std::string::npos) {
        std::string found = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return found;
      }
      pollfd ready{output_, POLLIN, 0};
      if (poll(&ready, 1, wait_ms) <= 0) return std::nullopt;
      char buffer[4096];
      const auto got = read(output_, buffer, sizeof buffer);
      if (got <= 0) return std::nullopt;  // A half line is no line.
      pending_.append(buffer, static_cast<std::size_t>(got));
    }
  }
  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    (void)wait();
  }
  // The exit code, or minus the number of the signal that ended it.
  int wait() {
    if (pid_ <= 0) return code_;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  int code_ = 0;
  std::string pending_;
};

}  // namespace support
