#include "forge/git/backend.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
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
#include <string_view>
#include <utility>
#include <vector>

#include "forge/git/wire.h"

namespace forge {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

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

base::Error failed(const char* what) {
  return {base::ErrorCode::unavailable,
          std::string("git http-backend: ") + what + ": " + std::strerror(errno)};
}

// The whole body in memory as a file, so that nobody has to feed the child while reading from it.
bool fill(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::lseek(fd, 0, SEEK_SET) == 0;
}

std::string query_of(const http::Request& request) {
  const std::size_t at = request.target.find('?');
  return at == request.target.npos ? "" : request.target.substr(at + 1);
}

// All the child gets to know: nothing of our own environment but where programs are.
std::vector<std::string> environment(const BackendOptions& options, const BackendCall& call) {
  const http::Request& request = call.request;
  std::vector<std::string> env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                  "LC_ALL=C.UTF-8",
                                  "HOME=/nonexistent",
                                  "GIT_CONFIG_NOSYSTEM=1",
                                  "GIT_CONFIG_GLOBAL=/dev/null",
                                  "GIT_HTTP_EXPORT_ALL=1",
                                  "GATEWAY_INTERFACE=CGI/1.1",
                                  "SERVER_PROTOCOL=HTTP/1.1",
                                  "GIT_PROJECT_ROOT=" + options.folder,
                                  "PATH_INFO=" + call.path,
                                  "REMOTE_USER=" + call.login,
                                  "REMOTE_ADDR=" + request.remote_address,
                                  "REQUEST_METHOD=" + request.method,
                                  "QUERY_STRING=" + query_of(request),
                                  "CONTENT_LENGTH=" + std::to_string(request.body.size())};
  const auto pass = [&](const char* name, std::string_view header) {
    const std::string_view value = request.header(header);
    if (!value.empty()) env.push_back(std::string(name) + "=" + std::string(value));
  };
  pass("CONTENT_TYPE", "Content-Type");
  pass("HTTP_CONTENT_ENCODING", "Content-Encoding");
  pass("GIT_PROTOCOL", "Git-Protocol");
  env.push_back("GIT_CONFIG_COUNT=" + std::to_string(call.settings.size()));
  int at = 0;
  for (const auto& [name, value] : call.settings) {
    env.push_back("GIT_CONFIG_KEY_" + std::to_string(at) + "=" + name);
    env.push_back("GIT_CONFIG_VALUE_" + std::to_string(at++) + "=" + value);
  }
  return env;
}

// In a process group of its own, without our other files and signal settings. -1: errno says why.
pid_t spawn(int input, int output, std::vector<std::string> env) {
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
  std::array<std::string, 2> words = {"git", "http-backend"};
  std::array<char*, 3> arguments = {words[0].data(), words[1].data(), nullptr};
  std::vector<char*> variables;
  for (std::string& one : env) variables.push_back(one.data());
  variables.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, "git", &actions, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  errno = error;
  return error == 0 ? pid : -1;
}

// What a hostile pack may cost at most; git's own children inherit it.
void limit(pid_t pid) {
  const std::pair<__rlimit_resource, rlim_t> kLimits[] = {
      {RLIMIT_AS, 2UL << 30U}, {RLIMIT_FSIZE, 256UL << 20U}, {RLIMIT_CPU, 60}};
  for (const auto& [what, most] : kLimits) {
    const rlimit both{most, most};
    ::prlimit(pid, what, &both, nullptr);  // Fails only when the child has ended already.
  }
}

// Waits until `fd` is readable. Errors: timeout, unavailable (stopped).
base::Status await(int fd, int stop_fd, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> wanted = {pollfd{fd, POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    const int timeout = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    const int ready = ::poll(wanted.data(), wanted.size(), timeout);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return failed("wait");
    if (ready == 0) {
      return base::Error{base::ErrorCode::timeout, "git http-backend: it took too long"};
    }
    if (wanted[1].revents != 0) {
      return base::Error{base::ErrorCode::unavailable, "git http-backend: the forge stops"};
    }
    return {};
  }
}

base::Result<std::string> read_all(int fd, int stop_fd, Deadline deadline, std::size_t max) {
  std::string text;
  std::vector<char> chunk(64U << 10U);
  while (true) {
    if (base::Status ready = await(fd, stop_fd, deadline); !ready.ok()) return ready.error();
    const ssize_t size = ::read(fd, chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read its answer");
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
    if (text.size() > max) {
      return base::Error{base::ErrorCode::unknown, "git http-backend: its answer is too long"};
    }
  }
}

// Ends the child's whole group, unless it ends by itself in time, and takes it off the books.
void reap(pid_t pid, int stop_fd, Deadline deadline, bool is_done) {
  const Fd watched(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const bool has_ended =
      is_done && watched.get() >= 0 && await(watched.get(), stop_fd, deadline).ok();
  if (!has_ended) ::kill(-pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Backend::Backend(BackendOptions options)
    : options_(std::move(options)), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Backend::~Backend() {
  if (stop_fd_ >= 0) ::close(stop_fd_);
}

void Backend::stop() { ::eventfd_write(stop_fd_, 1); }

base::Result<http::Response> Backend::serve(const BackendCall& call) const {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.patience;
  const Fd input(::memfd_create("request", MFD_CLOEXEC));
  if (input.get() < 0 || !fill(input.get(), call.request.body)) return failed("keep the request");
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("make a pipe");
  const Fd output(ends[0]);
  Fd childs(ends[1]);
  const pid_t pid = spawn(input.get(), childs.get(), environment(options_, call));
  if (pid < 0) return failed("start `git` (is the package git installed?)");
  limit(pid);
  childs.close();
  auto text = read_all(output.get(), stop_fd_, deadline, options_.reply_max);
  reap(pid, stop_fd_, deadline, text.ok());
  if (!text) return text.error();
  auto response = read_cgi(std::move(*text));
  if (response) return std::move(*response);
  return base::Error{base::ErrorCode::unknown, "git http-backend: no answer of a CGI program"};
}

}  // namespace forge
