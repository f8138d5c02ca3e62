// Asks a policy server over HTTP.
#pragma once

#include <memory>
#include <string>

#include "engine/http_client.h"
#include "policy/opa.h"

namespace fixer {

inline constexpr base::Duration kOpinionWithin = std::chrono::seconds(1);

// Thread-safe.
class OpaServer {
 public:
  // "http://host:port/v1/data/…", as the configuration has checked it.
  explicit OpaServer(const std::string& url);

  // Blocks for kOpinionWithin at most. No answer in time, none that can be read, or any error
  // denies, and the reason says which.
  [[nodiscard]] policy::Opinion ask(const policy::Question& question);

 private:
  std::string url_, target_;
  std::unique_ptr<engine::HttpClient> client_;
};

}  // namespace fixer
