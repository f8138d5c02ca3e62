// Holds the forge's clients to a budget: every call is written down, and each break of a rule is
// kept for the test to fail on. Thread-safe.
// Source of the numbers: RELIABILITY.md T6, about half of what GitHub itself allows.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace forge {

// Of one caller, in every window of that length. 0 switches a rule off.
struct CallBudget {
  int content_per_minute = 40;
  int content_per_hour = 240;
  int points_per_minute = 450;  // A read is 1, a write 5.
  int writes_in_flight = 1;
  base::Duration spacing = std::chrono::seconds(1);  // From one write's arrival to the next one's.
  // Two calls sent exactly `spacing` apart may arrive this much closer.
  base::Duration jitter = std::chrono::milliseconds(20);
  // What was sent before the caller had read that it is to wait cannot be held back any more.
  base::Duration on_the_way = std::chrono::milliseconds(100);
};

enum class CallKind {
  read,
  write,
  content,  // A write that makes an issue, a pull request, a comment or a review.
};
[[nodiscard]] CallKind classify_call(std::string_view method, std::string_view path);

enum class BudgetRule {
  content_per_minute,
  content_per_hour,
  points_per_minute,
  writes_in_flight,
  spacing,
  retry_after,  // A call although the last answer had told the caller to wait.
};
[[nodiscard]] std::string_view to_string(BudgetRule rule);

struct Violation {
  BudgetRule rule = BudgetRule::spacing;
  std::string caller;
  base::WallTime at;
  std::string what;  // "41 within 60 s, allowed are 40"
};

struct WriteReport {
  std::int64_t total = 0;  // Writes of all callers.
  int worst_minute = 0;    // The most writes within any 60 seconds.
  int worst_hour = 0;      // The most within any 3600 seconds.
};

class BudgetChecker {
 public:
  // `clock` outlives it.
  BudgetChecker(const base::Clock& clock, CallBudget budget);

  // A call arrives. Each begin() has its end(), called when the answer is known; `wait` is how long
  // that answer tells the caller to be quiet.
  void begin(const std::string& caller, CallKind kind);
  void end(const std::string& caller, CallKind kind, base::Duration wait);

  [[nodiscard]] std::vector<Violation> violations() const;  // The first 1,000.
  [[nodiscard]] WriteReport report() const;

 private:
  struct Call {
    base::Instant at;
    int weight;
  };
  // The calls of the last `span` and their weight.
  struct Window {
    std::deque<Call> calls;
    int sum = 0;
    int add(base::Instant at, int weight, base::Duration span);  // The sum with this one.
  };
  struct Caller {
    Window minute, hour, points;
    base::Instant last_write{};
    bool has_written = false;
    int in_flight = 0;
    base::Instant told{}, quiet_until{};
  };
  void check_window(const std::string& caller, BudgetRule rule, int sum, int most,
                    std::string_view span);
  void note(const std::string& caller, BudgetRule rule, std::string what);

  const base::Clock& clock_;
  const CallBudget budget_;
  mutable std::mutex mutex_;  // Guards all below.
  std::map<std::string, Caller> callers_;
  std::vector<Violation> violations_;
  Window all_minute_, all_hour_;
  WriteReport report_;
};

}  // namespace forge
