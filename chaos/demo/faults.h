// The faults a demo service can be asked to suffer, and their end. They are real: memory is touched
// until the kernel kills the process at its limit, a core really burns.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace demo {

// The resident memory of this process in whole MiB, from /proc/self/statm.
[[nodiscard]] long resident_mb();

// Thread-safe.
class Faults {
 public:
  using Clock = std::chrono::steady_clock;

  // Keeps `megabytes` MiB more, each page written to. Returns the MiB kept so far.
  std::size_t grow(std::size_t megabytes);
  // Burns one core for `time` from now; a second call replaces the first.
  void burn(std::chrono::seconds time);
  // For `time` from now, delay() answers `delay` instead of nothing.
  void slow_down(std::chrono::milliseconds delay, std::chrono::seconds time);
  [[nodiscard]] std::chrono::milliseconds delay();
  // Ends everything: memory is given back to the kernel, the core is free, answers are quick.
  void reset();

 private:
  std::mutex mutex_;  // Guards: all below.
  std::vector<std::vector<char>> cache_;
  std::chrono::milliseconds delay_{0};
  Clock::time_point slow_until_{};
  std::jthread burner_;
};

}  // namespace demo
