// Identifiers: ULIDs (26 characters of Crockford base32: 48 bits of UTC milliseconds, 80 random
// bits), sortable by time as text. Source of the format: github.com/ulid/spec.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace base {

// The port for randomness. A seeded implementation makes a run repeatable. Not thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

// Kernel randomness.
class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override;
};

// splitmix64 (Steele, Lea, Flood 2014): for tests and simulation only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

[[nodiscard]] std::string make_ulid(WallTime at, Random& random);
// `bytes` random bytes as lower-case hex; for tokens.
[[nodiscard]] std::string make_token(Random& random, int bytes);

}  // namespace base
