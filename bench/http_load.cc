#include "bench/http_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <thread>
#include <vector>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kLength = "\r\nContent-Length: ";

// One kept connection to a port of this host.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    is_open_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The answer's status; 0: none came.
  int ask(std::string_view request) {
    if (!is_open_) return 0;
    is_open_ = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(request.size());
    answer_.clear();
    std::size_t whole = std::string::npos;
    while (is_open_ && answer_.size() < whole) {
      const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      is_open_ = got > 0;
      if (is_open_) answer_.append(buffer_.data(), static_cast<std::size_t>(got));
      if (whole == std::string::npos) whole = find_size();
    }
    int status = 0;
    if (is_open_) std::from_chars(answer_.data() + 9, answer_.data() + 12, status);
    return status;
  }

 private:
  // Of the whole answer, once its header is there.
  [[nodiscard]] std::size_t find_size() const {
    const std::size_t end = answer_.find("\r\n\r\n");
    if (end == std::string::npos) return end;
    const std::size_t field = answer_.find(kLength);
    std::size_t length = 0;
    if (field < end) {
      const char* const digits = answer_.data() + field + kLength.size();
      std::from_chars(digits, answer_.data() + end, length);
    }
    return end + 4 + length;
  }

  int socket_;
  bool is_open_ = false;
  std::string answer_;
  std::array<char, 64 * 1024> buffer_{};
};

struct Tally {
  std::vector<double> ms;
  std::size_t failed = 0;
};

}  // namespace

std::string make_request(std::string_view method, std::string_view path, std::string_view token,
                         std::string_view body) {
  std::string request = std::string(method) + " " + std::string(path) +
                        " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                        std::string(token) + "\r\n";
  if (!body.empty()) {
    request +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return request + "\r\n" + std::string(body);
}

Load run_load(int port, int clients, base::Duration span, int wanted,
              const std::function<std::string(int client, int n)>& make) {
  std::vector<Tally> tallies(static_cast<std::size_t>(clients));
  const auto begin = Clock::now();
  const auto end = begin + span;
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        Tally& tally = tallies[static_cast<std::size_t>(client)];
        Connection connection(port);
        for (int n = 0; Clock::now() < end; ++n) {
          const std::string request = make(client, n);
          const auto asked = Clock::now();
          if (connection.ask(request) != wanted) {
            ++tally.failed;
            break;
          }
          tally.ms.push_back(
              std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
        }
      });
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  Load load;
  std::vector<double> all;
  for (const Tally& tally : tallies) {
    all.insert(all.end(), tally.ms.begin(), tally.ms.end());
    load.failed += tally.failed;
  }
  load.per_second = static_cast<double>(all.size()) / seconds;
  load.ms = spread_of(std::move(all));
  return load;
}

}  // namespace bench
