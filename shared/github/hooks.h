// Webhooks that never arrived: which they are, and asking for them again. Source:
// docs.github.com, "Automatically redelivering failed deliveries".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "github/github.h"

namespace github {

struct RestOptions;

// One attempt to deliver.
struct HookDelivery {
  std::int64_t id = 0;
  std::string guid;  // Of the delivery; the same in all its attempts.
  base::WallTime delivered_at;
  int status_code = 0;  // 0: nobody answered.
  std::string event;
};

// The attempts to be made again, oldest first: of events of issues, never answered 2xx, the latest
// attempt more than a minute and less than 3 days old (GitHub keeps them no longer), at most four
// attempts in all, ten at a time. Pure.
[[nodiscard]] std::vector<std::int64_t> missed(const std::vector<HookDelivery>& deliveries,
                                               base::WallTime now);

// The port. Errors as Github's.
class Hooks {
 public:
  virtual ~Hooks() = default;
  // Newest first, back to `since`, 300 at most.
  virtual Result<std::vector<HookDelivery>> list_deliveries(base::WallTime since) = 0;
  virtual Status redeliver(std::int64_t id) = 0;
};

// The webhook `hook` of the repository; 0: the app's own. Not thread-safe. Errors: as
// make_rest_github().
[[nodiscard]] base::Result<std::unique_ptr<Hooks>> make_rest_hooks(const RestOptions& options,
                                                                   std::int64_t hook,
                                                                   const base::Clock& clock);

}  // namespace github
