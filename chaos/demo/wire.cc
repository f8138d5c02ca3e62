#include "chaos/demo/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRequestBytesMax = 8192;
constexpr std::size_t kReplyBytesMax = 65536;
constexpr int kBacklog = 512;
constexpr std::chrono::milliseconds kPeerPatience{2000};
constexpr std::chrono::milliseconds kResolvePatience{500};

// Closes its descriptor at the end of its scope.
struct Socket {
  int fd = -1;
  explicit Socket(int owned) : fd(owned) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
};

// Waits until `events` happen on `fd`; false at the deadline.
bool wait_for(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{fd, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left) + 1);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

bool send_all(int fd, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    if (!wait_for(fd, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

enum class Read { data, end, late, failed };

Read read_some(int fd, std::string& into, Clock::time_point deadline) {
  if (!wait_for(fd, POLLIN, deadline)) return Read::late;
  std::array<char, 4096> chunk;
  const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
  if (got < 0) return Read::failed;
  if (got == 0) return Read::end;
  into.append(chunk.data(), static_cast<std::size_t>(got));
  return Read::data;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc{} && stopped == end;
}

// ---- Names ----

std::optional<in_addr> from_hosts_file(const std::string& name) {
  std::ifstream hosts("/etc/hosts");
  for (std::string line; std::getline(hosts, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address, word;
    words >> address;
    in_addr parsed{};
    if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) continue;
    while (words >> word) {
      if (word == name) return parsed;
    }
  }
  return std::nullopt;
}

std::optional<in_addr> name_server() {
  std::ifstream conf("/etc/resolv.conf");
  for (std::string line; std::getline(conf, line);) {
    std::istringstream words(line);
    std::string key, value;
    in_addr parsed{};
    if (words >> key >> value && key == "nameserver" &&
        ::inet_pton(AF_INET, value.c_str(), &parsed) == 1) {
      return parsed;
    }
  }
  return std::nullopt;
}

// An RFC 1035 query for the A record of `name`; empty when a label is not 1..63 bytes.
std::string make_query(const std::string& name, std::uint16_t id) {
  std::string query{static_cast<char>(id >> 8), static_cast<char>(id & 0xff), 1, 0, 0, 1};
  query.append(6, '\0');
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    if (label.empty() || label.size() > 63) return {};
    query += static_cast<char>(label.size());
    query += label;
  }
  query.append({0, 0, 1, 0, 1});
  return query;
}

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Steps over a name at `at`: labels, or a two-byte pointer. Past the end for a cut message.
std::size_t after_name(std::string_view bytes, std::size_t at) {
  while (at < bytes.size()) {
    const unsigned length = byte_at(bytes, at);
    if (length >= 0xc0) return at + 2;
    if (length == 0) return at + 1;
    at += length + 1;
  }
  return bytes.size() + 1;
}

// The first A record of the answer to `query`, whose single question the answer repeats.
std::optional<in_addr> parse_answer(std::string_view answer, const std::string& query) {
  if (answer.size() < query.size() || answer.substr(0, 2) != query.substr(0, 2)) return {};
  if ((byte_at(answer, 3) & 0x0f) != 0) return {};
  unsigned records = byte_at(answer, 6) * 256 + byte_at(answer, 7);
  std::size_t at = query.size();
  for (; records > 0; --records) {
    at = after_name(answer, at);
    if (at + 10 > answer.size()) return {};
    const unsigned type = byte_at(answer, at) * 256 + byte_at(answer, at + 1);
    const unsigned length = byte_at(answer, at + 8) * 256 + byte_at(answer, at + 9);
    at += 10;
    if (at + length > answer.size()) return {};
    if (type == 1 && length == 4) {
      in_addr found{};
      std::memcpy(&found, answer.data() + at, 4);
      return found;
    }
    at += length;
  }
  return {};
}

std::optional<in_addr> from_name_server(const std::string& name, Clock::time_point deadline) {
  const auto server = name_server();
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  const std::string query = make_query(name, static_cast<std::uint16_t>(now >> 8));
  const Socket udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!server || query.empty() || udp.fd < 0) return {};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(53);
  to.sin_addr = *server;
  if (::connect(udp.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return {};
  if (!send_all(udp.fd, query, deadline)) return {};
  std::string answer;
  if (read_some(udp.fd, answer, deadline) != Read::data) return {};
  return parse_answer(answer, query);
}

std::optional<in_addr> resolve(const std::string& name, Clock::time_point deadline) {
  in_addr literal{};
  if (::inet_pton(AF_INET, name.c_str(), &literal) == 1) return literal;
  if (const auto listed = from_hosts_file(name)) return listed;
  return from_name_server(name, std::min(deadline, Clock::now() + kResolvePatience));
}

// ---- Calling ----

Fetched failed(std::string reason) { return {false, {}, std::move(reason)}; }

// Empty, or why there is no connection.
std::string connect_to(int fd, in_addr address, std::uint16_t port, Clock::time_point deadline) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr = address;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  if (!wait_for(fd, POLLOUT, deadline)) return "did not accept the connection in time";
  int failure = 0;
  socklen_t size = sizeof failure;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
  return failure == 0 ? std::string() : std::string(std::strerror(failure));
}

Fetched parse_reply(const std::string& bytes) {
  const auto body = bytes.find("\r\n\r\n");
  int status = 0;
  if (bytes.size() < 12 || body == std::string::npos ||
      !parse_number(std::string_view(bytes).substr(9, 3), status)) {
    return failed("sent no HTTP reply");
  }
  return {true, {status, bytes.substr(body + 4)}, {}};
}

// ---- Serving ----

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 502:
      return "Bad Gateway";
    default:
      return "Service Unavailable";
  }
}

