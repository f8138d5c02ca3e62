// Percentiles of measured numbers. Pure.
#pragma once

#include <cstddef>
#include <vector>

namespace bench {

// In the unit of what was measured. All 0 when nothing was.
struct Spread {
  std::size_t n = 0;
  double p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0;
};

// The median is the mean of the middle two of an even count; the others are the smallest value that
// so many per cent do not exceed (nearest rank).
[[nodiscard]] Spread spread_of(std::vector<double> values);
[[nodiscard]] double median_of(std::vector<double> values);

}  // namespace bench
