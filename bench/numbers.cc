#include "bench/numbers.h"

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

double rank(const std::vector<double>& sorted, double share) {
  const auto place =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(place, 1, sorted.size()) - 1];
}

}  // namespace

double median_of(std::vector<double> values) { return spread_of(std::move(values)).p50; }

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double middle =
      values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {values.size(),      middle,       rank(values, 0.90), rank(values, 0.95),
          rank(values, 0.99), values.back()};
}

}  // namespace bench