// The first line and its query; nullopt when it is no HTTP request line.
std::optional<Request> parse_request(const std::string& head) {
  std::istringstream line(head.substr(0, head.find("\r\n")));
  Request request;
  std::string target, version;
  if (!(line >> request.method >> target >> version) || target[0] != '/') return std::nullopt;
  if (version.rfind("HTTP/1.", 0) != 0) return std::nullopt;
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark == std::string::npos) return request;
  std::istringstream pairs(target.substr(mark + 1));
  for (std::string pair; std::getline(pairs, pair, '&');) {
    const auto equals = pair.find('=');
    request.query[pair.substr(0, equals)] =
        equals == std::string::npos ? std::string() : pair.substr(equals + 1);
  }
  return request;
}

// Reads the head of one request, and no body: no request of ours has a meaning in its body.
std::optional<std::string> read_head(int fd) {
  const auto deadline = Clock::now() + kPeerPatience;
  std::string bytes;
  while (bytes.find("\r\n\r\n") == std::string::npos) {
    if (bytes.size() > kRequestBytesMax || read_some(fd, bytes, deadline) != Read::data) return {};
  }
  return bytes;
}

void serve_one(int fd, const std::function<Reply(const Request&)>& answer) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto head = read_head(fd);
  if (!head) return;
  const auto request = parse_request(*head);
  const Reply reply = request ? answer(*request) : Reply{400, "{\"error\":\"not a request\"}\n"};
  std::string bytes = "HTTP/1.1 " + std::to_string(reply.status) + ' ';
  bytes += phrase(reply.status);
  bytes += "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
  bytes += std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
  if (send_all(fd, bytes, Clock::now() + kPeerPatience)) ::shutdown(fd, SHUT_WR);
}

}  // namespace

bool parse_url(std::string_view text, Url& url) {
  constexpr std::string_view scheme = "http://";
  if (text.substr(0, scheme.size()) != scheme) return false;
  text.remove_prefix(scheme.size());
  const auto colon = text.find(':');
  url.host = std::string(text.substr(0, colon));
  if (url.host.empty() || url.host.find('/') != std::string::npos) return false;
  return colon == std::string_view::npos || parse_number(text.substr(colon + 1), url.port);
}

std::string json_text(std::string_view text) {
  std::string safe;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte > 0x7e) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      safe += escape.data();
      continue;
    }
    if (each == '"' || each == '\\') safe += '\\';
    safe += each;
  }
  return safe;
}

Fetched fetch(const Url& url, const std::string& target, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const std::string late = "did not answer within " + std::to_string(limit.count()) + " ms";
  const auto address = resolve(url.host, deadline);
  if (!address) return failed("has no address: cannot resolve " + url.host);
  const Socket tcp(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (tcp.fd < 0) return failed(std::strerror(errno));
  const std::string refused = connect_to(tcp.fd, *address, url.port, deadline);
  if (!refused.empty()) return failed(refused);
  if (!send_all(
          tcp.fd,
          "GET " + target + " HTTP/1.1\r\nHost: " + url.host + "\r\nConnection: close\r\n\r\n",
          deadline)) {
    return failed(late);
  }
  std::string bytes;
  while (bytes.size() < kReplyBytesMax) {
    switch (read_some(tcp.fd, bytes, deadline)) {
      case Read::data:
        continue;
      case Read::end:
        return parse_reply(bytes);
      case Read::late:
        return failed(late);
      case Read::failed:
        return failed(std::strerror(errno));
    }
  }
  return failed("sent more than " + std::to_string(kReplyBytesMax) + " bytes");
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 &&
      ::listen(fd, kBacklog) == 0) {
    return fd;
  }
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

void serve(int listener, const std::function<Reply(const Request&)>& answer) {
  while (true) {
    const Socket peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (peer.fd >= 0) serve_one(peer.fd, answer);
  }
}

}  // namespace demo
