// The server over real loopback sockets, spoken to byte by byte.
#include "http/http.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace http {
namespace {

using Clock = std::chrono::steady_clock;

// A blocking client socket; every read ends after 10 s at most.
class Peer {
 public:
  explicit Peer(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    is_open_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Peer() { ::close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] bool is_open() const { return is_open_; }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Reads until `marker` was seen (kept in the answer) or the end.
  std::string read_until(std::string_view marker) {
    for (;;) {
      if (const std::size_t at = data_.find(marker); at != std::string::npos) {
        return take(at + marker.size());
      }
      if (!fill()) return take(data_.size());
    }
  }
  std::string read_bytes(std::size_t count) {
    while (data_.size() < count) {
      if (!fill()) return take(data_.size());
    }
    return take(count);
  }
  std::string read_all() {
    while (fill()) {
    }
    return take(data_.size());
  }
  void shrink_receive_buffer() const {
    const int size = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

  // WebSocket: the handshake's answer, one masked text out, one text in ("" at the end).
  std::string shake_hands(std::string_view path, std::string_view extra = "") {
    write("GET " + std::string(path) +
          " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
          std::string(extra) + "\r\n");
    return read_until("\r\n\r\n");
  }
  bool say(std::string_view text) const {
    std::string frame{'\x81', static_cast<char>(0x80U | text.size()), 1, 2, 3, 4};
    for (std::size_t i = 0; i < text.size(); ++i) {
      frame += static_cast<char>(text[i] ^ static_cast<char>(i % 4 + 1));
    }
    return write(frame);
  }
  std::string hear() {
    const std::string head = read_bytes(2);
    if (head.size() < 2) return "";
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7FU;
    const int extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (extra > 0) {
      size = 0;
      for (const char c : read_bytes(static_cast<std::size_t>(extra))) {
        size = size * 256 + static_cast<unsigned char>(c);
      }
    }
    return read_bytes(size);
  }

 private:
  bool fill() {
    char chunk[4096];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got > 0) data_.append(chunk, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take(std::size_t count) {
    std::string result = data_.substr(0, count);
    data_.erase(0, count);
    return result;
  }
  int fd_;
  bool is_open_ = false;
  std::string data_;
};

ServerOptions quick_options() {
  ServerOptions options;
  options.body_limit = 1000;
  options.header_deadline = std::chrono::milliseconds(200);
  options.body_deadline = std::chrono::milliseconds(300);
  return options;
}

Response echo(const Request& request) {
  if (request.path == "/throw") throw std::runtime_error("secret");
  if (request.path == "/empty") return Response{204, {}, ""};
  Response response = make_response(
      200, "text/plain",
      request.method + " " + request.path + " " + request.remote_address + " " + request.body);
  response.headers.emplace_back("X-Split", "a\r\nInjected: yes");
  return response;
}

std::string exchange(int port, std::string_view bytes) {
  Peer peer(port);
  peer.write(bytes);
  return peer.read_all();
}

std::string status_line(const std::string& reply) { return reply.substr(0, reply.find('\r')); }

TEST_CASE("server: answers requests, several on one connection") {
  Server server(quick_options(), echo);
  REQUIRE(server.start().ok());
  Peer peer(server.port());
  peer.write("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  const std::string head = peer.read_until("\r\n\r\n");
  CHECK(status_line(head) == "HTTP/1.1 200 OK");
  CHECK(head.find("X-Split: aInjected: yes\r\n") != std::string::npos);
  CHECK(peer.read_bytes(20) == "POST /a 127.0.0.1 hi");
  // Two at once, then one without a body, then the last.
  peer.write("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(peer.read_until("GET /1 127.0.0.1 ").ends_with("GET /1 127.0.0.1 "));
  const std::string empty = peer.read_until("\r\n\r\n");
  CHECK(status_line(empty) == "HTTP/1.1 204 No Content");
  CHECK(empty.find("Content-Length") == std::string::npos);
  peer.write("HEAD /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string last = peer.read_all();
  CHECK(last.find("Content-Length: 18\r\n") != std::string::npos);
  CHECK(last.ends_with("\r\n\r\n"));
}

TEST_CASE("server: what is too much or malformed is refused with its status") {
  Server server(quick_options(), echo);
  REQUIRE(server.start().ok());
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 101; ++i) many += "A" + std::to_string(i) + ": b\r\n";
  const std::string chunk(600, 'x');
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" + chunk +
      "\r\n258\r\n" + chunk + "\r\n0\r\n\r\n";
  struct Row {
    const char* name;
    std::string bytes;
    const char* status;
  };
  for (const Row& row : {
           Row{"body over the limit",
               "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" +
                   std::string(1001, 'x'),
               "413"},
           Row{"chunked body over the limit", chunked, "413"},
           Row{"encoded body",
               "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
               "415"},
           Row{"101 headers", many + "\r\n", "431"},
           Row{"8 KB of one header",
               "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(9000, 'x') + "\r\n\r\n", "431"},
           Row{"no HTTP", "hello\r\n\r\n", "400"},
           Row{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
           Row{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
           Row{"bad target", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
           Row{"bad escape", "GET /?a=%x HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
           Row{"length and chunked",
               "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
               "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
               "400"},
           Row{"handler throws", "GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
               "500"},
       }) {
    CAPTURE(row.name);
    const std::string reply = exchange(server.port(), row.bytes);
    CHECK(status_line(reply).substr(0, 12) == std::string("HTTP/1.1 ") + row.status);
    CHECK(reply.find("secret") == std::string::npos);
  }
}

TEST_CASE("server: a dripping header or body is cut at its deadline, others are served meanwhile") {
  Server server(quick_options(), echo);
  REQUIRE(server.start().ok());
  std::vector<std::unique_ptr<Peer>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<Peer>(server.port()));
    slow.back()->write(i % 2 == 0 ? "GET / HT"
                                  : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
  }
  const auto start = Clock::now();
  const std::string served =
      exchange(server.port(), "GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(status_line(served) == "HTTP/1.1 200 OK");
  CHECK(Clock::now() - start < std::chrono::milliseconds(150));
  for (const auto& peer : slow) CHECK(peer->read_all().empty());
  CHECK(Clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("server: Expect: 100-continue is answered before the body") {
  Server server(quick_options(), echo);
  REQUIRE(server.start().ok());
  Peer peer(server.port());
  peer.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(peer.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.write("hi");
  CHECK(status_line(peer.read_until("\r\n\r\n")) == "HTTP/1.1 200 OK");
}

TEST_CASE("server: who is not admitted is answered before the body, others go on") {
  ServerOptions options = quick_options();
  options.admit = [](const Request& head) -> std::optional<Response> {
    if (head.path == "/broken") throw std::runtime_error("secret");
    if (head.header("Authorization") == "yes" && head.body.empty()) return std::nullopt;
    Response refusal = make_response(401, "text/plain", "sign in\n");
    refusal.headers.emplace_back("WWW-Authenticate", "Basic realm=\"x\"");
    return refusal;
  };
  std::atomic<int> handled = 0;
  Server server(options, [&](const Request& request) {
    ++handled;
    return echo(request);
  });
  REQUIRE(server.start().ok());
  const std::string length = " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n";
  const std::string chunks = " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
  struct Row {
    const char* name;
    std::string head;  // No body follows.
    const char* status;
  };
  for (const Row& row : {
           Row{"a body of known length", "POST /a" + length, "401"},
           Row{"chunks", "POST /a" + chunks, "401"},
           Row{"one that asks first", "POST /a" + length + "Expect: 100-continue\r\n", "401"},
           Row{"a GET with a body", "GET /a" + length, "401"},
           Row{"a judge that throws", "POST /broken" + length, "500"},
       }) {
    CAPTURE(row.name);
    const std::string reply = exchange(server.port(), row.head + "\r\n");
    CHECK(status_line(reply).substr(0, 12) == std::string("HTTP/1.1 ") + row.status);
    CHECK(reply.find("Connection: close\r\n") != std::string::npos);
    CHECK((reply.find("WWW-Authenticate: Basic") != std::string::npos) ==
          (std::string(row.status) == "401"));
    CHECK(reply.find("secret") == std::string::npos);
  }
  CHECK(handled == 0);
  Peer peer(server.port());
  peer.write("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");  // Has no body: the handler's to judge.
  CHECK(peer.read_until("GET /b 127.0.0.1 ").ends_with("GET /b 127.0.0.1 "));
  peer.write("POST /c" + length + "Authorization: yes\r\nExpect: 100-continue\r\n\r\n");
  CHECK(peer.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  peer.write("hi");
  CHECK(peer.read_until("127.0.0.1 hi").ends_with("POST /c 127.0.0.1 hi"));
  CHECK(handled == 2);
}

TEST_CASE("server: a taken port, a foreign address and nonsense are clear errors") {
  Server first(quick_options(), echo);
  REQUIRE(first.start().ok());
  ServerOptions same = quick_options();
  same.port = first.port();
  Server second(same, echo);
  const base::Status taken = second.start();
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == base::ErrorCode::conflict);
  CHECK(taken.error().message == "listen on 127.0.0.1:" + std::to_string(same.port) +
                                     ": the port is in use by another process");
  ServerOptions foreign = quick_options();
  foreign.address = "192.0.2.1";
  CHECK(Server(foreign, echo).start().error().code == base::ErrorCode::invalid);
  foreign.address = "nonsense";
  CHECK(Server(foreign, echo).start().error().code == base::ErrorCode::invalid);
}

TEST_CASE("server: stop lets a running request end, closes idle ones and frees the port") {
  std::promise<void> entered;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  ServerOptions options = quick_options();
  options.threads = 2;
  auto server = std::make_unique<Server>(options, [&](const Request&) {
    entered.set_value();
    released.wait();
    return make_response(200, "text/plain", "done");
  });
  REQUIRE(server->start().ok());
  const int port = server->port();
  Peer idle(port);
  Peer busy(port);
  busy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  std::thread stopper([&] { server->stop(); });
  CHECK(idle.read_all().empty());
  release.set_value();
  CHECK(busy.read_all().ends_with("\r\nConnection: close\r\n\r\ndone"));
  stopper.join();
  CHECK_FALSE(Peer(port).is_open());
  options.port = port;
  CHECK(Server(options, echo).start().ok());
}

TEST_CASE("server: stop frees the port at once, also when nobody ever came") {
  for (int round = 0; round < 50; ++round) {  // The threads may end before the posted close ran.
    Server stopped(quick_options(), echo);
    REQUIRE(stopped.start().ok());
    stopped.stop();
    ServerOptions options = quick_options();
    options.port = stopped.port();
    Server next(options, echo);
    REQUIRE(next.start().ok());
  }
}

TEST_CASE("websocket: greeting first, equal broadcasts to all, an answer to the asker alone") {
  Server server(quick_options(), echo);
  server.websocket("/ws", {nullptr, [] { return std::string("hello"); },
                           [](std::string_view text) {
                             return text == "ping" ? std::string("pong") : std::string();
                           }});
  REQUIRE(server.start().ok());
  Peer one(server.port());
  Peer two(server.port());
  CHECK(status_line(one.shake_hands("/ws")) == "HTTP/1.1 101 Switching Protocols");
  CHECK(status_line(two.shake_hands("/ws")) == "HTTP/1.1 101 Switching Protocols");
  CHECK(one.hear() == "hello");
  CHECK(two.hear() == "hello");
  CHECK(server.websocket_clients() == 2);
  one.say("ping");
  CHECK(one.hear() == "pong");
  for (int i = 0; i < 100; ++i)
    server.broadcast("event " + std::to_string(i) + std::string(200, '.'));
  for (int i = 0; i < 100; ++i) {
    const std::string expected = "event " + std::to_string(i) + std::string(200, '.');
    CHECK(one.hear() == expected);
    CHECK(two.hear() == expected);
  }
}

TEST_CASE("websocket: a foreign origin and a refused client get 403, a plain GET the handler") {
  Server server(quick_options(), echo);
  server.websocket(
      "/ws", {[](const Request& r) { return r.query_value("key") == "right"; }, nullptr, nullptr});
  REQUIRE(server.start().ok());
  const auto shake = [&](std::string_view path, std::string_view extra) {
    return status_line(Peer(server.port()).shake_hands(path, extra));
  };
  CHECK(shake("/ws?key=right", "") == "HTTP/1.1 101 Switching Protocols");
  CHECK(shake("/ws?key=right", "Origin: http://127.0.0.1\r\n") ==
        "HTTP/1.1 101 Switching Protocols");
  CHECK(shake("/ws?key=right", "Origin: http://evil.example\r\n") == "HTTP/1.1 403 Forbidden");
  CHECK(shake("/ws?key=wrong", "") == "HTTP/1.1 403 Forbidden");
  CHECK(exchange(server.port(), "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .ends_with("GET /ws 127.0.0.1 "));
}

TEST_CASE("websocket: a client that does not read is dropped, the others lose nothing") {
  Server server(quick_options(), echo);
  server.websocket("/ws", {nullptr, [] { return std::string("hello"); }, nullptr});
  REQUIRE(server.start().ok());
  Peer dead(server.port());
  dead.shrink_receive_buffer();
  Peer alive(server.port());
  dead.shake_hands("/ws");
  alive.shake_hands("/ws");
  CHECK(dead.hear() == "hello");
  CHECK(alive.hear() == "hello");
  const std::string large(64 * 1024, 'x');
  int heard = 0;
  for (int i = 0; i < 2000; ++i) {
    server.broadcast(large);
    if (alive.hear().size() == large.size()) ++heard;
    if (server.websocket_clients() == 1) break;
  }
  CHECK(heard > kBacklogMax);
  CHECK(server.websocket_clients() == 1);
  server.broadcast("still here");
  CHECK(alive.hear() == "still here");
}

}  // namespace
}  // namespace http
