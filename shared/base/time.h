// Time in two kinds that never mix: UTC for records, the boot clock for durations and deadlines.
// The types are pure; only SystemClock reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using Duration = std::chrono::nanoseconds;
using Millis = std::chrono::milliseconds;

// UTC, millisecond resolution. For records and for people only; it may jump.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Millis>;

// CLOCK_BOOTTIME: monotonic, counts while suspended, equal in all processes of one boot.
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock, duration>;
  static constexpr bool is_steady = true;
};
using Instant = BootClock::time_point;

// Both clocks, read together.
struct Now {
  WallTime wall;
  Instant boot;
};

// The port. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Now now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override;
};

[[nodiscard]] constexpr std::int64_t to_ms(WallTime time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] constexpr std::int64_t to_ms(Instant time) {
  return std::chrono::duration_cast<Millis>(time.time_since_epoch()).count();
}
[[nodiscard]] constexpr std::int64_t to_ms(Duration time) {
  return std::chrono::duration_cast<Millis>(time).count();
}
[[nodiscard]] constexpr WallTime wall_from_ms(std::int64_t ms) { return WallTime{Millis{ms}}; }
[[nodiscard]] constexpr Instant instant_from_ms(std::int64_t ms) { return Instant{Millis{ms}}; }

// "2026-11-20T13:52:36.123Z"; `with_ms` false leaves the fraction out, as GitHub does.
[[nodiscard]] std::string format_utc(WallTime time, bool with_ms = true);
// Reads RFC 3339 with an optional fraction of up to nanoseconds (cut to ms) and Z or ±hh:mm.
[[nodiscard]] std::optional<WallTime> parse_utc(std::string_view text);
// "250ms", "1.5s", "5min", "2h": the shortest exact-enough form for people.
[[nodiscard]] std::string format_duration(Duration duration);
// Reads a positive number with unit ms, s, m, min or h.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace base
