#include "escalation/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace escalation {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kToldMax = 4000;
constexpr int kKillRounds = 20;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// The child leads a group of its own, with default signals and no descriptor but 0, 1, 2.
int spawn(const Program& program, int output, pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, program.input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawn_file_actions_addchdir_np(&actions, program.folder.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto argv = pointers(program.argv), environment = pointers(program.environment);
  const int failed =
      posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

// Reads what there is; false at its end.
bool read_some(int fd, std::size_t& total, std::string& told) {
  char buffer[16384];
  const ssize_t size = ::read(fd, buffer, sizeof buffer);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (size <= 0) return false;
  total += static_cast<std::size_t>(size);
  told.append(buffer, static_cast<std::size_t>(size));
  if (told.size() > 2 * kToldMax) told.erase(0, told.size() - kToldMax);
  return true;
}

// Until the child itself has ended, or must.
Ending watch(const Program& program, int child, Descriptor& output, std::string& told) {
  const auto end = std::chrono::steady_clock::now() + program.within;
  std::size_t total = 0;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Ending::out_of_time;
    pollfd ready[3] = {
        {child, POLLIN, 0}, {output.get(), POLLIN, 0}, {program.stop_descriptor, POLLIN, 0}};
    const auto wait = std::min<std::int64_t>(left.count(), 60'000);
    if (::poll(ready, 3, static_cast<int>(wait)) < 0) continue;
    if (program.stop_descriptor >= 0 && ready[2].revents != 0) return Ending::stopped;
    if (ready[1].revents != 0 && !read_some(output.get(), total, told)) output.close();
    if (total > program.output_max) return Ending::too_much_output;
    if (ready[0].revents != 0 && (output.get() < 0 || ready[1].revents == 0)) return Ending::exited;
  }
}

}  // namespace

void kill_marked(const std::string& marker) {
  if (marker.empty()) return;
  for (int round = 0; round < kKillRounds; ++round) {
    bool found = false;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
      const std::string name = entry.path().filename().string();
      pid_t pid = 0;
      const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
      if (error != std::errc() || rest != name.data() + name.size() || pid == ::getpid()) continue;
      std::ifstream file(entry.path() / "environ", std::ios::binary);
      std::string line;
      while (std::getline(file, line, '\0')) {
        if (line != marker) continue;
        found = ::kill(pid, SIGKILL) == 0 || found;
        break;
      }
    }
    if (!found) return;
  }
}

base::Result<Ended> run_program(const Program& program) {
  const std::string name = program.argv.empty() ? "nothing" : program.argv.front();
  int ends[2];
  if (program.argv.empty() || ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return Error{ErrorCode::unavailable, "run " + name + ": no pipe could be made"};
  Descriptor output(ends[0]);
  Descriptor theirs(ends[1]);
  // Its end of the pipe blocks, as programs expect.
  ::fcntl(theirs.get(), F_SETFL, 0);
  pid_t child = 0;
  const int failed = spawn(program, theirs.get(), child);
  theirs.close();
  if (failed != 0) {
    return Error{failed == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                 "run " + name + ": " + std::generic_category().message(failed)};
  }
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  Ended ended;
  ended.how = watch(program, process.get(), output, ended.output);
  ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  kill_marked(program.marker);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (ended.output.size() > kToldMax) ended.output.erase(0, ended.output.size() - kToldMax);
  return ended;
}

}  // namespace escalation
