// The one HTTP and WebSocket server of the house, in plain words: no library type appears here. Who
// includes this header compiles fast; the library lives in beast_server.cc (target http_adapters).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace http {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;          // Upper case: "GET".
  std::string target;          // As sent: "/a%20b?x=1".
  std::string path;            // The target's path, still percent-encoded: "/a%20b".
  Pairs query;                 // Decoded, in order; a name may repeat.
  Pairs headers;               // In order, names as sent; at most 100.
  std::string body;            // Whole; at most the server's limit.
  std::string remote_address;  // The peer's IP address, without port; never taken from a header.

  // The first header of that name in any case, or empty. The view lives as long as the request.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // The first query value of that name (case counts), or the fallback.
  [[nodiscard]] std::string_view query_value(std::string_view name,
                                             std::string_view fallback = {}) const;
};

inline constexpr int kNoAnswer = 0;

struct Response {
  int status = 200;  // kNoAnswer: the connection is closed instead, for tests of clients.
  Pairs headers;     // Content-Length and Connection are the server's business.
  std::string body;
};

[[nodiscard]] Response make_response(int status, std::string_view content_type, std::string body);
// The standard phrase of a status ("Not Found"), or "Status" for one not listed.
[[nodiscard]] std::string_view status_phrase(int status);

// Called on one of the server's threads; several at once when `threads` > 1. An exception becomes
// a bare 500. Blocking delays the other connections of that thread, so: short or more threads.
using Handler = std::function<Response(const Request&)>;

// Judges a request that announces a body by its header alone (`body` is empty), before any of the
// body is read: an answer refuses it and ends the connection. Called as a handler is; requests
// without a body go to the handler at once. An exception becomes a bare 500.
using Admit = std::function<std::optional<Response>(const Request& head)>;

// Paths whose bodies may be longer than others', and encoded: the handler decodes them.
struct LargeBodies {
  std::function<bool(std::string_view path)> is_for;  // Null: no path. Called on several threads.
  std::size_t limit = 0;                              // Bytes.
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;                        // 0: the system picks a free one.
  std::size_t body_limit = 1U << 20U;  // Bytes; a longer body is answered 413 without being read.
  LargeBodies large_bodies;
  Admit admit;                                        // Null: every body within its limit is read.
  std::chrono::milliseconds header_deadline{10'000};  // From the first byte (or the connect).
  std::chrono::milliseconds body_deadline{30'000};
  std::chrono::milliseconds idle_deadline{75'000};  // Between two requests of one connection.
  int threads = 1;
  int connections_max = 1024;  // More are closed at once.
};

// What one WebSocket path does. Its calls come from the server's threads, several at once.
struct WebSocket {
  // Whether this client may join; false answers 403. A foreign Origin was refused before.
  std::function<bool(const Request&)> accept;
  // The first text a new client gets, before any broadcast; empty for none. What is broadcast while
  // it is made follows it, so a snapshot made here loses nothing.
  std::function<std::string()> greeting;
  // A client said `text` ("ping", say); the answer goes to that client alone; empty for none.
  std::function<std::string(std::string_view text)> on_text;
};

inline constexpr int kHeadersMax = 100;
inline constexpr std::size_t kTextMax = 4096;  // Bytes of one text from a WebSocket client.
inline constexpr int kBacklogMax = 256;        // Unsent texts after which a slow client is dropped.

// An HTTP/1.1 server, one port. Refused without asking the handler: malformed requests (400), more
// than 100 headers or 8 KB of them (431), a body over the limit (413), an encoded body (415), a
// header or body past its deadline (closed). Configured first, then started once, then stopped.
class Server {
 public:
  Server(ServerOptions options, Handler handler);
  ~Server();  // Stops.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(): makes `path` a WebSocket endpoint.
  void websocket(std::string path, WebSocket endpoint);

  // Errors: conflict (the port is taken, by whomever), invalid (no such address), denied (no right
  // to the port), unavailable.
  [[nodiscard]] base::Status start();
  [[nodiscard]] int port() const;  // The bound port; 0 before start().

  // Sends `text` to every WebSocket client. Never waits: a client kBacklogMax texts behind is
  // dropped. Thread-safe.
  void broadcast(std::string text);
  [[nodiscard]] std::size_t websocket_clients() const;

  // Takes no new connection, lets running requests end (3 s at most), closes all. Safe to repeat;
  // never called from a handler.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace http
