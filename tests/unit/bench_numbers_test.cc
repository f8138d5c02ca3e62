#include <doctest/doctest.h>

#include "bench/numbers.h"

TEST_CASE(
    "percentiles are by nearest rank, the median of an even count is the mean of the middle") {
  struct Row {
    std::vector<double> values;
    double p50, p90, p99, max;
  };
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  for (const auto& row : {Row{{}, 0, 0, 0, 0}, Row{{7}, 7, 7, 7, 7}, Row{{4, 1}, 2.5, 4, 4, 4},
                          Row{{3, 1, 2}, 2, 3, 3, 3}, Row{hundred, 50.5, 90, 99, 100}}) {
    CAPTURE(row.values.size());
    const auto spread = bench::spread_of(row.values);
    CHECK(spread.n == row.values.size());
    CHECK(spread.p50 == row.p50);
    CHECK(spread.p90 == row.p90);
    CHECK(spread.p99 == row.p99);
    CHECK(spread.max == row.max);
    CHECK(bench::median_of(row.values) == row.p50);
  }
}
