#include "chaos/demo/faults.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace demo {
namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;

// Work the compiler cannot leave out, looking at the clock rarely enough not to live in it.
void burn_until(const std::stop_token& stop, Faults::Clock::time_point end) {
  volatile std::uint64_t sink = 1;
  while (!stop.stop_requested() && Faults::Clock::now() < end) {
    for (int i = 0; i < 100000; ++i) sink = sink * 6364136223846793005U + 1442695040888963407U;
  }
}

}  // namespace

long resident_mb() {
  std::ifstream statm("/proc/self/statm");
  long total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * ::sysconf(_SC_PAGESIZE) / static_cast<long>(kMegabyte);
}

std::size_t Faults::grow(std::size_t megabytes) {
  const std::lock_guard lock(mutex_);
  cache_.emplace_back(megabytes * kMegabyte, 'x');
  std::size_t kept = 0;
  for (const auto& block : cache_) kept += block.size();
  return kept / kMegabyte;
}

void Faults::burn(std::chrono::seconds time) {
  const std::lock_guard lock(mutex_);
  burner_ = std::jthread(burn_until, Clock::now() + time);
}

void Faults::slow_down(std::chrono::milliseconds delay, std::chrono::seconds time) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
  slow_until_ = Clock::now() + time;
}

std::chrono::milliseconds Faults::delay() {
  const std::lock_guard lock(mutex_);
  return Clock::now() < slow_until_ ? delay_ : std::chrono::milliseconds(0);
}

void Faults::reset() {
  const std::lock_guard lock(mutex_);
  burner_ = std::jthread();
  slow_until_ = {};
  cache_.clear();
  cache_.shrink_to_fit();
  ::malloc_trim(0);
}

}  // namespace demo
