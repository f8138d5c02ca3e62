#include "policy/flap.h"

#include <algorithm>

namespace policy {
namespace {

constexpr std::int64_t kSlotsMost = 4096;  // So far back the state is followed.

std::int64_t slot_of(base::WallTime time, base::Millis slot) {
  const auto ms = base::to_ms(time), length = slot.count();
  return ms >= 0 ? ms / length : (ms - length + 1) / length;
}

}  // namespace

double weighted_change(const std::vector<bool>& results) {
  double sum = 0;
  const double pairs = static_cast<double>(results.size()) - 1;
  for (std::size_t i = 1; i < results.size(); ++i) {
    if (results[i] != results[i - 1])
      sum += 0.75 + 0.5 * (static_cast<double>(i) - 1) / (pairs - 1);
  }
  return sum * 100 / pairs;
}

Flap flap_of(const std::vector<RedSpan>& spans, const config::Limits& limits, base::WallTime now) {
  if (spans.empty()) return {};
  const auto slot = std::max(
      base::Millis(1), std::chrono::duration_cast<base::Millis>(limits.flap_window) / kFlapResults);
  const auto last = slot_of(now, slot);
  auto first = last;
  for (const auto& span : spans) first = std::min(first, slot_of(span.from, slot));
  first = std::max(first, last - kSlotsMost);
  std::vector<bool> results(static_cast<std::size_t>(kFlapResults + last - first), false);
  for (const auto& span : spans) {
    const auto begin = std::max(slot_of(span.from, slot), first);
    const auto end = std::min(span.to ? slot_of(*span.to, slot) : last, last);
    for (auto at = begin; at <= end; ++at)
      results[static_cast<std::size_t>(kFlapResults - 1 + at - first)] = true;
  }
  // weighted_change() of each window in turn: of the changes in it only their number and the sum of
  // their places is needed.
  Flap flap;
  constexpr std::int64_t kPairs = kFlapResults - 1;
  std::int64_t changes = 0, places = 0;
  const auto changed = [&](std::int64_t pair) {
    return results[static_cast<std::size_t>(pair)] != results[static_cast<std::size_t>(pair + 1)];
  };
  for (std::int64_t pair = 0; pair + 1 < static_cast<std::int64_t>(results.size()); ++pair) {
    if (changed(pair)) ++changes, places += pair;
    const auto left = pair - kPairs;
    if (left >= 0 && changed(left)) --changes, places -= left;
    const auto sum = 0.75 * static_cast<double>(changes) +
                     0.5 / (kPairs - 1) * static_cast<double>(places - changes * (left + 1));
    const double percent = sum * 100 / kPairs;
    if (percent > limits.flap_start_percent) flap.flapping = true;
    if (percent < limits.flap_end_percent) flap.flapping = false;
    flap.percent = static_cast<int>(percent + 1e-9);
  }
  return flap;
}

}  // namespace policy
