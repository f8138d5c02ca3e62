#include "bench/observer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "bench/child.h"

namespace bench {
namespace {

constexpr base::Duration kBetweenAsks = std::chrono::milliseconds(1);
constexpr base::Duration kAskWithin = std::chrono::milliseconds(500);

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool wait(short events, base::Instant until) const {
    pollfd wanted{fd_, events, 0};
    const auto left = std::max(until - base::SystemClock().now().boot, base::Duration(0));
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    return ::ppoll(&wanted, 1, &timeout, nullptr) > 0;
  }

 private:
  int fd_;
};

bool connect_to(const Socket& socket, int port, base::Instant until) {
  const int one = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
    return true;
  if (errno != EINPROGRESS || !socket.wait(POLLOUT, until)) return false;
  int failed = 0;
  socklen_t size = sizeof failed;
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

// By how much the engine's UTC clock is ahead of the boot clock, both read together.
base::Duration utc_ahead() {
  timespec utc{}, boot{};
  ::clock_gettime(CLOCK_REALTIME, &utc);
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  return std::chrono::seconds(utc.tv_sec - boot.tv_sec) +
         std::chrono::nanoseconds(utc.tv_nsec - boot.tv_nsec);
}

}  // namespace

std::optional<int> ask(int port, const std::string& method, const std::string& target,
                       base::Duration within) {
  const auto until = base::SystemClock().now().boot + within;
  const Socket socket;
  if (!connect_to(socket, port, until)) return std::nullopt;
  const std::string request = method + " " + target +
                              " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n";
  if (::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string answer;
  char buffer[4096];
  while (answer.find("\r\n") == std::string::npos) {
    if (!socket.wait(POLLIN, until)) return std::nullopt;
    const ssize_t size = ::recv(socket.fd(), buffer, sizeof buffer, 0);
    if (size <= 0) return std::nullopt;
    answer.append(buffer, static_cast<std::size_t>(size));
  }
  if (!answer.starts_with("HTTP/1.")) return std::nullopt;
  return std::atoi(answer.c_str() + sizeof "HTTP/1.1");
}

Observer::Observer(const std::string& engine_host, std::string container_name, int port)
    : engine_(engine_host),
      name_(std::move(container_name)),
      port_(port),
      follower_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          (void)engine_.follow(
              [] {}, [this](const engine::Event& event) { return note(event), true; }, stop);
        }
      }) {}

Observer::~Observer() { follower_.request_stop(); }

void Observer::note(const engine::Event& event) {
  if (event.name != name_) return;
  const base::Instant happened(base::Duration(event.time_ns) - utc_ahead());
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back({event, happened, clock_.now().boot});
  }
  changed_.notify_all();
}

bool Observer::started_since(base::Instant since) const {
  for (const Seen& seen : seen_) {
    if (seen.event.kind == engine::EventKind::start && seen.happened > since) return true;
  }
  return false;
}

base::Result<base::Instant> Observer::healthy_after(base::Instant since, base::Instant deadline) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, deadline - clock_.now().boot, [&] { return started_since(since); });
    if (!started_since(since)) {
      return base::Error{base::ErrorCode::timeout, "wait for " + name_ + ": it was not started"};
    }
  }
  while (clock_.now().boot < deadline) {
    const auto status = ask(port_, "GET", "/health", kAskWithin);
    if (status == 200) return clock_.now().boot;
    pause(kBetweenAsks);
  }
  return base::Error{base::ErrorCode::timeout, "wait for " + name_ + ": it does not answer"};
}

std::vector<Seen> Observer::seen_since(base::Instant since) {
  const std::lock_guard lock(mutex_);
  std::vector<Seen> found;
  for (const Seen& seen : seen_) {
    if (seen.happened > since) found.push_back(seen);
  }
  return found;
}

}  // namespace bench
