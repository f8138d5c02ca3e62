// The demo services' own small HTTP: enough to serve and to call one upstream, bounded in time and
// size, over plain sockets. Plain, because the program is linked statically into an empty image and
// must answer 20 ms after its start. Does I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace demo {

struct Request {
  std::string method;                        // "GET"
  std::string path;                          // Without the query: "/quote".
  std::map<std::string, std::string> query;  // Not percent-decoded: our values are numbers.
};

struct Reply {
  int status = 200;
  std::string body;  // JSON.
};

struct Url {
  std::string host;
  std::uint16_t port = 80;
};

// What a call to an upstream gave: a reply, or the reason why there is none.
struct Fetched {
  bool ok = false;
  Reply reply;
  std::string reason;  // "cannot resolve user-service", "did not answer within 2000 ms", ...
};

// "http://host:port" without a path; false when it is anything else.
[[nodiscard]] bool parse_url(std::string_view text, Url& url);

// `text` made safe inside a JSON string.
[[nodiscard]] std::string json_text(std::string_view text);

// One GET, resolving the name anew by /etc/hosts and the first name server of /etc/resolv.conf, so
// that a restarted upstream with another address is found. `limit` bounds all of it together.
[[nodiscard]] Fetched fetch(const Url& url, const std::string& target,
                            std::chrono::milliseconds limit);

// A listening socket on every address, or -1 with errno set.
[[nodiscard]] int listen_on(std::uint16_t port);

// Accepts and serves connections of `listener` on this thread, one request each, for ever. A peer
// that stalls for 2 s is dropped.
void serve(int listener, const std::function<Reply(const Request&)>& answer);

}  // namespace demo
