#include "agents/up/lifeline.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace up {
namespace {

constexpr int kLeaveMs = 2000;

// The inherited descriptor, or -1 when there is none or the number is not an open one.
int inherited_fd() {
  const char* text = std::getenv(kLifelineVariable);
  if (text == nullptr) return -1;
  const std::string_view number(text);
  int fd = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fd);
  if (error != std::errc() || end != number.data() + number.size() || fd < 3) return -1;
  return ::fcntl(fd, F_GETFD) < 0 ? -1 : fd;
}

// True when the lifeline ended, false when `wake` became readable or `timeout_ms` (-1: none)
// passed.
bool wait_for_end(int lifeline, int wake, int timeout_ms) {
  pollfd fds[] = {{lifeline, POLLIN, 0}, {wake, POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(fds, 2, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && fds[1].revents == 0 && fds[0].revents != 0;
  }
}

void watch(int lifeline, int wake) {
  // Signals belong to the role's own threads.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  if (!wait_for_end(lifeline, wake, -1)) return;
  ::kill(::getpid(), SIGTERM);
  pollfd ended = {wake, POLLIN, 0};
  if (::poll(&ended, 1, kLeaveMs) > 0) return;
  ::_exit(1);
}

}  // namespace

Lifeline::Lifeline() {
  const int fd = inherited_fd();
  if (fd < 0) return;
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
  watcher_ = std::jthread([fd, wake = wake_fd_] { watch(fd, wake); });
}

Lifeline::~Lifeline() {
  if (wake_fd_ < 0) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  watcher_.join();
  ::close(wake_fd_);
}

}  // namespace up
