#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace process {
namespace {

using base::Error;
using base::ErrorCode;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { close(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Error failed(const Call& call, const char* what) {
  return {ErrorCode::unavailable, call.name + ": " + what + ": " + std::strerror(errno)};
}

// The whole input in memory as a file, so that nobody has to feed the child while reading from it.
bool fill(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::lseek(fd, 0, SEEK_SET) == 0;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& one : texts) found.push_back(one.data());
  found.push_back(nullptr);
  return found;
}

// -1: errno says why.
pid_t spawn(int input, int output, const Call& call) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = call.words;
  std::vector<std::string> environment = call.environment;
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words.front().c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = error;
  return error == 0 ? pid : -1;
}

// Its own children inherit them.
void limit(pid_t pid, const Limits& limits) {
  const std::pair<__rlimit_resource, rlim_t> kLimits[] = {
      {RLIMIT_AS, limits.memory_bytes},
      {RLIMIT_FSIZE, limits.file_bytes},
      {RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count())}};
  for (const auto& [what, most] : kLimits) {
    const rlimit both{most, most};
    ::prlimit(pid, what, &both, nullptr);  // Fails only when the child has ended already.
  }
}

// Waits until `fd` is readable. Errors: timeout, unavailable (stopped).
base::Status await(int fd, const Call& call) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        call.deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> wanted = {pollfd{fd, POLLIN, 0}, pollfd{call.stop_fd, POLLIN, 0}};
    const int timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    const int ready = ::poll(wanted.data(), wanted.size(), timeout);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return failed(call, "wait");
    if (ready == 0) return Error{ErrorCode::timeout, call.name + ": it took too long"};
    if (wanted[1].revents != 0) return Error{ErrorCode::unavailable, call.name + ": we stop"};
    return {};
  }
}

base::Result<std::string> read_all(int fd, const Call& call) {
  std::string text;
  std::vector<char> chunk(64U << 10U);
  while (true) {
    if (base::Status ready = await(fd, call); !ready.ok()) return ready.error();
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(call, "read its answer");
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > call.output_max) {
      return Error{ErrorCode::unknown, call.name + ": its answer is too long"};
    }
  }
}

// Ends the child's whole group, unless it ends by itself in time, and takes it off the books.
void reap(pid_t pid, const Call& call, bool is_done) {
  const Fd watched(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const bool has_ended = is_done && watched.get() >= 0 && await(watched.get(), call).ok();
  if (!has_ended) ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

base::Result<std::string> run(const Call& call) {
  const Fd input(::memfd_create("input", MFD_CLOEXEC));
  if (input.get() < 0 || !fill(input.get(), call.input)) return failed(call, "keep the input");
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(call, "make a pipe");
  const Fd output(ends[0]);
  Fd childs(ends[1]);
  const pid_t pid = spawn(input.get(), childs.get(), call);
  if (pid < 0) return failed(call, ("start `" + call.words.front() + "`").c_str());
  limit(pid, call.limits);
  childs.close();
  auto text = read_all(output.get(), call);
  reap(pid, call, text.ok());
  return text;
}

}  // namespace process
