// HTTP/1.1 to a server on this host: over a unix socket or plain TCP. Used by engine::DockerEngine
// and by the warden's client. Hides the library (cpp-httplib) and its traps: every wait ends,
// answers are bounded, calls of several threads run side by side. Ignores SIGPIPE for the process.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace engine {

struct HttpCall {
  std::string method = "GET";
  std::string target = {};                            // Already percent-encoded.
  std::string body = {};                              // JSON; may be empty.
  base::Duration deadline = std::chrono::seconds(5);  // For the whole call.
  std::size_t answer_limit = 8U << 20U;               // Bytes of body.
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpStream {
  std::string target = {};
  base::Duration answer_within = std::chrono::seconds(5);  // For the status line.
  base::Duration quiet_max = std::chrono::hours(24);       // Silence after that breaks the stream.
  std::size_t line_limit = 1U << 20U;
  // Called once with the status; an error ends the stream and is returned.
  std::function<base::Status(int status)> accept;
  // Called for each line, without its end; false ends the stream, which then is a success.
  std::function<bool(std::string_view line)> receive;
};

// Thread-safe.
class HttpClient {
 public:
  // "unix:///path" or "tcp://host:port"; with anything else every call answers `invalid`.
  explicit HttpClient(const std::string& host);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // For reads, over a kept connection when one is idle. Errors: unavailable (not connected, nothing
  // sent; or the connection broke), timeout (no whole answer in time), invalid (answer too large).
  [[nodiscard]] base::Result<HttpAnswer> read(const HttpCall& call);
  // For effects, always over a connection of its own, so that "not connected" is certain. Errors:
  // unavailable (not connected: nothing was sent); unknown (anything else: it may happen yet).
  [[nodiscard]] base::Result<HttpAnswer> effect(const HttpCall& call);
  // GET whose answer is lines without end. Returns when `receive` answers false or `stop` is
  // requested (success), or when the stream ends or breaks (unavailable; timeout: no status line).
  [[nodiscard]] base::Status stream(const HttpStream& wanted, std::stop_token stop);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace engine
