// A recorder between the warden and the engine: a unix socket that passes on every byte and notes
// when each request went through and when its answer did. So the time at which the engine was asked
// is measured from outside, without a word from the one that asks. Costs one hop (about 0.1 ms).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bench {

struct Call {
  std::string request;  // "POST /v1.41/containers/…/restart?t=0", without the version of HTTP.
  base::Instant sent{};
  std::optional<base::Instant> answered;  // The last piece of the answer so far.
};

// Runs its own thread from construction to destruction.
class Tap {
 public:
  // Listens at `path` and forwards to the socket `engine_path`. Errors: unavailable.
  [[nodiscard]] static base::Result<std::unique_ptr<Tap>> open(const std::string& path,
                                                               const std::string& engine_path);
  virtual ~Tap() = default;
  // The calls since the last take(), oldest first. Those without an answer yet are kept back too.
  [[nodiscard]] virtual std::vector<Call> take() = 0;
};

}  // namespace bench
