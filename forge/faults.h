// Faults a test plays on the forge's clients: unknown answers, limits, tokens that end, lists that
// lag, webhooks that go astray, people who edit in between. Never set in service. What is random
// comes from seeds. Thread-safe: a test changes it while the forge answers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace forge {

enum class WriteFault {
  refused_502,    // Nothing happens, the answer is 502.
  committed_502,  // It happens, the answer is 502 all the same.
  lost_request,   // Nothing happens, the connection is closed without an answer.
  lost_reply,     // It happens, the connection is closed without an answer.
};

// GitHub's hourly limit, used up: every call is refused until then.
struct PrimaryLimit {
  int status = 403;        // Or 429.
  base::WallTime reset{};  // GitHub tells it in whole seconds.
};

// What becomes of webhooks. Percentages of the deliveries.
struct HookFaults {
  std::uint64_t seed = 0;
  int duplicated = 0;  // Sent `copies` times with the same id.
  int copies = 2;
  int lost = 0;            // Never sent, listed as failed.
  int shuffled_among = 1;  // The next one is any of so many that wait.
};

// What somebody does in the repository, by the API's own paths and with that login's rights.
struct Deed {
  std::string login;
  std::string method;
  std::string path;  // "/repos/o/r/issues/1"
  std::string body;  // JSON or empty.
};

class Faults {
 public:
  // The `nth` write from now on (1: the next) meets `fault`.
  void fail_write(int nth, WriteFault fault);
  // Of all writes from now on, so many percent meet one of the four, each as likely.
  void fail_writes(std::uint64_t seed, int percent);
  // The next `writes` writes are answered 403 with Retry-After, as GitHub's secondary limit;
  // without that header when `retry_after_s` is 0, which GitHub does too.
  void limit_writes(int writes, int retry_after_s);
  // Every call is refused until the limit's reset; /rate_limit is not.
  void exhaust(PrimaryLimit limit);
  // From `at` on the token is not known any more.
  void expire_token(std::string token, base::WallTime at);
  // Lists, or search, show what was made this long ago or earlier.
  void set_list_lag(base::Millis lag);
  void set_search_lag(base::Millis lag);
  // Right after the `nth` write from now on, whatever became of it.
  void do_after_write(int nth, Deed deed);
  void disturb_hooks(HookFaults faults);
  // While held, no webhook is sent; those that wait are sent when it ends.
  void hold_hooks(bool is_held);

  // Asked by the forge, once per write.
  struct Verdict {
    std::optional<WriteFault> fault;
    std::optional<int> retry_after_s;  // Limited; 0: without a hint how long.
    std::vector<Deed> deeds;
  };
  [[nodiscard]] Verdict next_write();
  [[nodiscard]] base::Millis list_lag() const;
  [[nodiscard]] base::Millis search_lag() const;
  [[nodiscard]] std::optional<PrimaryLimit> limit_at(base::WallTime now) const;
  [[nodiscard]] bool is_expired(std::string_view token, base::WallTime now) const;
  // Asked by whoever sends webhooks.
  [[nodiscard]] bool holds_hooks() const;
  [[nodiscard]] int pick_hook(int waiting);     // Which of so many that wait, from 0.
  [[nodiscard]] int next_hook_copies();         // 0: lost.
  void on_release(std::function<void()> wake);  // Called when a hold ends; null: nobody.

 private:
  mutable std::mutex mutex_;  // Guards all below.
  std::int64_t writes_ = 0;
  std::map<std::int64_t, WriteFault> script_;  // By the write's number.
  std::multimap<std::int64_t, Deed> deeds_;    // The same.
  std::mt19937_64 write_dice_;
  int failing_percent_ = 0;
  int limited_ = 0;
  int retry_after_s_ = 0;
  std::optional<PrimaryLimit> primary_;
  std::map<std::string, base::WallTime, std::less<>> expiries_;  // By token.
  base::Millis list_lag_{};
  base::Millis search_lag_{};
  HookFaults hooks_;
  std::mt19937_64 hook_dice_;
  bool is_held_ = false;
  std::function<void()> wake_;
};

}  // namespace forge
