#include "bench/tap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <mutex>
#include <string_view>
#include <thread>

namespace bench {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kMethods[] = {"GET /", "POST /", "PUT /", "DELETE /", "HEAD /"};

int unix_socket(const std::string& path, bool listens) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listens) ::unlink(path.c_str());
  const bool done = listens ? ::bind(fd, where, sizeof address) == 0 && ::listen(fd, 64) == 0
                            : ::connect(fd, where, sizeof address) == 0;
  if (done) return fd;
  ::close(fd);
  return -1;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// One caller, its own connection to the engine, and the last call seen on it.
struct Line {
  int caller = -1, engine = -1;
  std::optional<std::size_t> last{};
};

class SocketTap final : public Tap {
 public:
  SocketTap(int listener, std::string engine_path)
      : listener_(listener),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        engine_path_(std::move(engine_path)),
        thread_([this] { serve(); }) {}
  ~SocketTap() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
    thread_.join();
    for (const Line& line : lines_) ::close(line.caller), ::close(line.engine);
    ::close(listener_);
    ::close(stop_);
  }
  SocketTap(const SocketTap&) = delete;
  SocketTap& operator=(const SocketTap&) = delete;

  std::vector<Call> take() override {
    const std::lock_guard lock(mutex_);
    std::vector<Call> taken(calls_.begin() + static_cast<std::ptrdiff_t>(taken_), calls_.end());
    taken_ = calls_.size();
    return taken;
  }

 private:
  void serve() {
    while (true) {
      std::vector<pollfd> wanted{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Line& line : lines_) {
        wanted.push_back({line.caller, POLLIN, 0});
        wanted.push_back({line.engine, POLLIN, 0});
      }
      if (::poll(wanted.data(), wanted.size(), -1) < 0) continue;
      if (wanted[0].revents != 0) return;
      std::size_t at = 2;
      for (auto line = lines_.begin(); line != lines_.end(); at += 2) {
        const bool open = (wanted[at].revents == 0 || pass_request(*line)) &&
                          (wanted[at + 1].revents == 0 || pass_answer(*line));
        if (open) {
          ++line;
        } else {
          ::close(line->caller);
          ::close(line->engine);
          line = lines_.erase(line);
        }
      }
      if (wanted[1].revents != 0) accept_caller();
    }
  }

  void accept_caller() {
    const int caller = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (caller < 0) return;
    const int engine = unix_socket(engine_path_, false);
    if (engine < 0) {
      ::close(caller);
      return;
    }
    lines_.push_back({caller, engine});
  }

  bool pass_request(Line& line) {
    const ssize_t size = ::recv(line.caller, buffer_, sizeof buffer_, 0);
    if (size <= 0) return false;
    const std::string_view bytes(buffer_, static_cast<std::size_t>(size));
    const bool begins = std::any_of(std::begin(kMethods), std::end(kMethods),
                                    [&](auto method) { return bytes.starts_with(method); });
    const auto now = clock_.now().boot;
    if (!send_all(line.engine, bytes)) return false;
    if (!begins) return true;
    const std::lock_guard lock(mutex_);
    line.last = calls_.size();
    calls_.push_back({std::string(bytes.substr(0, bytes.find(" HTTP/"))), now, std::nullopt});
    return true;
  }

  bool pass_answer(Line& line) {
    const ssize_t size = ::recv(line.engine, buffer_, sizeof buffer_, 0);
    if (size <= 0) return false;
    if (!send_all(line.caller, {buffer_, static_cast<std::size_t>(size)})) return false;
    const std::lock_guard lock(mutex_);
    if (line.last) calls_[*line.last].answered = clock_.now().boot;
    return true;
  }

  const int listener_, stop_;
  const std::string engine_path_;
  const base::SystemClock clock_{};
  std::list<Line> lines_;  // Of the thread alone, as is the buffer.
  char buffer_[65536];
  std::mutex mutex_;
  // Guards: all below.
  std::vector<Call> calls_;
  std::size_t taken_ = 0;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<Tap>> Tap::open(const std::string& path,
                                             const std::string& engine_path) {
  const int listener = unix_socket(path, true);
  if (listener < 0) return Error{ErrorCode::unavailable, "record calls at " + path};
  return std::unique_ptr<Tap>(std::make_unique<SocketTap>(listener, engine_path));
}

}  // namespace bench
