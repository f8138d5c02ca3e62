#include "agents/warden/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "base/text.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kToldMax = 400;

// What the command wrote until its end; false when that did not come in time.
bool read_all(int fd, base::Duration within, std::string& out) {
  const auto end = std::chrono::steady_clock::now() + within;
  char buffer[4096];
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    const int seen = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (seen < 0 && errno == EINTR) continue;
    if (seen <= 0) return false;
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size <= 0) return true;
    out.append(buffer, static_cast<std::size_t>(size));
    if (out.size() > 2 * kToldMax) out.erase(0, out.size() - kToldMax);
  }
}

}  // namespace

base::Status run_command(const std::vector<std::string>& argv, base::Duration within) {
  if (argv.empty()) return Error{ErrorCode::conflict, "run: no command"};
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{ErrorCode::conflict, "run: no pipe"};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string told;
  const bool ended = failed == 0 && read_all(ends[0], within, told);
  ::close(ends[0]);
  if (failed != 0) {
    return Error{ErrorCode::conflict,
                 "run " + argv[0] + ": " + std::generic_category().message(failed)};
  }
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string why = ended ? base::clean_text(base::trim(told)) : "it takes too long";
  return Error{ErrorCode::conflict, "run " + argv[0] + ": " + why};
}

}  // namespace warden
