// Faults a test plays on the forge's clients: unknown answers, limits, lists that lag. Never set in
// service. Thread-safe: a test changes it while the forge answers.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/time.h"

namespace forge {

enum class WriteFault {
  refused_502,    // Nothing happens, the answer is 502.
  committed_502,  // It happens, the answer is 502 all the same.
};

class Faults {
 public:
  // The `nth` write from now on (1: the next) meets `fault`.
  void fail_write(int nth, WriteFault fault);
  // The next `writes` writes are answered 403 with Retry-After, as GitHub's secondary limit.
  void limit_writes(int writes, int retry_after_s);
  // Lists and search show what was made this long ago or earlier.
  void set_list_lag(base::Millis lag);

  // Asked by the forge, once per write.
  struct Verdict {
    std::optional<WriteFault> fault;
    int retry_after_s = 0;  // Positive: limited.
  };
  [[nodiscard]] Verdict next_write();
  [[nodiscard]] base::Millis list_lag() const;

 private:
  mutable std::mutex mutex_;
  std::int64_t writes_ = 0;
  std::map<std::int64_t, WriteFault> script_;  // By the write's number.
  int limited_ = 0;
  int retry_after_s_ = 0;
  base::Millis lag_{};
};

}  // namespace forge
