// Virtual time: what is to happen, in order. One thread; nothing here ever waits. What is due at
// the same moment happens in the order in which it was scheduled, so that a run repeats exactly.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/time.h"

namespace simulation {

class Timeline final : public base::Clock {
 public:
  [[nodiscard]] base::Now now() const override {
    return {base::wall_from_ms(kBegin + base::to_ms(now_)), now_};
  }
  void after(base::Duration delay, std::function<void()> call) {
    queue_.emplace(std::pair(now_ + delay, next_++), std::move(call));
  }
  [[nodiscard]] std::optional<base::Instant> next() const {
    if (queue_.empty()) return std::nullopt;
    return queue_.begin()->first.first;
  }
  // Time never goes back.
  void move_to(base::Instant at) {
    if (at > now_) now_ = at;
  }
  void run_first() {
    auto first = queue_.extract(queue_.begin());
    move_to(first.key().first);
    first.mapped()();
  }

 private:
  static constexpr std::int64_t kBegin = 1'795'000'000'000;
  base::Instant now_ = base::instant_from_ms(1'000'000);
  std::uint64_t next_ = 0;
  std::map<std::pair<base::Instant, std::uint64_t>, std::function<void()>> queue_;
};

}  // namespace simulation
