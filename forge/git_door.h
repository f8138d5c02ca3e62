// Git over smart HTTP: who may fetch and push, and git's own program behind it.
#pragma once

#include <functional>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "base/result.h"
#include "forge/git/backend.h"
#include "http/http.h"

namespace forge {

class Api;

inline constexpr std::size_t kPushMax = 64U << 20U;  // Bytes of one request.
inline constexpr int kGitCallsMax = 4;               // At the same time.

// Runs what asks the API alone, and makes what it stored durable.
using Gate = std::function<base::Status(const std::function<void()>& work)>;

// Thread-safe; everything it asks the API it asks through the gate.
class GitDoor {
 public:
  // `repository` is "owner/name". The API outlives it.
  GitDoor(Api& api, Gate gate, std::string repository, BackendOptions options);

  [[nodiscard]] static bool owns(std::string_view path);
  // By its header: why a request for git is not to be served; nothing when it is. So nobody's body
  // is read who has not signed in for what it asks.
  [[nodiscard]] std::optional<http::Response> refuse(const http::Request& head);
  // Waits for git: never to be called from within the gate.
  [[nodiscard]] http::Response handle(const http::Request& request);
  void stop() { backend_.stop(); }

 private:
  [[nodiscard]] std::optional<http::Response> find_refusal(const http::Request& head,
                                                           std::string& login);
  [[nodiscard]] http::Response push(const BackendCall& call);
  [[nodiscard]] http::Response run(const BackendCall& call);

  Api& api_;
  const Gate gate_;
  const std::string repository_;
  Backend backend_;
  std::counting_semaphore<kGitCallsMax> slots_{kGitCallsMax};
};

}  // namespace forge
