#include "base/time.h"

#include <time.h>

#include <array>
#include <charconv>
#include <cstdio>

namespace base {
namespace {

Duration read_clock(clockid_t which) {
  timespec ts{};
  clock_gettime(which, &ts);
  return std::chrono::seconds(ts.tv_sec) + Duration(ts.tv_nsec);
}

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  if (from + count > text.size()) return std::nullopt;
  int value = 0;
  for (char c : text.substr(from, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Minutes east of UTC of "Z" or "±hh:mm".
std::optional<int> zone_minutes(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

Now SystemClock::now() const {
  return {std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()),
          Instant(read_clock(CLOCK_BOOTTIME))};
}

std::string format_utc(WallTime time, bool with_ms) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char out[40];
  const int length = std::snprintf(
      out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string text(out, static_cast<std::size_t>(length));
  if (with_ms) {
    std::snprintf(out, sizeof out, ".%03d", static_cast<int>(clock.subseconds().count()));
    text += out;
  }
  return text + "Z";
}

std::optional<WallTime> parse_utc(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::size_t at = 19;
  int ms = 0;
  if (at < text.size() && text[at] == '.') {
    int scale = 100;
    if (!digits(text, at + 1, 1)) return std::nullopt;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      ms += (text[at] - '0') * scale;
      scale /= 10;
    }
  }
  const auto zone = zone_minutes(text.substr(at));
  if (!zone) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute - *zone) + std::chrono::seconds(*second) + Millis(ms);
}

std::string format_duration(Duration duration) {
  const auto ms = to_ms(duration);
  char out[32];
  if (ms < 1000) {
    std::snprintf(out, sizeof out, "%lldms", static_cast<long long>(ms));
  } else if (ms < 120'000) {
    std::snprintf(out, sizeof out, ms % 1000 == 0 ? "%.0fs" : "%.2fs",
                  static_cast<double>(ms) / 1000);
  } else if (ms < 7'200'000) {
    std::snprintf(out, sizeof out, "%.0fmin", static_cast<double>(ms) / 60'000);
  } else {
    std::snprintf(out, sizeof out, "%.0fh", static_cast<double>(ms) / 3'600'000);
  }
  return out;
}

std::optional<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number > 0) || number > 1e9) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  double ms = 0;
  if (unit == "ms")
    ms = number;
  else if (unit == "s")
    ms = number * 1000;
  else if (unit == "m" || unit == "min")
    ms = number * 60'000;
  else if (unit == "h")
    ms = number * 3'600'000;
  else
    return std::nullopt;
  if (ms * 1e6 < 1 || ms * 1e6 > 9e18)
    return std::nullopt;  // Under 1 ns, or over what nanoseconds hold.
  return Duration(static_cast<std::int64_t>(ms * 1e6));
}

}  // namespace base
