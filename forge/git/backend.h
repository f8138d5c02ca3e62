// git's own `git http-backend`, one child process for each request, with a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "base/result.h"
#include "http/http.h"

namespace forge {

struct BackendOptions {
  std::string folder;  // The bare repository.
  std::chrono::milliseconds patience{60'000};
  std::size_t reply_max = 256U << 20U;  // Bytes.
};

struct BackendCall {
  const http::Request& request;
  std::string path;   // "/info/refs", "/git-upload-pack" or "/git-receive-pack".
  std::string login;  // Who has signed in.
  // Settings for this call alone, "receive.denyNonFastForwards" to "true".
  std::map<std::string, std::string> settings;
};

// Thread-safe.
class Backend {
 public:
  explicit Backend(BackendOptions options);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // Waits for the child; no child outlives the call. Errors: unavailable (it cannot be started, or
  // stop() was called), timeout, unknown (what it said is no answer; it may have moved refs).
  [[nodiscard]] base::Result<http::Response> serve(const BackendCall& call) const;
  void stop();  // Ends the running calls; later ones fail at once.

 private:
  const BackendOptions options_;
  int stop_fd_;  // An eventfd, readable once stopped.
};

}  // namespace forge
